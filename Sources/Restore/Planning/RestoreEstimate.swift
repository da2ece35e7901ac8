package import SnapshotModel

/// What a restore will come to, told from a snapshot's statistics alone.
package struct RestoreEstimate: Codable, Hashable, Sendable {
    /// Memory of a server per key beside key and value: entry, object and string headers, its share of the table.
    ///
    /// Measured on Redis 7.0.15, as are the other figures; `EstimateTests` holds them against a server.
    private static let memoryPerKey: UInt64 = 80
    /// The same for a key's deadline.
    private static let memoryPerDeadline: UInt64 = 48
    /// Up to this mean size in bytes values of these types are taken for listpacks, which lie in memory as in the file.
    private static let compactByteCount: UInt64 = 2048
    /// Memory of Memcached per item beside key and value, at least and as servers come: a header, the ends of key and
    /// value, CAS; and what chunks of fixed sizes waste on average, each up to a quarter larger than the one before.
    private static let leastMemoryPerItem: UInt64 = 50
    private static let memoryPerItem: UInt64 = 59
    private static let slabGrowth = 1.1
    /// By how much larger values are in memory, where each element has an entry of its own.
    private static let growth: [String: Double] = ["hash": 3.3, "set": 5.1, "zset": 5.8]

    /// Keys that the options ask for, before those that have expired; `--match` and `--exclude` are not counted in.
    package var keyCount: UInt64
    /// Keys that are certain to have expired by now.
    package var expiredKeyCount: UInt64
    /// Keys that may have expired by now: those of the class of lives that now falls into are in doubt.
    package var mostExpiredKeyCount: UInt64
    /// Bytes of the values, by the same shares.
    package var bodyByteCount: UInt64
    /// What the target will need for the values alone, in bytes: a lower bound.
    package var leastMemoryByteCount: UInt64
    /// What the target will need, in bytes: likely, from a server's usual overhead.
    package var likelyMemoryByteCount: UInt64

    /// `now` is the target's clock, in the terms of the source's deadlines.
    ///
    /// `engine` is the target's.
    package init(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        now: UnixMilliseconds,
        into engine: Engine = .redis
    ) {
        let statistics = manifest.statistics
        let share = Self.share(statistics, options)
        let now = now.advanced(byMilliseconds: -options.deadlineShiftMilliseconds)
        let age = options.deadlineMode == .deadline ? now.milliseconds(since: manifest.instant) : 0
        let (certain, possible) = Self.expiredShares(manifest, ageMilliseconds: age)
        let keepsAll = options.deadlineMode == .persist
        keyCount = Self.scale(statistics.keyCount, share)
        expiredKeyCount = keepsAll ? 0 : Self.scale(keyCount, certain)
        mostExpiredKeyCount = keepsAll ? 0 : Self.scale(keyCount, possible)
        let kept = keepsAll ? share : share * (1 - certain)
        bodyByteCount = Self.scale(statistics.bodyByteCount, kept)
        guard engine != .memcached else {
            let (items, bytes) = (Self.scale(statistics.keyCount, kept), bodyByteCount)
            leastMemoryByteCount = bytes + items * Self.leastMemoryPerItem
            let raw = Self.scale(max(manifest.rawByteCount, statistics.bodyByteCount), kept)
            likelyMemoryByteCount = UInt64(Double(raw + items * Self.memoryPerItem) * Self.slabGrowth)
            return
        }
        leastMemoryByteCount = Self.scale(statistics.bodyByteCount, kept)
        likelyMemoryByteCount =
            Self.scale(max(manifest.rawByteCount, statistics.bodyByteCount) + Self.entryByteCount(statistics), kept)
            + Self.scale(statistics.keyCount, kept) * Self.memoryPerKey
            + Self.scale(statistics.expiringKeyCount, kept) * Self.memoryPerDeadline
    }

    /// What large hashes, sets and sorted sets need beside their bytes.
    private static func entryByteCount(_ statistics: SnapshotStatistics) -> UInt64 {
        statistics.types.reduce(0) { sum, type in
            let (name, counts) = type
            guard let growth = growth[name], counts.keyCount > 0,
                counts.bodyByteCount / counts.keyCount > compactByteCount
            else { return sum }
            return sum + UInt64(Double(counts.bodyByteCount) * (growth - 1))
        }
    }

    /// The share of the keys, by databases, times the share of the bytes, by types.
    private static func share(_ statistics: SnapshotStatistics, _ options: RestoreOptions) -> Double {
        var share = 1.0
        if !options.databases.isEmpty {
            let wanted = Set(options.databases.map { Int($0.source) })
            let keys = statistics.databases.filter { wanted.contains($0.key) }.values.reduce(0) { $0 + $1.keyCount }
            share *= ratio(keys, statistics.keyCount)
        }
        if !options.types.isEmpty {
            let keys = statistics.types
                .filter { name, _ in options.types.contains(String(name.prefix { $0 != ":" })) }
                .values.reduce(0) { $0 + $1.keyCount }
            share *= ratio(keys, statistics.keyCount)
        }
        return share
    }

    /// The shares of the keys that have expired for certain, and that may have, so long after the snapshot's instant.
    private static func expiredShares(
        _ manifest: Manifest,
        ageMilliseconds age: Int64
    ) -> (certain: Double, possible: Double) {
        let counts = manifest.statistics.lifetimes.counts
        var (certain, possible) = (UInt64(0), UInt64(0))
        var least = Int64.min
        for (bucket, count) in zip(LifetimeHistogram.buckets, counts) {
            if bucket.upToMilliseconds <= age { certain += count }
            // Lives of a class are longer than the bound of the class before.
            if least < age { possible += count }
            least = bucket.upToMilliseconds
        }
        return (ratio(certain, manifest.keyCount), ratio(max(certain, possible), manifest.keyCount))
    }

    private static func ratio(_ part: UInt64, _ whole: UInt64) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }

    private static func scale(_ count: UInt64, _ share: Double) -> UInt64 {
        UInt64((Double(count) * max(0, min(1, share))).rounded())
    }
}
