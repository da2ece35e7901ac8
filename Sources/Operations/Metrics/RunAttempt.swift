package import SnapshotModel

/// One run of a policy as metrics tell of it, whatever it came to.
package struct RunAttempt: Hashable, Sendable {
    package var endedAt: UnixMilliseconds
    package var durationMilliseconds: Int64
    /// The exit code that the run has.
    package var exitCode: Int32
    /// Whether it left a good snapshot, with warnings or without.
    package var isSuccess: Bool

    package init(endedAt: UnixMilliseconds, durationMilliseconds: Int64, exitCode: Int32, isSuccess: Bool) {
        self.endedAt = endedAt
        self.durationMilliseconds = durationMilliseconds
        self.exitCode = exitCode
        self.isSuccess = isSuccess
    }
}

/// The last drill as metrics tell of it.
package struct DrillFigures: Hashable, Sendable {
    package var endedAt: UnixMilliseconds
    package var isSuccess: Bool
    /// How long recovery took, nil if it did not come about; and how old the data was.
    package var recoveryMilliseconds: Int64?
    package var dataAgeMilliseconds: Int64

    package init(_ record: DrillRecord) {
        endedAt = record.endedAt
        isSuccess = record.isPassed
        recoveryMilliseconds = record.rtoMilliseconds
        dataAgeMilliseconds = record.rpoMilliseconds
    }

    package init(endedAt: UnixMilliseconds, isSuccess: Bool, recoveryMilliseconds: Int64?, dataAgeMilliseconds: Int64) {
        self.endedAt = endedAt
        self.isSuccess = isSuccess
        self.recoveryMilliseconds = recoveryMilliseconds
        self.dataAgeMilliseconds = dataAgeMilliseconds
    }
}
