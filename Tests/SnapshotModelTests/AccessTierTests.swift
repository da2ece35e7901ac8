import SnapshotModel
import Testing

/// Which tier a key belongs to, and what share of the accesses it stands for.
@Suite struct AccessTierTests {
    private static let weight = AccessWeight()

    @Test func `a counter stands for the accesses that it takes on average to get there`() {
        // Fifths of accesses: 5 is a new key; 6 takes one access, 7 eleven more with a factor of 10.
        let expected: [(UInt8, UInt32)] = [(0, 0), (1, 1), (5, 5), (6, 10), (7, 65), (8, 170)]
        for (counter, fifths) in expected {
            #expect(Self.weight.weight(of: .frequency(counter)) == fifths, "counter \(counter)")
        }
        let weights = (0...UInt8.max).map { Self.weight.weight(of: .frequency($0)) }
        #expect(weights == weights.sorted() && Set(weights).count == weights.count, "higher counters weigh more")
        // redis.conf: with the standard factor a million accesses saturate the counter.
        #expect((1_000_000...2_000_000).contains(weights[255]))
        #expect(AccessWeight(logFactor: 0).weight(of: .frequency(15)) == 5 * 11)
        #expect(AccessWeight(logFactor: .max).weight(of: .frequency(255)) > weights[255], "no overflow")
        #expect(AccessWeight(logFactor: -1).weight(of: .frequency(15)) == 5 * 11)
    }

    @Test func `the shorter the idle time the more a key weighs`() {
        let seconds: [UInt64] = [0, 1, 60, 3600, 86_400, 31_536_000, .max]
        let weights = seconds.map { Self.weight.weight(of: .idle(seconds: $0)) }
        #expect(weights == weights.sorted(by: >))
        #expect(weights[0] == 2 * weights[2], "a minute ago counts half of now")
        #expect(weights[5] > 0 && weights[6] == 0)
        #expect(Self.weight.weight(of: .none) == 0)
    }

    @Test func `bounds are where the hottest keys make up half, four fifths and nearly all of the weight`() {
        // One key of weight 8 * 65, eight of 65, and new ones.
        var sample: [UInt64] = Array(repeating: 5, count: 100)
        sample += Array(repeating: 7, count: 8)
        sample.append(16)
        let bounds = AccessTierBounds(basis: .frequency, weight: Self.weight, sample: sample)
        #expect(bounds.bounds == [16, 7])
        #expect(bounds.tierCount == 3 && bounds.sampledKeyCount == 109)
        #expect([255, 16, 15, 7, 6, 0].map { bounds.tier(of: .frequency($0)) } == [0, 0, 1, 1, 2, 2])
        #expect(bounds.tier(of: .none) == 2 && bounds.tier(of: .idle(seconds: 0)) == 2, "nothing is known: cold")
    }

    @Test func `idle times are bounded from above`() {
        let sample = (0..<1000).map { UInt64($0 * $0) }
        let bounds = AccessTierBounds(basis: .idle, weight: Self.weight, sample: sample)
        #expect(bounds.tierCount == AccessTierBounds.tierLimit)
        #expect(bounds.bounds == bounds.bounds.sorted() && Set(bounds.bounds).count == 3)
        let tiers = sample.map { bounds.tier(of: .idle(seconds: $0)) }
        #expect(tiers == tiers.sorted() && Set(tiers) == [0, 1, 2, 3])
        // What the tiers are for: the first holds half of the weight in few keys.
        let total = sample.reduce(0) { $0 + UInt64(Self.weight.weight(of: .idle(seconds: $1))) }
        let hot = sample.filter { bounds.tier(of: .idle(seconds: $0)) == 0 }
        let hotWeight = hot.reduce(0) { $0 + UInt64(Self.weight.weight(of: .idle(seconds: $1))) }
        #expect(hotWeight * 2 >= total && hot.count < 30, "\(hot.count) keys")
    }

    @Test(arguments: [[], [5], Array(repeating: 5, count: 2000), [0, 0, 0]] as [[UInt64]])
    func `keys that do not differ are one tier`(sample: [UInt64]) {
        let bounds = AccessTierBounds(basis: .frequency, weight: Self.weight, sample: sample)
        #expect(bounds.tierCount == 1 && bounds.tier(of: .frequency(5)) == 0)
    }

    @Test(
        arguments: [
            ("allkeys-lfu", .frequency), ("volatile-lfu", .frequency), ("allkeys-lru", .idle), ("volatile-lru", .idle),
            ("noeviction", nil), ("allkeys-random", nil), ("volatile-ttl", nil), (nil, nil),
        ] as [(String?, AccessTierBounds.Basis?)]
    )
    func `only LRU and LFU policies keep access data`(policy: String?, basis: AccessTierBounds.Basis?) {
        #expect(AccessTierBounds.Basis(policy: policy) == basis)
    }

    @Test func `the tiers of parts add up by their numbers`() {
        var first = AccessTiers(bounds: AccessTierBounds(basis: .idle, weight: Self.weight, sample: [1, 1, 900]))
        #expect(first.tiers.count == 2)
        var second = AccessTiers(bounds: AccessTierBounds(basis: .idle, weight: Self.weight, sample: [4]))
        (first.tiers[0].keyCount, second.tiers[0].keyCount, second.tiers[0].weight) = (3, 4, 9)
        var statistics = SnapshotStatistics()
        var other = SnapshotStatistics()
        (statistics.accessTiers, other.accessTiers) = (first, second)
        statistics.add(other)
        #expect(statistics.accessTiers?.tiers.map(\.keyCount) == [7, 0])
        #expect(statistics.accessTiers?.weight == 9)
        var empty = SnapshotStatistics()
        empty.add(other)
        #expect(empty.accessTiers == second)
    }
}
