import SnapshotModel
import TestSupport
import Testing

@testable import Reporting

/// Places on axes: round, and as many as there is room for.
struct TickTests {
    @Test func `steps are 1, 2 or 5 of a power of ten, and reach the largest value`() {
        var generator = SeededGenerator.fromEnvironment("ticks", fallback: 3)
        for _ in 0..<2000 {
            let largest =
                Double.random(in: 1...10, using: &generator) * Double(1 << Int.random(in: 0...40, using: &generator))
            let ticks = Ticks.bytes(upTo: largest, count: 5)
            #expect(ticks.count >= 2 && ticks.count <= 7, "\(largest)")
            #expect(ticks[0].value == 0 && (ticks.last?.value ?? 0) >= largest * 0.999_999, "\(largest)")
            var step = ticks[1].value
            while step >= 10 { step /= 10 }
            #expect([1, 2, 5].contains { abs($0 - step) < 1e-6 }, "\(largest): \(ticks)")
        }
    }

    @Test func `durations have round steps of their unit`() {
        func texts(_ milliseconds: Double) -> [String] {
            Ticks.durations(upTo: milliseconds, count: 5).map(\.text)
        }
        #expect(texts(41_000) == ["0", "10 s", "20 s", "30 s", "40 s", "50 s"])
        #expect(texts(240_000) == ["0", "1 min", "2 min", "3 min", "4 min"])
        #expect(texts(0.3) == ["0", "1 ms"])
        #expect(texts(26 * 3_600_000) == ["0", "6 h", "12 h", "18 h", "24 h", "30 h"])
        #expect(texts(9 * 86_400_000) == ["0", "2 d", "4 d", "6 d", "8 d", "10 d"])
    }

    @Test func `dates begin with days and months of the wall clock, through a change of clocks, too`() throws {
        let change = UnixMilliseconds(1_761_440_400_000)
        let rome = ReportZone(
            name: "Europe/Rome",
            changes: [.init(from: UnixMilliseconds(0), offsetSeconds: 7200), .init(from: change, offsetSeconds: 3600)]
        )
        let first = try #require(UnixMilliseconds(rfc3339: "2025-10-24T05:00:00Z"))
        let span = first...first.advanced(byMilliseconds: 4 * 86_400_000)
        let days = Ticks.dates(span, zone: rome, count: 8)
        #expect(days.map(\.text).contains("26 Oct"))
        #expect(days.allSatisfy { rome.civil(UnixMilliseconds(Int64($0.value)))?.minute == 0 })
        #expect(rome.text(change) == "26 Oct 2025, 02:00")
        #expect(rome.text(change.advanced(byMilliseconds: -1)) == "26 Oct 2025, 02:59")
        let year = first...first.advanced(byMilliseconds: 365 * 86_400_000)
        let months = Ticks.dates(year, zone: rome, count: 5)
        #expect(months.map(\.text) == ["Jan 2026", "Apr 2026", "Jul 2026", "Oct 2026"])
        #expect(months.allSatisfy { rome.civil(UnixMilliseconds(Int64($0.value)))?.day == 1 })
    }

    @Test func `there is never more than there is room for`() {
        var generator = SeededGenerator.fromEnvironment("dates", fallback: 4)
        for _ in 0..<500 {
            let length = Int64.random(in: 1...(1 << Int64.random(in: 5...40, using: &generator)), using: &generator)
            let first = UnixMilliseconds(Int64.random(in: 0...4_000_000_000_000, using: &generator))
            let ticks = Ticks.dates(first...first.advanced(byMilliseconds: length), zone: .utc, count: 6)
            #expect(ticks.count <= 6, "\(first) \(length)")
            #expect(ticks.map(\.value) == ticks.map(\.value).sorted())
        }
    }

    @Test func `a number of a drawing is short`() {
        #expect([0, 1, -0.04, 12.34, -7.96].map { Shape.number($0) } == ["0", "1", "0", "12.3", "-8"])
    }
}
