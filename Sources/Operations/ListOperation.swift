package import Catalog

/// The snapshots of a repository, newest first.
package struct ListOperation: Sendable {
    /// Its selector is not looked at, only what it narrows to.
    private let query: SnapshotQuery
    private let includesDeleted: Bool

    package init(query: SnapshotQuery, includesDeleted: Bool) {
        self.query = query
        self.includesDeleted = includesDeleted
    }

    package func run(_ context: OperationContext) async throws -> [SnapshotEntry] {
        let repository = try await context.openRepositoryForReading()
        let listing = try await repository.snapshots()
        context.tell(listing.notices)
        return Self.select(listing.entries, query: query, includesDeleted: includesDeleted)
    }

    /// Purged snapshots are gone, whatever is asked for.
    static func select(_ entries: [SnapshotEntry], query: SnapshotQuery, includesDeleted: Bool) -> [SnapshotEntry] {
        entries.filter { entry in
            query.narrows(to: entry) && entry.state.purgedAt == nil && (includesDeleted || entry.state.isLive)
        }
    }
}
