/// What happened in a run that left no snapshot, or that must be remembered longer than its snapshot: a small write-once
/// object.
///
/// A run that took a snapshot needs none: its manifest tells of it.
package struct RunRecord: Codable, Hashable, Sendable, Identifiable {
    package static let currentSchema = 1

    /// How a run ended.
    ///
    /// New kinds are only ever added.
    package enum Outcome: Codable, Hashable, Sendable {
        /// A snapshot or an import that failed: the kind of the failure in the words of the exit codes
        /// (`unreachable`, `denied`…), and the reason without secrets, key names and values.
        case snapshotFailed(kind: String, reason: String)
        /// Retention was carried out by a policy.
        ///
        /// `mark` is the instant that it took for now: a later run that sees an earlier one knows that the clock went
        /// back. `policyDigest` is that of the policy that it followed.
        case expired(mark: UnixMilliseconds, policyDigest: String, deletedCount: Int)
        /// A snapshot was drilled: what the fact beside it says, for the time when both are purged.
        ///
        /// It is no proof: retention decides on facts.
        case drilled(snapshot: SnapshotID, record: DrillRecord)
    }

    package var schema: Int
    /// Unique within the repository: the instant of recording and six random digits, in the form of a snapshot id.
    package var id: SnapshotID
    package var startedAt: UnixMilliseconds
    package var recordedAt: UnixMilliseconds
    /// Who ran it, `user@host`.
    package var recordedBy: String
    /// nil where the run is not about one source.
    package var sourceName: String?
    /// The policy that asked for it.
    package var policy: String?
    package var outcome: Outcome

    package init(
        id: SnapshotID,
        startedAt: UnixMilliseconds,
        recordedAt: UnixMilliseconds,
        recordedBy: String,
        sourceName: String?,
        policy: String?,
        outcome: Outcome
    ) {
        schema = Self.currentSchema
        self.id = id
        self.startedAt = startedAt
        self.recordedAt = recordedAt
        self.recordedBy = recordedBy
        self.sourceName = sourceName
        self.policy = policy
        self.outcome = outcome
    }

    /// Whether it tells of an attempt at a snapshot.
    package var isFailedSnapshot: Bool {
        if case .snapshotFailed = outcome { true } else { false }
    }
}
