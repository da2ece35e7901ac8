package import SnapshotModel

/// What a policy decides about every backup, and whether it may be carried out.
package struct RetentionPlan: Hashable, Sendable {
    package enum Decision: String, CaseIterable, Hashable, Sendable {
        case keep
        case delete
        /// It could not be deleted: it is still being made, or the store forbids it.
        case skip
    }

    /// The decision about one backup.
    package struct Item: Hashable, Sendable, Identifiable {
        package var id: String
        package var group: String
        package var takenAt: UnixMilliseconds
        package var decision: Decision
        /// All that speaks for it, rules first, then floors; at least one unless it is deleted, then none.
        package var reasons: [RetentionReason]
        /// When it would be deleted if the schedule went on; now if it is to be deleted; nil if never or not foreseeable.
        package var earliestDeleteAt: UnixMilliseconds?
    }

    /// What an operator should know beside the decisions.
    package enum Notice: Hashable, Sendable {
        case corrupt(id: String, group: String)
        case futureDated(id: String, group: String, takenAt: UnixMilliseconds)
    }

    /// One item per backup; groups by name, within a group newest first.
    package var items: [Item]
    /// Why nothing may be deleted; empty if the plan may be carried out.
    package var brakes: [RetentionBrake]
    /// Brakes that the operator went past.
    package var overriddenBrakes: [RetentionBrake]
    package var notices: [Notice]
    /// The version of the time zone data that days were computed with.
    package var timeZoneDataVersion: String

    /// The ids that an application of the plan deletes: none while a brake holds.
    package var deletions: [String] {
        brakes.isEmpty ? items.filter { $0.decision == .delete }.map(\.id) : []
    }
}

extension RetentionPlan.Notice: CustomStringConvertible {
    package var description: String {
        switch self {
        case .corrupt(let id, let group): "snapshot \(id) of group '\(group)' is corrupt and counts for nothing"
        case .futureDated(let id, let group, let takenAt):
            "snapshot \(id) of group '\(group)' is dated in the future, \(takenAt), and counts for nothing until then"
        }
    }
}
