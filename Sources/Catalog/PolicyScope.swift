package import SnapshotModel

/// What a policy decides on: what it took itself, and what nobody's policy took of its source.
///
/// Snapshots of other policies are never touched.
package struct PolicyScope: Hashable, Sendable {
    /// The policy's name.
    package var policy: String
    /// The policy's source; nil for any source.
    package var sourceName: String?

    package init(policy: String, sourceName: String?) {
        self.policy = policy
        self.sourceName = sourceName
    }

    package func contains(_ entry: SnapshotEntry) -> Bool {
        contains(policy: entry.policy, sourceName: entry.sourceName)
    }

    package func contains(_ run: RunRecord) -> Bool {
        contains(policy: run.policy, sourceName: run.sourceName)
    }

    package func contains(policy other: String?, sourceName otherSource: String?) -> Bool {
        guard let other else { return sourceName == nil || otherSource == sourceName }
        return other == policy
    }
}
