import Catalog
package import SnapshotModel

/// Deletes snapshots softly, or takes that back: all of those named, or none.
package struct DeleteOperation: Sendable {
    private let snapshots: [String]

    package init(snapshots: [String]) {
        self.snapshots = snapshots
    }

    /// A held snapshot is a failure that names the hold, and nothing is deleted.
    package func delete(reason: String, _ context: OperationContext) async throws -> [SnapshotID] {
        let repository = try await context.openRepositoryForWriting()
        let entries = try await resolve(in: repository, context)
        for entry in entries where !entry.state.isLive {
            throw OperationError(.failure, "snapshot \(entry.id) is deleted already")
        }
        let drafts = entries.map { FactDraft(snapshot: $0.id, statement: .deleted(reason: reason)) }
        do {
            _ = try await context.state(drafts, in: repository)
        } catch {
            guard error.code == .conflict else { throw error }
            throw OperationError(
                .failure,
                error.message,
                hint: "nothing was deleted; 'rewarm hold remove' takes a hold back",
                cause: error
            )
        }
        return entries.map(\.id)
    }

    package func undelete(_ context: OperationContext) async throws -> [SnapshotID] {
        let repository = try await context.openRepositoryForWriting()
        let entries = try await resolve(in: repository, context)
        for entry in entries where entry.state.deletedAt == nil {
            throw OperationError(.failure, "snapshot \(entry.id) is not deleted")
        }
        let drafts = entries.map { FactDraft(snapshot: $0.id, statement: .undeleted) }
        _ = try await context.state(drafts, in: repository)
        return entries.map(\.id)
    }

    /// Each snapshot once, in the order in which they were named.
    private func resolve(in repository: Repository, _ context: OperationContext) async throws -> [SnapshotEntry] {
        let listing = try await repository.snapshots()
        context.tell(listing.notices)
        var entries: [SnapshotEntry] = []
        for text in snapshots {
            let entry = try SnapshotQuery(text).select(from: listing.entries)
            if !entries.contains(where: { $0.id == entry.id }) { entries.append(entry) }
        }
        return entries
    }
}
