/// How much life keys had left at the snapshot's instant (the "TTL histogram" of `show`).
package struct LifetimeHistogram: Codable, Hashable, Sendable {
    /// A class of remaining lives: up to and including this many milliseconds, and more than the class before.
    package struct Bucket: Sendable {
        package let name: String
        package let upToMilliseconds: Int64
    }

    /// In ascending order; `expired` holds deadlines at or before the instant.
    package static let buckets: [Bucket] = [
        Bucket(name: "expired", upToMilliseconds: 0),
        Bucket(name: "1s", upToMilliseconds: 1000),
        Bucket(name: "1min", upToMilliseconds: 60_000),
        Bucket(name: "10min", upToMilliseconds: 600_000),
        Bucket(name: "1h", upToMilliseconds: 3_600_000),
        Bucket(name: "6h", upToMilliseconds: 21_600_000),
        Bucket(name: "1d", upToMilliseconds: 86_400_000),
        Bucket(name: "7d", upToMilliseconds: 604_800_000),
        Bucket(name: "30d", upToMilliseconds: 2_592_000_000),
        Bucket(name: "1y", upToMilliseconds: 31_536_000_000),
        Bucket(name: "longer", upToMilliseconds: .max),
    ]

    /// Keys per bucket, parallel to `buckets`.
    package private(set) var counts: [UInt64]
    /// Keys that never expire.
    package private(set) var neverCount: UInt64

    package init() {
        counts = Array(repeating: 0, count: Self.buckets.count)
        neverCount = 0
    }

    /// Counts one key; `instant` is the instant that the snapshot represents.
    package mutating func add(_ expiry: Expiry, at instant: UnixMilliseconds, count: UInt64 = 1) {
        switch expiry {
        case .never: neverCount += count
        case .at(let deadline):
            let remaining = deadline.milliseconds(since: instant)
            let index = Self.buckets.firstIndex { remaining <= $0.upToMilliseconds } ?? Self.buckets.count - 1
            counts[index] += count
        }
    }

    package mutating func add(_ other: Self) {
        for index in counts.indices where index < other.counts.count {
            counts[index] += other.counts[index]
        }
        neverCount += other.neverCount
    }
}
