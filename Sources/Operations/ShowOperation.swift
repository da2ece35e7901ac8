package import Catalog
package import SnapshotModel

/// Everything that is known about one snapshot.
package struct SnapshotDetails: Sendable {
    package let entry: SnapshotEntry
    package let manifest: Manifest
    package let standing: SnapshotStanding
    /// The last drills of snapshots of the same source and policy, these among them, the newest first; some of the
    /// snapshots may be gone.
    package let trend: [DrillOnRecord]
}

/// Finds one snapshot and what its manifest and facts say.
package struct ShowOperation: Sendable {
    /// Drills that the trend tells of.
    private static let trendLimit = 20

    private let query: SnapshotQuery

    package init(query: SnapshotQuery) {
        self.query = query
    }

    package func run(_ context: OperationContext) async throws -> SnapshotDetails {
        let repository = try await context.openRepositoryForReading()
        let id = try await context.find(query, in: repository).id
        let manifest = try await repository.manifest(id)
        let standing = try await repository.standing(id)
        let trend = try await repository.drills(limit: Self.trendLimit) { source, policy in
            source == manifest.source.name && policy == manifest.policy
        }
        return SnapshotDetails(
            entry: SnapshotEntry(manifest, standing),
            manifest: manifest,
            standing: standing,
            trend: trend
        )
    }
}
