import Catalog
package import Policy
import SnapshotModel

/// Looks at the snapshots of a policy as monitoring does.
///
/// Are they young, large, verified, and is there room for the next one?
/// Reads only: the catalog, or the manifests where there is none.
package struct CheckOperation: Sendable {
    private let policy: PolicyFile

    package init(_ policy: PolicyFile) {
        self.policy = policy
    }

    /// Throws only if it was cancelled: a repository that cannot be read is a finding.
    package func run(_ context: OperationContext) async throws(CancellationError) -> CheckReport {
        let evaluation = CheckEvaluation(policy, now: context.now())
        do {
            let repository = try await context.openRepositoryForReading()
            let listing = try await repository.snapshots()
            // Where nothing can be written, a copy on a read-only disk, no next snapshot needs room.
            let free = repository.isWritable ? try repository.freeByteCount() : nil
            let runs = try await repository.runs().records
            context.tell(listing.notices)
            return evaluation.report(listing.entries, runs: runs, freeByteCount: free)
        } catch {
            let failure = OperationError(describing: error)
            if failure.kind == .cancelled || Task.isCancelled { throw CancellationError() }
            return evaluation.report(failure)
        }
    }
}
