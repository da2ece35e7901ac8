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
    /// By how much larger values are in memory, where each element has an entry of its own.
    private static let growth: [String: Double] = ["hash": 3.3, "set": 5.1, "zset": 5.8]

    /// Keys that the options ask for, before those that have expired; `--match` and `--exclude` are not counted in.
    package var keyCount: UInt64
    /// Keys that are certain to have expired by now.
    package var expiredKeyCount: UInt64
    /// What the target will need for the values alone, in bytes: a lower bound.
    package var leastMemoryByteCount: UInt64
    /// What the target will need, in bytes: likely, from a server's usual overhead.
    package var likelyMemoryByteCount: UInt64

    /// `now` is the target's clock, in the terms of the source's deadlines.
    package init(_ manifest: Manifest, _ options: RestoreOptions, now: UnixMilliseconds) {
        let statistics = manifest.statistics
        let share = Self.share(statistics, options)
        let alive =
            options.deadlineMode == .deadline ? Self.aliveShare(manifest, now: now) : Self.aliveAtInstant(manifest)
        keyCount = Self.scale(statistics.keyCount, share)
        expiredKeyCount = options.deadlineMode == .persist ? 0 : Self.scale(keyCount, 1 - alive)
        let kept = options.deadlineMode == .persist ? share : share * alive
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

    /// The share of the keys that may still live at `now`.
    private static func aliveShare(_ manifest: Manifest, now: UnixMilliseconds) -> Double {
        let age = now.milliseconds(since: manifest.instant)
        let lifetimes = manifest.statistics.lifetimes
        let expired = zip(LifetimeHistogram.buckets, lifetimes.counts)
            .filter { bucket, _ in bucket.upToMilliseconds <= age }
            .reduce(UInt64(0)) { $0 + $1.1 }
        return 1 - ratio(expired, manifest.keyCount)
    }

    private static func aliveAtInstant(_ manifest: Manifest) -> Double {
        aliveShare(manifest, now: manifest.instant)
    }

    private static func ratio(_ part: UInt64, _ whole: UInt64) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }

    private static func scale(_ count: UInt64, _ share: Double) -> UInt64 {
        UInt64((Double(count) * max(0, min(1, share))).rounded())
    }
}
