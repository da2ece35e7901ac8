import Catalog
import Foundation
import Retention
import SnapshotModel

/// Retention by a policy.
///
/// ```text
/// policy -> facts under the publishing lock -> pure plan -> deletions as facts, rows -> purge of what is past its grace
/// ```
package struct ExpireOperation: Sendable {
    private let request: ExpireRequest

    package init(_ request: ExpireRequest) {
        self.request = request
    }

    /// What would be done; writes nothing but a catalog that lagged behind.
    package func plan(_ context: OperationContext) async throws -> ExpireReport {
        let planner = try request.planner()
        let repository = try await context.openRepositoryForReading()
        let inventory = try await repository.inventory(request.scope)
        context.tell(inventory.notices)
        let now = request.simulatedTime ?? repository.now
        let decision = ExpireDecision(inventory, request, planner, now: now)
        tell(decision, context)
        return ExpireReport(decision, isApplied: false)
    }

    /// Decides and does it, or does nothing if a brake holds.
    package func apply(_ context: OperationContext) async throws -> ExpireReport {
        let planner = try request.planner()
        let repository = try await context.openRepositoryForWriting()
        let (decision, notices) = try await repository.applyRetention(request.scope, by: context.actor) { inventory in
            let decision = ExpireDecision(inventory, request, planner, now: repository.now)
            return (decision, decision.change)
        }
        context.tell(notices)
        tell(decision, context)
        var report = ExpireReport(decision, isApplied: decision.plan.brakes.isEmpty)
        if report.isApplied { await purge(repository, context, &report) }
        return report
    }

    /// Plans over a list instead of a repository: there are no earlier runs, and what brakes say is only shown.
    package func whatIf(_ json: [UInt8], _ context: OperationContext) throws -> ExpireReport {
        let list: WhatIfList
        do {
            list = try WhatIfList(json: Data(json), groupBy: request.retention.groupBy)
        } catch {
            throw OperationError(.usage, error.description, cause: error)
        }
        let now = request.simulatedTime ?? context.now()
        let decision = ExpireDecision(list, request, try request.planner(), now: now)
        tell(decision, context)
        return ExpireReport(decision, isApplied: false)
    }

    /// Frees what the policy's snapshots no longer need; somebody who holds the repository makes it wait for the next run.
    private func purge(_ repository: Repository, _ context: OperationContext, _ report: inout ExpireReport) async {
        do {
            let purge = try await repository.purge(
                graceMilliseconds: request.graceMilliseconds(at: repository.now),
                in: request.scope,
                waiting: .zero,
                by: context.actor
            )
            context.tell(purge.notices)
            report.purge = PurgeOutcome(plan: purge.plan, removedUploadCount: purge.removedUploadCount)
        } catch let error where error.code == .locked {
            context.inform("space is freed by a later run: \(error.message)")
        } catch {
            report.purgeFailure = OperationError(describing: error)
        }
    }

    private func tell(_ decision: ExpireDecision, _ context: OperationContext) {
        for notice in decision.plan.notices { context.warn(notice.description) }
        for brake in decision.plan.overriddenBrakes { context.inform("went past a brake: \(brake.sentence)") }
    }
}

extension ExpireRequest {
    /// How long the policy's grace time is before `now`, in milliseconds; days are civil days of the policy's zone.
    func graceMilliseconds(at now: UnixMilliseconds) -> Int64 {
        var clock = CivilClock(CivilZone(identifier: retention.timeZone) ?? .utc)
        return now.milliseconds(since: clock.subtract(retention.grace, from: now))
    }
}
