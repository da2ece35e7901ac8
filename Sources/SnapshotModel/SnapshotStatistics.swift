/// Counts over the live keys of a part or a snapshot.
package struct SnapshotStatistics: Codable, Hashable, Sendable {
    /// Keys and keys with an expiry, by database.
    package struct DatabaseCounts: Codable, Hashable, Sendable {
        package var keyCount: UInt64
        package var expiringKeyCount: UInt64

        package init(keyCount: UInt64 = 0, expiringKeyCount: UInt64 = 0) {
            self.keyCount = keyCount
            self.expiringKeyCount = expiringKeyCount
        }
    }

    /// Keys and bytes of one kind of value ("string", "hash", "module", …).
    package struct TypeCounts: Codable, Hashable, Sendable {
        package var keyCount: UInt64
        /// Bytes of the payload bodies, before compression.
        package var bodyByteCount: UInt64

        package init(keyCount: UInt64 = 0, bodyByteCount: UInt64 = 0) {
            self.keyCount = keyCount
            self.bodyByteCount = bodyByteCount
        }

        package static func + (left: Self, right: Self) -> Self {
            Self(
                keyCount: left.keyCount + right.keyCount,
                bodyByteCount: left.bodyByteCount + right.bodyByteCount
            )
        }
    }

    package var databases: [Int: DatabaseCounts]
    /// By the name of the value's type as users know it: string, list, set, zset, hash, stream, module:<name>.
    package var types: [String: TypeCounts]
    /// The same keys by the type number of their values in the archive's format, which tells the encoding, too.
    ///
    /// nil in snapshots of before it was counted.
    package var encodings: [Int: TypeCounts]?
    /// The same keys by Memcached's slab class, which tells what size of chunk an item takes.
    ///
    /// nil where there are none, or where the server did not tell them.
    package var slabClasses: [Int: TypeCounts]?
    /// Remaining lives at the snapshot's instant.
    package var lifetimes: LifetimeHistogram
    package var functionLibraryCount: UInt64
    package var moduleAuxiliaryCount: UInt64
    /// Keys that carry access data, and of which kind.
    package var idleKeyCount: UInt64
    package var frequencyKeyCount: UInt64
    /// The largest payload body and the largest key, in bytes.
    package var largestBodyByteCount: UInt64
    package var largestKeyByteCount: UInt64
    /// Keys with the name of a sentinel, of this snapshot or of an earlier one, and the bytes of their names and values.
    ///
    /// nil where there are none, and in snapshots of before they were counted.
    package var sentinels: TypeCounts?
    /// nil where the blocks are in no order of temperature: the source kept no access data, or no sample of it was to
    /// be had.
    package var accessTiers: AccessTiers?

    package init() {
        databases = [:]
        types = [:]
        encodings = [:]
        lifetimes = LifetimeHistogram()
        functionLibraryCount = 0
        moduleAuxiliaryCount = 0
        idleKeyCount = 0
        frequencyKeyCount = 0
        largestBodyByteCount = 0
        largestKeyByteCount = 0
    }

    package var keyCount: UInt64 { databases.values.reduce(0) { $0 + $1.keyCount } }
    package var expiringKeyCount: UInt64 { databases.values.reduce(0) { $0 + $1.expiringKeyCount } }
    package var bodyByteCount: UInt64 { types.values.reduce(0) { $0 + $1.bodyByteCount } }

    /// Adds the counts of another part.
    package mutating func add(_ other: Self) {
        databases.merge(other.databases) {
            DatabaseCounts(
                keyCount: $0.keyCount + $1.keyCount,
                expiringKeyCount: $0.expiringKeyCount + $1.expiringKeyCount
            )
        }
        types.merge(other.types, uniquingKeysWith: +)
        encodings = other.encodings.flatMap { encodings?.merging($0, uniquingKeysWith: +) }
        if let classes = other.slabClasses {
            slabClasses = (slabClasses ?? [:]).merging(classes, uniquingKeysWith: +)
        }
        lifetimes.add(other.lifetimes)
        functionLibraryCount += other.functionLibraryCount
        moduleAuxiliaryCount += other.moduleAuxiliaryCount
        idleKeyCount += other.idleKeyCount
        frequencyKeyCount += other.frequencyKeyCount
        largestBodyByteCount = max(largestBodyByteCount, other.largestBodyByteCount)
        largestKeyByteCount = max(largestKeyByteCount, other.largestKeyByteCount)
        if let others = other.sentinels { sentinels = (sentinels ?? TypeCounts()) + others }
        if let tiers = other.accessTiers {
            if accessTiers?.add(tiers) == nil { accessTiers = tiers }
        }
    }
}
