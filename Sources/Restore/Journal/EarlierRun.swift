/// What is known of an earlier restore of the same snapshot to the same target that was interrupted.
package enum EarlierRun: Sendable {
    case none
    /// One that the user did not ask to continue; records that had their turn.
    case known(recordCount: UInt64)
    case continued(RestoreResumption)

    /// The target as the preflight should see it: without the memory that the earlier run's keys take.
    ///
    /// `recordCount` are the records of the snapshot.
    func withoutEarlierKeys(
        _ target: TargetFacts,
        recordCount: UInt64,
        _ estimate: RestoreEstimate
    ) -> TargetFacts {
        guard case .continued(let resumption) = self, recordCount > 0 else { return target }
        let share = Double(resumption.content.handledRecordCount) / Double(recordCount)
        let stored = UInt64(Double(estimate.likelyMemoryByteCount) * min(1, share))
        var target = target
        let least = min(target.startupMemory, target.usedMemory)
        target.usedMemory = max(least, target.usedMemory - min(stored, target.usedMemory))
        return target
    }

    /// The findings with what follows of the earlier run.
    func amended(_ findings: [PreflightFinding]) -> [PreflightFinding] {
        switch self {
        case .none: return findings
        case .known(let recordCount):
            return findings.map { finding in
                guard finding.kind == .notEmpty || finding.kind == .functionsPresent else { return finding }
                var finding = finding
                finding.advice =
                    "an interrupted restore of this snapshot to it is known (\(recordCount) records had their turn): "
                    + "continue it with --resume; or " + finding.advice
                return finding
            }
        case .continued(let resumption):
            // Its keys are the earlier run's, and nobody else's keys are overwritten.
            let own = findings.filter { $0.kind != .notEmpty && $0.kind != .functionsPresent }
            guard let finding = resumption.decision.finding else { return own }
            return finding.isRefusal ? [finding] + own : own + [finding]
        }
    }
}

extension Continuation {
    /// What an operator should know of it, nil if nothing.
    fileprivate var finding: PreflightFinding? {
        switch self {
        case .goesOn: nil
        case .stepsBack(let text):
            .warning(.interrupted, text, advice: "the last seconds before the restart are restored again")
        case .beginsAnew(let text): .warning(.interrupted, text, advice: "keys that are there are not overwritten")
        case .refuses(let text):
            .refusal(
                .exchanged,
                text,
                advice: "check the target's address; to fill it without touching its keys, restore without --resume "
                    + "and with --existing skip"
            )
        }
    }
}
