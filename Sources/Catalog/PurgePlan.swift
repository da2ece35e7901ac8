package import ObjectStorage
package import SnapshotModel

/// What a purge would do, and why it leaves the rest.
package struct PurgePlan: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        package var id: SnapshotID
        package var decision: Decision
        /// Bytes of its parts that are still there.
        package var storedByteCount: UInt64

        /// Whether its parts go.
        package var isFreed: Bool { decision == .free || decision == .keepTombstone }
    }

    package enum Decision: Hashable, Sendable {
        case free
        /// Its space is free. What remains of it keeps the highest sequence known, until a newer snapshot does.
        case keepTombstone
        /// Deleted, but the grace time is not over.
        case inGrace(until: UnixMilliseconds)
        /// Deleted, but a hold that was stated since binds.
        case held
        /// Deleted, but being read.
        case leased([LockHolder])
    }

    /// The deleted snapshots, newest first: what builds on another goes before it.
    package var items: [Item]
    /// Objects of no snapshot: parts whose run crashed before its manifest.
    package var orphans: [ObjectEntry]

    package var freedByteCount: UInt64 {
        items.filter(\.isFreed).reduce(0) { $0 + $1.storedByteCount }
            + orphans.reduce(0) { $0 + $1.byteCount }
    }
}

/// What a purge did.
package struct PurgeReport: Sendable {
    /// What was done; `.free` items are gone.
    package var plan: PurgePlan
    /// Temporary files of crashed uploads.
    package var removedUploadCount: Int
    package var notices: [RepositoryNotice]
}
