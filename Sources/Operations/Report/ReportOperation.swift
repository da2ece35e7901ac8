package import Catalog
package import Policy
package import Retention
package import SnapshotModel

/// All that is known about a repository, for a person who wants to know whether it can be relied on.
package struct RepositoryReport: Sendable {
    package let policy: PolicyFile?
    /// What the policy's section `check` says; nil without a policy.
    package internal(set) var check: CheckReport?
    /// What the policy's retention would do now; nil without one.
    package internal(set) var plan: RetentionPlan?
    /// Live ones of the policy, else all live ones; newest first.
    package internal(set) var entries: [SnapshotEntry] = []
    /// Attempts that left no snapshot, newest first.
    package internal(set) var failedRuns: [RunRecord] = []
    /// The last drills, newest first; also of snapshots that are gone.
    package internal(set) var drills: [DrillOnRecord] = []
    /// Oldest first; empty without a schedule.
    package internal(set) var gaps: [ScheduleGap] = []
    package internal(set) var freeByteCount: UInt64?
    package let generatedAt: UnixMilliseconds
    /// In which days begin.
    package let zone: CivilZone
}

/// Collects what a report tells.
///
/// Reads only: the catalog, or the manifests where there is none or nothing can be written.
package struct ReportOperation: Sendable {
    private let policy: PolicyFile?

    package init(_ policy: PolicyFile?) {
        self.policy = policy
    }

    package func run(_ context: OperationContext) async throws -> RepositoryReport {
        let planner = try policy.flatMap { policy in
            try policy.retention.map { _ in (request: try ExpireRequest(policy), policy: policy) }
        }
        let repository = try await context.openRepositoryForReading()
        let listing = try await repository.snapshots()
        context.tell(listing.notices)
        let runs = try await repository.runs().records
        let scope = policy.map { PolicyScope(policy: $0.name, sourceName: $0.sourceName) }
        var report = RepositoryReport(
            policy: policy,
            generatedAt: repository.now,
            zone: policy?.retention.flatMap { CivilZone(identifier: $0.timeZone) } ?? .utc
        )
        report.entries = listing.entries.filter { $0.state.isLive && (scope?.contains($0) ?? true) }
        report.failedRuns = runs.filter { $0.isFailedSnapshot && (scope?.contains($0) ?? true) }
        report.freeByteCount = repository.isWritable ? try repository.freeByteCount() : nil
        report.drills = try await repository.drills(limit: Repository.keptDrillCount) { source, policy in
            scope?.contains(policy: policy, sourceName: source) ?? true
        }
        if let policy {
            report.check = CheckEvaluation(policy, now: report.generatedAt)
                .report(listing.entries, runs: runs, freeByteCount: report.freeByteCount)
            report.gaps = ScheduleGap.find(
                in: listing.entries.filter { scope?.contains($0) ?? true },
                among: listing.entries,
                schedule: policy.schedule,
                now: report.generatedAt
            )
        }
        if let planner {
            let inventory = try await repository.inventory(planner.request.scope)
            let decision = ExpireDecision(
                inventory,
                planner.request,
                try planner.request.planner(),
                now: report.generatedAt
            )
            report.plan = decision.plan
        }
        return report
    }
}
