import SnapshotModel
import Testing

@Suite("The histogram of remaining lives")
struct LifetimeHistogramTests {
    @Test(
        "puts a remaining life into the class whose bound it does not exceed",
        arguments: [
            (Int64.min, "expired"), (0, "expired"), (1, "1s"), (1000, "1s"), (1001, "1min"), (3_600_000, "1h"),
            (31_536_000_001, "longer"), (Int64.max, "longer"),
        ]
    )
    func classes(_ remaining: Int64, _ name: String) throws {
        let index = try #require(LifetimeHistogram.buckets.firstIndex { $0.name == name })
        var histogram = LifetimeHistogram()
        histogram.add(.at(UnixMilliseconds(remaining)), at: UnixMilliseconds(0))
        #expect(histogram.counts[index] == 1)
        #expect(histogram.counts.reduce(0, +) == 1)
        #expect(histogram.neverCount == 0)
    }

    @Test("adds up over parts")
    func sums() {
        var first = LifetimeHistogram()
        first.add(.never, at: UnixMilliseconds(0), count: 3)
        var second = LifetimeHistogram()
        second.add(.never, at: UnixMilliseconds(0))
        second.add(.at(UnixMilliseconds(5)), at: UnixMilliseconds(0), count: 2)
        first.add(second)
        #expect(first.neverCount == 4)
        #expect(first.counts.reduce(0, +) == 2)
    }
}
