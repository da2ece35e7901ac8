package import ObjectStorage
package import SnapshotModel

/// What a snapshot run holds: the repository shared and its source exclusive.
package final class SnapshotRun: Sendable {
    private let locks: [FileLock]

    init(_ locks: [FileLock]) {
        self.locks = locks
    }

    package func release() {
        for lock in locks { lock.release() }
    }
}

/// What a reader holds: its snapshot is neither purged nor being purged.
package final class SnapshotLease: Sendable {
    package let id: SnapshotID
    /// Nil in a read-only repository (see `Repository.notices`).
    private let lock: FileLock?

    init(_ id: SnapshotID, _ lock: FileLock?) {
        self.id = id
        self.lock = lock
    }

    package func release() {
        lock?.release()
    }
}

extension Repository {
    /// Begins a snapshot run of a source: no other run of the same source, and no purge, at the same time.
    ///
    /// Removes what crashed uploads left behind.
    package func beginSnapshot(sourceName: String) async throws(RepositoryError) -> SnapshotRun {
        try requireWritable()
        let repository = try await lock(.repository, .shared)
        let source = try await lock(.source(sourceName), .exclusive)
        // Only tidiness: a backup does not fail for it, and purge does it again and reports.
        _ = try? await store.removeAbandonedUploads()
        return SnapshotRun([repository, source])
    }

    /// Protects a snapshot from purge while it is read.
    ///
    /// - Throws: `.snapshotNotFound` also if it was purged a moment ago.
    package func lease(_ id: SnapshotID) async throws(RepositoryError) -> SnapshotLease {
        let lock = isWritable ? try await lock(.snapshot(id), .shared) : nil
        let facts = try await contents.facts(id)
        guard SnapshotStanding(facts).purgedAt == nil, try await contents.hasManifest(id) else {
            lock?.release()
            throw RepositoryError(.snapshotNotFound, "no snapshot '\(id)' in the repository '\(path)'")
        }
        return SnapshotLease(id, lock)
    }

    /// Who reads the snapshot now, for plans and messages; purge itself asks the lock.
    package func leaseHolders(_ id: SnapshotID) -> [LockHolder] {
        locks.holders(of: .snapshot(id))
    }
}
