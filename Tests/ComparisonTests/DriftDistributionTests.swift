import Comparison
import TestSupport
import Testing

/// The distribution of drifts against sorting all of them.
struct DriftDistributionTests {
    @Test func `percentiles are exact below 64 ms and a thirty-second too large at most above`() {
        var generator = SeededGenerator.fromEnvironment("DriftDistributionTests", fallback: 0xD41F7)
        for _ in 0..<200 {
            var distribution = DriftDistribution()
            let count = Int.random(in: 1...300, using: &generator)
            let width = UInt64.random(in: 0...62, using: &generator)
            let drifts = (0..<count).map { _ in Int64.random(in: -1 << width...1 << width, using: &generator) }
            for drift in drifts { distribution.add(drift) }
            let sorted = drifts.map(\.magnitude).sorted()
            #expect(distribution.count == UInt64(count))
            #expect(distribution.largest.magnitude == sorted.last)
            for percent in [1.0, 50, 90, 99, 100] {
                let rank = max(1, Int((Double(count) * percent / 100).rounded(.up)))
                let exact = sorted[rank - 1]
                let found = distribution.percentile(percent)
                #expect(found >= exact && found <= exact + exact / 32, "p\(percent) of \(drifts)")
                if exact < 64 { #expect(found == exact) }
            }
        }
    }

    @Test func `the largest keeps its sign and nothing at all drifts by 0`() {
        var distribution = DriftDistribution()
        #expect(distribution.percentile(99) == 0 && distribution.largest == 0)
        for drift in [5, -70, 69] as [Int64] { distribution.add(drift) }
        #expect(distribution.largest == -70)
        distribution.add(.min)
        #expect(distribution.percentile(100) == Int64.min.magnitude)
    }
}
