import SnapshotModel

extension RetentionPlanner {
    /// Every brake that holds, whether the operator went past it or not: those of the whole, then those of each group.
    func brakes(_ drafts: [GroupDraft], _ facts: RetentionFacts, _ now: UnixMilliseconds) -> [RetentionBrake] {
        var brakes: [RetentionBrake] = []
        let skew = RetentionPolicy.skewMilliseconds
        if let mark = facts.highWaterMark, now < mark.advanced(byMilliseconds: -skew) {
            brakes.append(.clockBack(now: now, highWaterMark: mark))
        }
        if let disagreement = facts.disagreement { brakes.append(.disagreement(disagreement)) }
        if policy.confirmPolicyChange, let last = facts.policyDigestAtLastRun, last != facts.policyDigest {
            brakes.append(.policyChanged)
        }
        for draft in drafts {
            if policy.anchor == .now, let newest = draft.newestFutureDated {
                brakes.append(.anchorBehind(group: draft.name, now: now, newest: newest))
            }
            if let newest = draft.newestCandidate, facts.missingFiles.contains(newest.id) {
                brakes.append(.newestMissing(group: draft.name, id: newest.id))
            }
            brakes += brakesOfDeletions(draft)
        }
        return brakes
    }

    private func brakesOfDeletions(_ draft: GroupDraft) -> [RetentionBrake] {
        let deleted = draft.members.indices.filter { draft.decision(of: $0) == .delete }
        guard !deleted.isEmpty else { return [] }
        var brakes: [RetentionBrake] = []
        // A failed run left nothing to restore: its record counts neither as a backup nor as a loss.
        let losses = deleted.count { draft.members[$0].state != .failed }
        let count = draft.members.count { $0.state != .failed }
        let isCandidateLeft = draft.candidates.contains { draft.decision(of: $0) != .delete }
        if !isCandidateLeft, losses > 0 || deleted.count == draft.members.count {
            brakes.append(.lastCandidate(group: draft.name))
        }
        let (share, overflow) = count.multipliedReportingOverflow(by: policy.maximumDeletePercent)
        if losses > RetentionPolicy.alwaysAllowedDeletions, !overflow, losses * 100 > share {
            brakes.append(
                .massDelete(group: draft.name, deletions: losses, of: count, percent: policy.maximumDeletePercent)
            )
        }
        return brakes
    }
}

extension GroupDraft {
    /// The instant of the newest backup that is dated in the future and would be a candidate otherwise.
    fileprivate var newestFutureDated: UnixMilliseconds? {
        members.indices.first {
            standings[$0] == .futureDated && members[$0].health != .corrupt && members[$0].health != .suspicious
        }.map { members[$0].takenAt }
    }
}
