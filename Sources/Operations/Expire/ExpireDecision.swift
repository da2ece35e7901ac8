import Catalog
package import Retention
package import SnapshotModel

/// What retention decided, and everything that it takes to show that or to carry it out.
package struct ExpireDecision: Sendable {
    package let plan: RetentionPlan
    /// The time that was taken for now.
    package let now: UnixMilliseconds
    /// How long deciding took, in milliseconds, without reading what there is and without writing.
    package let planningMilliseconds: Int64
    /// Live snapshots of other policies, which were not looked at; nil where there is no repository.
    package let outOfScopeCount: Int?
    /// Stored bytes by id; without failed attempts, and empty where there is no repository.
    private let storedByteCounts: [String: UInt64]
    /// The record of this run, and those that it makes superfluous.
    private let run: RunDraft?
    private let supersededRuns: [SnapshotID]
    /// Failed attempts among the items.
    private let failedRuns: [String: SnapshotID]

    /// The plan for what is in a repository.
    init(_ inventory: RepositoryInventory, _ request: ExpireRequest, _ planner: RetentionPlanner, now: UnixMilliseconds)
    {
        let input = RetentionInput(inventory, request)
        let start = ContinuousClock.now
        plan = planner.plan(input.backups, facts: input.facts, overrides: request.overrides, now: now)
        planningMilliseconds = (ContinuousClock.now - start).milliseconds
        self.now = now
        outOfScopeCount = inventory.outOfScopeCount
        storedByteCounts = Dictionary(inventory.items.map { ($0.entry.id.text, $0.entry.storedByteCount) }) { $1 }
        let failed = inventory.runs.filter(\.isFailedSnapshot).map { ($0.id.text, $0.id) }
        failedRuns = Dictionary(failed) { $1 }
        supersededRuns = inventory.retentionRuns(of: request.policyName).map(\.id)
        let outcome = RunRecord.Outcome.expired(
            mark: now,
            policyDigest: request.retention.digest,
            deletedCount: plan.deletions.count
        )
        run = RunDraft(startedAt: now, sourceName: nil, policy: request.policyName, outcome: outcome)
    }

    /// The plan for a list that somebody wrote.
    init(_ list: WhatIfList, _ request: ExpireRequest, _ planner: RetentionPlanner, now: UnixMilliseconds) {
        let facts = RetentionFacts(scheduleInterval: request.scheduleInterval)
        let start = ContinuousClock.now
        plan = planner.plan(list.backups, facts: facts, overrides: request.overrides, now: now)
        planningMilliseconds = (ContinuousClock.now - start).milliseconds
        self.now = now
        outOfScopeCount = nil
        (storedByteCounts, run, supersededRuns, failedRuns) = ([:], nil, [], [:])
    }

    /// What is to be written, or nil if a brake holds.
    var change: RetentionChange? {
        guard plan.brakes.isEmpty, let run, let policy = run.policy else { return nil }
        var change = RetentionChange()
        for id in plan.deletions {
            if let failed = failedRuns[id] {
                change.removedRuns.append(failed)
            } else if let id = SnapshotID(id) {
                change.deletions.append((id: id, reason: "expired by policy \(policy)"))
            }
        }
        change.run = run
        // The old marks go when the new one is there: at no time is there none.
        change.removedRuns += supersededRuns
        return change
    }

    package func count(_ decision: RetentionPlan.Decision) -> Int { plan.items.count { $0.decision == decision } }

    /// Stored bytes of an item; nil for a failed attempt, and for a list.
    package func storedByteCount(of item: RetentionPlan.Item) -> UInt64? { storedByteCounts[item.id] }

    /// Whether an item is a failed attempt of which there is only the record.
    package func isFailedAttempt(_ item: RetentionPlan.Item) -> Bool { failedRuns[item.id] != nil }

    /// Bytes of what is to be deleted; nil for a list, which tells no sizes.
    package var deletedByteCount: UInt64? {
        guard outOfScopeCount != nil else { return nil }
        return plan.items.filter { $0.decision == .delete }.reduce(0) { $0 + (storedByteCount(of: $1) ?? 0) }
    }
}
