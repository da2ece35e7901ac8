import Catalog
import SnapshotModel

/// An attempt at a snapshot of a source, from the moment at which it holds the locks.
///
/// A run that could not open the repository has no place to tell of itself, and one that was locked out is no failure
/// of the source: neither is put on record.
struct SnapshotAttempt: Sendable {
    let startedAt: UnixMilliseconds
    let sourceName: String
    let policy: String?

    /// Runs `body`; if it throws, the failure is a record of the repository before the error goes on.
    func recordingFailure<Value>(
        in repository: Repository,
        _ context: OperationContext,
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch {
            let failure = OperationError(describing: error)
            if failure.kind != .locked { await record(failure, in: repository, context) }
            throw error
        }
    }

    /// Runs what comes before the repository is opened, such as reading a password: if it throws, the failure is put on
    /// record all the same.
    func preparing<Value>(_ context: OperationContext, _ body: () throws -> Value) async throws -> Value {
        do {
            return try body()
        } catch {
            if let repository = try? await context.openRepositoryForWriting() {
                await record(OperationError(describing: error), in: repository, context)
            }
            throw error
        }
    }

    private func record(_ failure: OperationError, in repository: Repository, _ context: OperationContext) async {
        let draft = RunDraft(
            startedAt: startedAt,
            sourceName: sourceName,
            policy: policy,
            outcome: .snapshotFailed(kind: failure.kind.rawValue, reason: failure.message)
        )
        // A task of its own: a run that was cancelled failed, too, and its record must not be cancelled with it.
        let recording = Task { try await repository.record(draft, by: context.actor) }
        do {
            context.tell(try await recording.value.notices)
        } catch {
            context.warn("the failed attempt could not be put on record: \(OperationError(describing: error).message)")
        }
    }
}
