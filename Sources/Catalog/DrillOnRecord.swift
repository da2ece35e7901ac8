package import SnapshotModel

/// A drill as the repository remembers it, whether its snapshot is still there or not.
package struct DrillOnRecord: Hashable, Sendable {
    package var snapshot: SnapshotID
    package var sourceName: String
    /// The policy that took the snapshot.
    package var policy: String?
    package var statedAt: UnixMilliseconds
    package var record: DrillRecord

    init(
        snapshot: SnapshotID,
        sourceName: String,
        policy: String?,
        statedAt: UnixMilliseconds,
        record: DrillRecord
    ) {
        self.snapshot = snapshot
        self.sourceName = sourceName
        self.policy = policy
        self.statedAt = statedAt
        self.record = record
    }

    /// nil of a run that was something else.
    init?(_ run: RunRecord) {
        guard case .drilled(let snapshot, let record) = run.outcome, let sourceName = run.sourceName else { return nil }
        self.init(
            snapshot: snapshot,
            sourceName: sourceName,
            policy: run.policy,
            statedAt: run.recordedAt,
            record: record
        )
    }

    /// By what the record of a run and a fact are known to be about the same drill.
    struct Occasion: Hashable {
        var snapshot: SnapshotID
        var startedAt: UnixMilliseconds
    }

    var occasion: Occasion { Occasion(snapshot: snapshot, startedAt: record.startedAt) }
}
