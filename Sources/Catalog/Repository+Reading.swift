package import SnapshotModel

/// The snapshots of a repository, and what is to be said about how they were found.
package struct SnapshotListing: Sendable {
    /// Newest first; purged ones are left out, deleted ones are not.
    package var entries: [SnapshotEntry]
    package var notices: [RepositoryNotice]
}

extension Repository {
    /// All snapshots: from the catalog, or from the manifests if it cannot be used.
    package func snapshots() async throws(RepositoryError) -> SnapshotListing {
        guard isWritable else { return try await snapshotsOfStore(notices) }
        do {
            var entries = try await catalog().entries()
            entries.removeAll { $0.state.purgedAt != nil }
            return SnapshotListing(entries: entries, notices: notices)
        } catch {
            // Whatever is wrong with the cache: if the store cannot be read either, that is the error.
            return try await snapshotsOfStore(notices + [.catalogUnusable(reason: error.message)])
        }
    }

    /// The snapshot that a query means.
    package func find(
        _ query: SnapshotQuery
    ) async throws(RepositoryError) -> (entry: SnapshotEntry, notices: [RepositoryNotice]) {
        let listing = try await snapshots()
        return (try query.select(from: listing.entries), listing.notices)
    }

    /// The manifest of a snapshot, from the store.
    ///
    /// - Throws: `.snapshotNotFound`, `.corrupted`, `.unsupportedFormat`.
    package func manifest(_ id: SnapshotID) async throws(RepositoryError) -> Manifest {
        guard let stored = try await contents.manifest(id) else {
            throw RepositoryError(.snapshotNotFound, "no snapshot '\(id)' in the repository '\(path)'")
        }
        return stored.manifest
    }

    /// All manifests that can be read, ascending by id, from the store.
    package func manifests() async throws(RepositoryError) -> [Manifest] {
        try await contents.snapshots().readable.map(\.manifest.manifest)
    }

    /// The facts of a snapshot in the order in which they count, from the store.
    package func facts(_ id: SnapshotID) async throws(RepositoryError) -> [Fact] {
        try await contents.facts(id).compactMap(\.fact).sorted { ($0.statedAt, $0.id) < ($1.statedAt, $1.id) }
    }

    /// What the facts say about a snapshot, from the store.
    package func standing(_ id: SnapshotID) async throws(RepositoryError) -> SnapshotStanding {
        SnapshotStanding(try await contents.facts(id))
    }

    private func snapshotsOfStore(_ notices: [RepositoryNotice]) async throws(RepositoryError) -> SnapshotListing {
        let (readable, unreadable) = try await contents.snapshots()
        return SnapshotListing(
            entries: readable.map(\.entry).filter { $0.state.purgedAt == nil }.sorted(by: SnapshotEntry.isNewer),
            notices: notices + unreadable.map { .unreadableManifest($0.id, reason: $0.reason) }
        )
    }
}
