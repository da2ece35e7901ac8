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
        var listing = try await repository.snapshots()
        context.tell(listing.notices)
        // In place: thousands of entries are not copied where none is left out.
        listing.entries.removeAll { entry in
            !query.narrows(to: entry) || (!includesDeleted && !entry.state.isLive)
        }
        return listing.entries
    }
}
