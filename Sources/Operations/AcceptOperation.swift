import Catalog
package import SnapshotModel

/// Accepts a suspicious snapshot as good.
package struct AcceptOperation: Sendable {
    private let snapshot: String

    package init(snapshot: String) {
        self.snapshot = snapshot
    }

    /// A snapshot that nobody doubts is a failure: accepting it would hide a mistyped id.
    package func run(reason: String, _ context: OperationContext) async throws -> SnapshotID {
        let repository = try await context.openRepositoryForWriting()
        let entry = try await context.find(SnapshotQuery(snapshot), in: repository)
        guard entry.state.isSuspicious else {
            let hint =
                entry.state.isCorrupt
                ? "it is damaged, which nobody can accept: 'rewarm show \(entry.id)' tells how" : nil
            throw OperationError(.failure, "snapshot \(entry.id) is not suspicious", hint: hint)
        }
        let draft = FactDraft(snapshot: entry.id, statement: .accepted(reason: reason))
        _ = try await context.state([draft], in: repository)
        return entry.id
    }
}
