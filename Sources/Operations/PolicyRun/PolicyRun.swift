package import SnapshotModel

/// A run of a policy, as far as it has come.
package struct PolicyRun: Sendable {
    /// What became of retention after a good snapshot.
    package enum Expiry: Sendable {
        /// The policy does not ask for it, or there is no good snapshot: nothing expires then.
        case notAttempted
        case done(ExpireReport)
        case failed(OperationError)
    }

    package let policy: String
    package let sourceName: String
    package let startedAt: UnixMilliseconds
    package internal(set) var finishedAt: UnixMilliseconds?
    /// nil while there is none yet.
    package internal(set) var snapshot: Result<SnapshotReport, OperationError>?
    package internal(set) var expiry = Expiry.notAttempted
    /// Hooks that ended badly: each was reported, and changed nothing.
    package internal(set) var failedHookCount = 0

    init(policy: String, sourceName: String, startedAt: UnixMilliseconds) {
        (self.policy, self.sourceName, self.startedAt) = (policy, sourceName, startedAt)
    }

    /// The snapshot, suspicious or not.
    package var report: SnapshotReport? { try? snapshot?.get() }

    /// Whether there is a snapshot that no guard doubts.
    package var isGood: Bool { report.map { $0.suspicion == nil } ?? false }

    package var expireReport: ExpireReport? {
        if case .done(let report) = expiry { report } else { nil }
    }

    /// Why the run is not all that was asked for; nil if it is.
    ///
    /// A good snapshot stays one whatever became of retention: then it is a brake, or partial.
    package var failure: OperationError? {
        switch snapshot {
        case nil: return nil
        case .failure(let error): return error
        case .success(let report):
            if let suspicion = report.suspicion { return .suspicious(report.manifest.id, suspicion) }
            return expiryFailure.map { error in
                OperationError(
                    error.kind == .brake ? .brake : .partial,
                    "snapshot \(report.manifest.id) is good, but \(error.message)",
                    hint: error.hint,
                    cause: error
                )
            }
        }
    }

    private var expiryFailure: OperationError? {
        switch expiry {
        case .notAttempted: nil
        case .done(let report): report.failure
        case .failed(let error): error
        }
    }
}

extension OperationError {
    /// A guard doubts a snapshot, which is kept.
    package static func suspicious(_ id: SnapshotID, _ suspicion: String) -> Self {
        Self(
            .guarded,
            "snapshot \(id) is suspicious and kept, and nothing expires: \(suspicion)",
            hint: "look at it with 'rewarm show \(id)'; if it is right: rewarm accept \(id)"
        )
    }
}
