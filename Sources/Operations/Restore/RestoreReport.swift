import ObjectStorage
package import Restore
package import SnapshotModel
import Transport

/// What a restore came to.
package struct RestoreReport: Sendable {
    package let manifest: Manifest
    package let plan: RestorePlan
    package let result: RestoreResult

    package var accounting: RestoreAccounting { result.accounting }
    package var loadingMilliseconds: Int64 { result.loadingDuration.milliseconds }
    package var durationMilliseconds: Int64 { result.duration.milliseconds }

    /// Records that the target stored per second.
    package var keysPerSecond: Double {
        let seconds = Double(max(1, loadingMilliseconds)) / 1000
        return Double(accounting[.restored]) / seconds
    }

    /// Why the restore is not what was asked for, as the error that decides on the exit code; nil if all is well.
    package var failure: OperationError? {
        guard accounting.isBalanced, result.libraries.isBalanced else { return unbalanced }
        let address = plan.target.address
        if let remedy = result.remedy {
            return OperationError(
                .failure,
                remedy,
                hint: "until then it takes no writes; this restore came to: \(summary)"
            )
        }
        if plan.options.method == .replication, let failure = replicationFailure { return failure }
        switch result.ending {
        case .finished: return result.isComplete ? nil : incomplete
        case .refused(let text):
            return OperationError(
                .partial,
                "\(address) took no further writes (\(text)): \(summary)",
                hint: "make room or repair the target, then continue with --resume"
            )
        case .connectionLost(let error):
            return OperationError(
                error.category == .unreachable ? .unreachable : .partial,
                "\(error.message): \(summary)",
                hint: "what was stored stays; continue with --resume",
                cause: error
            )
        case .damaged(let error as ObjectStoreError) where error.code != .corrupted:
            // Who cannot read it does not know whether it is damaged.
            return OperationError(
                OperationError(describing: error).kind,
                "snapshot \(manifest.id) could not be read (\(error.message)): \(summary)",
                hint: "what was stored stays; continue with --resume",
                cause: error
            )
        case .damaged(let error):
            return OperationError(
                .integrity,
                "snapshot \(manifest.id) is damaged (\(error)): \(summary)",
                hint: "take another snapshot, or load what is intact with --salvage",
                cause: error
            )
        case .cancelled:
            return OperationError(.cancelled, "cancelled: \(summary)", hint: "continue with --resume")
        case .exchanged(let reason):
            return OperationError(
                .unsafeTarget,
                "\(reason): \(summary)",
                hint: "check the target's address; to fill it without touching its keys, restore with --existing skip"
            )
        }
    }

    /// Why a target did not load the stream; nil if it did.
    ///
    /// What it had loaded of it, it does not keep.
    private var replicationFailure: OperationError? {
        let address = plan.target.address
        let state = "it is detached, and keeps nothing of the stream"
        switch result.ending {
        case .finished, .damaged, .exchanged: return nil
        case .cancelled: return OperationError(.cancelled, "cancelled: \(address) is detached; \(summary)")
        case .refused(let text):
            return OperationError(
                .partial,
                "\(address) was not restored: \(text)",
                hint: state + "; mend the cause, then run the restore again"
            )
        case .connectionLost(let error):
            return OperationError(
                OperationError(describing: error).kind,
                "\(address) was not restored: \(error.message)",
                hint: "if it is still there, " + state + "; run the restore again",
                cause: error
            )
        }
    }

    private var unbalanced: OperationError {
        OperationError(
            .failure,
            "the accounting is off: \(accounting.captured) keys captured, \(accounting.sum) accounted for, "
                + "\(result.libraries.captured) function libraries captured, \(result.libraries.sum) accounted for",
            hint: "check the snapshot with 'rewarm verify \(manifest.id)', and report this"
        )
    }

    private var incomplete: OperationError {
        guard let verification = result.verification else {
            return OperationError(
                .partial,
                "\(plan.target.address) could not be asked what it holds: \(summary)",
                hint: "compare its INFO keyspace with the snapshot"
            )
        }
        if accounting.isComplete, result.libraries.isComplete, result.lostBlocks.isEmpty {
            return OperationError(
                .partial,
                "\(plan.target.address) does not hold what it said that it stored: " + verification.summary,
                hint: "look for other clients that write or delete, and for evictions"
            )
        }
        return OperationError(.partial, "not every key was restored: \(summary)")
    }

    /// "1200 of 1500 keys restored, 300 failed (outOfMemory: 300)".
    package var summary: String {
        let others = RestoreAccounting.Class.allCases.compactMap { recordClass -> String? in
            let count = accounting[recordClass]
            guard recordClass != .restored, count > 0 else { return nil }
            let reasons = (accounting.reasons[recordClass] ?? [:]).sorted { $0.key < $1.key }
                .map { "\($0.key): \($0.value)" }.joined(separator: ", ")
            return ", \(count) \(recordClass.rawValue)" + (reasons.isEmpty ? "" : " (\(reasons))")
        }
        return "\(accounting[.restored]) of \(accounting.captured) keys restored" + others.joined()
    }
}

extension RestoreVerification {
    /// The differences in words.
    fileprivate var summary: String {
        let databases = databases.filter { !$0.isAsExpected }.map { check in
            let found = check.expiringKeyCount.map { " (\($0) with a deadline)" } ?? ""
            let expected = check.expiringKeyCount == nil ? "" : " (\(check.expectedExpiringKeyCounts))"
            let keys = Figures.counted(check.keyCount, "key")
            return "database \(check.database) has \(keys)\(found), expected \(check.expectedKeyCounts)" + expected
        }
        let sample = [
            (missingKeyCount, "missing"), (differingValueCount, "with another value"),
            (differingDeadlineCount, "with another deadline"),
        ].filter { $0.0 > 0 }.map { "\($0.0) of \(sampledKeyCount) sampled keys \($0.1)" }
        return (databases + sample).joined(separator: "; ")
    }
}
