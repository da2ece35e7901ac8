package import SnapshotModel

/// A circumstance in which nothing is deleted, in any group.
package enum RetentionBrake: Hashable, Sendable {
    /// The group would be left without a backup that is good.
    case lastCandidate(group: String)
    /// More of the group would be deleted than `max-delete` allows.
    case massDelete(group: String, deletions: Int, of: Int, percent: Int)
    /// The clock shows less than at an earlier run.
    case clockBack(now: UnixMilliseconds, highWaterMark: UnixMilliseconds)
    /// Windows are counted from now, and a good backup of the group is dated later than now.
    case anchorBehind(group: String, now: UnixMilliseconds, newest: UnixMilliseconds)
    /// The newest candidate of the group lacks a file.
    case newestMissing(group: String, id: String)
    /// Catalog and store disagree.
    case disagreement(String)
    /// The policy changed since the last run and wants that confirmed.
    case policyChanged
}

extension RetentionBrake {
    /// The brake's name in JSON and in messages.
    package var name: String {
        switch self {
        case .lastCandidate: "last-candidate"
        case .massDelete: "mass-delete"
        case .clockBack: "clock-back"
        case .anchorBehind: "anchor-behind"
        case .newestMissing: "newest-missing"
        case .disagreement: "disagreement"
        case .policyChanged: "policy-changed"
        }
    }

    /// What is the matter, as a sentence without a full stop.
    package var sentence: String {
        switch self {
        case .lastCandidate(let group): "group '\(group)' would be left without a good snapshot"
        case .massDelete(let group, let deletions, let count, let percent):
            "\(deletions) of \(count) snapshots of group '\(group)' would be deleted, more than \(percent)%"
        case .clockBack(let now, let mark): "the clock shows \(now), but an earlier run saw \(mark)"
        case .anchorBehind(let group, let now, let newest):
            "windows are counted from now, \(now), but group '\(group)' has a snapshot of \(newest)"
        case .newestMissing(let group, let id): "the newest snapshot of group '\(group)', \(id), lacks a file"
        case .disagreement(let what): what
        case .policyChanged: "the retention rules were changed since the last run"
        }
    }

    /// What to do to get past it, as a sentence without a full stop.
    package var wayPast: String {
        switch self {
        case .lastCandidate: "take a good snapshot first, or set min-copies to at least 1"
        case .massDelete: "look at the plan, then run once with --allow-mass-delete, or raise max-delete"
        case .clockBack, .anchorBehind:
            "set the clock right; if it is right now and was wrong before, run once with --reset-clock"
        case .newestMissing: "bring the file back, or delete that snapshot by its id"
        case .disagreement: "run 'rewarm catalog rebuild', then plan again"
        case .policyChanged: "look at the plan, then run once with --accept-policy-change"
        }
    }

    /// Whether the operator took the way past it.
    package func isOverridden(by overrides: RetentionOverrides) -> Bool {
        switch self {
        case .massDelete: overrides.allowMassDelete
        case .clockBack, .anchorBehind: overrides.resetClock
        case .policyChanged: overrides.acceptPolicyChange
        case .lastCandidate, .newestMissing, .disagreement: false
        }
    }
}
