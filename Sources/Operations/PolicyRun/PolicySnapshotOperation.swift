package import Policy
package import Retention
import SnapshotModel

/// What cron wants in one line: a snapshot by a policy, and everything around it.
///
/// ```text
/// hooks before -> snapshot, checked and guarded -> if it is good: expire, purge -> metrics -> hooks after, hooks always
/// ```
/// Nothing here throws: whatever goes wrong, the steps behind it that tell somebody still run, also where the repository
/// cannot be opened.
package struct PolicySnapshotOperation: Sendable {
    private let policy: PolicyFile
    private let overrides: RetentionOverrides
    private let hooks: HookRunner
    /// Makes the request, with the password read from its file.
    private let makeRequest: @Sendable () throws -> SnapshotRequest
    /// What hooks are told about the run.
    private let describe: @Sendable (PolicyRun) -> HookReport

    package init(
        _ policy: PolicyFile,
        overrides: RetentionOverrides = RetentionOverrides(),
        hooks: HookRunner,
        describe: @escaping @Sendable (PolicyRun) -> HookReport,
        makeRequest: @escaping @Sendable () throws -> SnapshotRequest
    ) {
        self.policy = policy
        self.overrides = overrides
        self.hooks = hooks
        self.describe = describe
        self.makeRequest = makeRequest
    }

    package func run(_ context: OperationContext) async -> PolicyRun {
        var run = PolicyRun(policy: policy.name, sourceName: policy.sourceName ?? "", startedAt: context.now())
        let start = ContinuousClock.now
        await fire(.before, &run, context)
        run.snapshot = await takeSnapshot(run, context)
        if run.isGood { run.expiry = await expire(context) }
        run.finishedAt = context.now()
        await writeMetrics(run, duration: ContinuousClock.now - start, context)
        await fire(run.isGood ? .afterSuccess : .afterFailure, &run, context)
        await fire(.always, &run, context)
        return run
    }

    private func takeSnapshot(
        _ run: PolicyRun,
        _ context: OperationContext
    ) async -> Result<SnapshotReport, OperationError> {
        let attempt = SnapshotAttempt(startedAt: run.startedAt, sourceName: run.sourceName, policy: run.policy)
        do {
            try Task.checkCancellation()
            let request = try await attempt.preparing(context, makeRequest)
            return .success(try await SnapshotOperation(request).run(context))
        } catch {
            return .failure(OperationError(describing: error))
        }
    }

    private func expire(_ context: OperationContext) async -> PolicyRun.Expiry {
        guard policy.retention?.apply == true else { return .notAttempted }
        do {
            return .done(try await ExpireOperation(ExpireRequest(policy, overrides: overrides)).apply(context))
        } catch {
            return .failed(OperationError(describing: error))
        }
    }

    private func writeMetrics(_ run: PolicyRun, duration: Duration, _ context: OperationContext) async {
        let attempt = RunAttempt(
            endedAt: run.finishedAt ?? context.now(),
            durationMilliseconds: duration.milliseconds,
            exitCode: describe(run).exitCode ?? 0,
            isSuccess: run.isGood
        )
        await MetricsUpdate(policy).run(context, attempt)
    }

    private func fire(_ event: HookEvent, _ run: inout PolicyRun, _ context: OperationContext) async {
        let outcomes = await hooks.run(event, describe(run))
        context.tell(outcomes)
        run.failedHookCount += outcomes.count { !$0.isSuccess }
    }
}
