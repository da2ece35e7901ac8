package import Catalog
package import SnapshotModel

/// The attempts that left no snapshot, newest first.
package struct FailedRunListOperation: Sendable {
    /// Only its source, policy and instant are looked at.
    private let query: SnapshotQuery

    package init(query: SnapshotQuery) {
        self.query = query
    }

    package func run(_ context: OperationContext) async throws -> [RunRecord] {
        let repository = try await context.openRepositoryForReading()
        let listing = try await repository.runs()
        context.tell(listing.notices)
        return listing.records.filter { $0.isFailedSnapshot && isAskedFor($0) }
    }

    private func isAskedFor(_ run: RunRecord) -> Bool {
        (query.sourceName.map { $0 == run.sourceName } ?? true)
            && (query.policy.map { $0 == run.policy } ?? true)
            && (query.before.map { run.startedAt < $0 } ?? true)
    }
}
