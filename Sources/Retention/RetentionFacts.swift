package import SnapshotModel

/// What a plan must know beside the snapshots: about earlier runs, and about what is stored.
package struct RetentionFacts: Hashable, Sendable {
    /// The latest time at which an earlier run of this policy planned.
    package var highWaterMark: UnixMilliseconds?
    /// Backups of which a file is missing from the store.
    package var missingFiles: Set<String>
    /// In what catalog and store disagree, as a sentence; nil if they agree.
    package var disagreement: String?
    /// A digest of `RetentionPolicy.canonicalText` now, and at the last run that was applied.
    package var policyDigest: String?
    package var policyDigestAtLastRun: String?
    /// The interval of the schedule in milliseconds, for forecasts; nil: it is estimated from the group's history.
    package var scheduleInterval: Int64?

    package init(
        highWaterMark: UnixMilliseconds? = nil,
        missingFiles: Set<String> = [],
        disagreement: String? = nil,
        policyDigest: String? = nil,
        policyDigestAtLastRun: String? = nil,
        scheduleInterval: Int64? = nil
    ) {
        self.highWaterMark = highWaterMark
        self.missingFiles = missingFiles
        self.disagreement = disagreement
        self.policyDigest = policyDigest
        self.policyDigestAtLastRun = policyDigestAtLastRun
        self.scheduleInterval = scheduleInterval
    }
}

/// The ways past a brake that the operator took.
package struct RetentionOverrides: Hashable, Sendable {
    /// `--allow-mass-delete`.
    package var allowMassDelete: Bool
    /// `--accept-policy-change`.
    package var acceptPolicyChange: Bool
    /// `--reset-clock`.
    package var resetClock: Bool

    package init(allowMassDelete: Bool = false, acceptPolicyChange: Bool = false, resetClock: Bool = false) {
        (self.allowMassDelete, self.acceptPolicyChange, self.resetClock) =
            (allowMassDelete, acceptPolicyChange, resetClock)
    }
}
