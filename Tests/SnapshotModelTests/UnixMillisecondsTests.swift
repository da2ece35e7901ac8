import Foundation
import SnapshotModel
import Testing

@Suite("Instants")
struct UnixMillisecondsTests {
    @Test("agree with Foundation's calendar over a seeded sweep of the years 1 to 9999")
    func agreesWithFoundation() throws {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        let seed: UInt64 = 20_261_121
        var state = seed
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // Foundation's ISO calendar is proleptic Gregorian from 1582 on in every version; stay where both agree.
            let milliseconds = Int64(state >> 16) % 265_000_000_000_000 - 12_000_000_000_000
            let instant = UnixMilliseconds(milliseconds)
            let civil = try #require(instant.civilTime, "seed \(seed), instant \(milliseconds)")
            let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            let fields = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: date)
            #expect(civil.year == fields.year, "seed \(seed), instant \(milliseconds)")
            #expect(civil.month == fields.month && civil.day == fields.day, "seed \(seed), instant \(milliseconds)")
            #expect(civil.hour == fields.hour && civil.minute == fields.minute, "seed \(seed)")
            #expect(UnixMilliseconds(civilTime: civil) == instant, "seed \(seed), instant \(milliseconds)")
            #expect(UnixMilliseconds(rfc3339: instant.description) == instant, "seed \(seed)")
        }
    }

    @Test(
        "parse RFC 3339 with fraction, offset, or a date alone",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01", 0),
            ("1970-01-01T00:00:00.5Z", 500),
            ("1970-01-01T00:00:00.123456Z", 123),
            ("1970-01-01T02:00:00+02:00", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2024-02-29T12:00:00Z", 1_709_208_000_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)]
    )
    func parses(_ text: String, _ milliseconds: Int64) {
        #expect(UnixMilliseconds(rfc3339: text)?.rawValue == milliseconds)
    }

    @Test(
        "refuse what is not a date",
        arguments: [
            "", "2026", "2026-13-01", "2026-02-29", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "now",
            "2026-01-01T00:00:00+2:00", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.Z", "２０２６-01-01",
        ]
    )
    func refuses(_ text: String) {
        #expect(UnixMilliseconds(rfc3339: text) == nil)
    }

    @Test("saturate instead of overflowing")
    func saturates() {
        #expect(UnixMilliseconds(.max).advanced(byMilliseconds: 1) == UnixMilliseconds(.max))
        #expect(UnixMilliseconds(.min).milliseconds(since: UnixMilliseconds(.max)) == .min)
        #expect(UnixMilliseconds(.max).description == "9223372036854775807")
    }
}
