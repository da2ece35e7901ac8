package import Catalog
package import SnapshotModel

/// Everything that is known about one snapshot.
package struct SnapshotDetails: Sendable {
    package let entry: SnapshotEntry
    package let manifest: Manifest
    package let standing: SnapshotStanding
}

/// Finds one snapshot and what its manifest and facts say.
package struct ShowOperation: Sendable {
    private let query: SnapshotQuery

    package init(query: SnapshotQuery) {
        self.query = query
    }

    package func run(_ context: OperationContext) async throws -> SnapshotDetails {
        let repository = try await context.openRepositoryForReading()
        let id = try await context.find(query, in: repository).id
        let manifest = try await repository.manifest(id)
        let standing = try await repository.standing(id)
        return SnapshotDetails(entry: SnapshotEntry(manifest, standing), manifest: manifest, standing: standing)
    }
}
