package import SnapshotModel

/// Decides for every backup whether it is kept, and says why.
///
/// ```text
/// for each group: rules over all its candidates, then floors
/// over all groups: parents of what is not deleted
/// brakes over the outcome; a forecast for each backup that is kept
/// ```
///
/// Pure: the same input gives the same plan whatever the order of the backups, the host's zone or its locale. A planner
/// exists only for a valid policy, so that a mistake in a policy can never delete anything.
package struct RetentionPlanner: Sendable {
    package let policy: RetentionPolicy
    private let zone: CivilZone

    /// Throws what `RetentionPolicy.validate` finds.
    package init(_ policy: RetentionPolicy) throws(InvalidRetentionPolicy) {
        let problems = policy.validate()
        guard problems.isEmpty, let zone = CivilZone(identifier: policy.timeZone) else {
            throw InvalidRetentionPolicy(problems: problems)
        }
        (self.policy, self.zone) = (policy, zone)
    }

    /// The plan for all `backups` at `now`; their ids must be unique.
    package func plan(
        _ backups: [Backup],
        facts: RetentionFacts = RetentionFacts(),
        overrides: RetentionOverrides = RetentionOverrides(),
        now: UnixMilliseconds
    ) -> RetentionPlan {
        var clock = CivilClock(zone)
        var drafts = Dictionary(grouping: backups, by: \.group).sorted { $0.key < $1.key }.map { name, members in
            GroupDraft(
                name: name,
                members: members.sorted(by: Backup.isNewer),
                policy: policy,
                now: now,
                clock: &clock
            )
        }
        let parents = ParentLinks(drafts)
        parents.keepNeeded(&drafts)
        let brakes = brakes(drafts, facts, now)
        var forecasts = drafts.map { draft in
            var forecast = DeletionForecast(draft, policy, now: now, interval: facts.scheduleInterval, clock: clock)
            return draft.members.indices.map { forecast.earliestDeletion(of: $0) }
        }
        parents.extend(&forecasts)
        return RetentionPlan(
            items: zip(drafts, forecasts).flatMap { Self.items($0, $1) },
            brakes: brakes.filter { !$0.isOverridden(by: overrides) },
            overriddenBrakes: brakes.filter { $0.isOverridden(by: overrides) },
            notices: drafts.flatMap(Self.notices),
            timeZoneDataVersion: CivilZone.dataVersion
        )
    }

    private static func items(_ draft: GroupDraft, _ forecasts: [UnixMilliseconds?]) -> [RetentionPlan.Item] {
        draft.members.indices.map { member in
            RetentionPlan.Item(
                id: draft.members[member].id,
                group: draft.name,
                takenAt: draft.members[member].takenAt,
                decision: draft.decision(of: member),
                reasons: draft.reasons[member],
                earliestDeleteAt: forecasts[member]
            )
        }
    }

    private static func notices(_ draft: GroupDraft) -> [RetentionPlan.Notice] {
        zip(draft.members, draft.standings).compactMap { backup, standing in
            switch standing {
            case .corrupt: .corrupt(id: backup.id, group: draft.name)
            case .futureDated: .futureDated(id: backup.id, group: draft.name, takenAt: backup.takenAt)
            case .candidate, .running, .unfinished, .suspicious: nil
            }
        }
    }
}
