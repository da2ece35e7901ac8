import Comparison
import Restore
import SnapshotModel

/// Decides what a drill came to; pure.
///
/// Nothing that was not compared passes.
struct DrillVerdict {
    private let objectives: DrillRecord.Objectives
    private let report: RestoreReport

    init(_ objectives: DrillRecord.Objectives, _ report: RestoreReport) {
        (self.objectives, self.report) = (objectives, report)
    }

    func apply(_ findings: DrillFindings, to outcome: inout DrillOutcome) {
        outcome.record.comparedKeyCount = findings.comparedKeyCount
        outcome.record.differences = findings.counts
        if findings.deadlineErrors.count > 0 {
            outcome.record.largestDeadlineErrorMilliseconds = Int64(clamping: findings.deadlineErrors.largest.magnitude)
            outcome.record.p99DeadlineErrorMilliseconds = Int64(clamping: findings.deadlineErrors.percentile(99))
        }
        let record = outcome.record
        if onlyUnsupportedIsMissing(findings) {
            (outcome.record.result, outcome.record.reason) = (.inconclusive, unsupported)
            outcome.advice = "name a server that loads all types of the snapshot with --server"
        } else if let difference = difference(findings, outcome) {
            (outcome.record.result, outcome.record.reason) = (.difference, difference)
        } else if let reason = undecided(findings) {
            (outcome.record.result, outcome.record.reason) = (.inconclusive, reason)
            outcome.advice = "drill with a server like the source, where these can be read"
        } else if let reason = missedObjectives(record) {
            (outcome.record.result, outcome.record.reason) = (.objectiveMissed, reason)
        } else {
            (outcome.record.result, outcome.record.reason) = (.pass, nil)
        }
    }

    private func difference(_ findings: DrillFindings, _ outcome: DrillOutcome) -> String? {
        let parts = [findings.summary, Self.sentinelLoss(outcome)].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// Only what the capture found can be lost: a snapshot without it is suspicious already.
    private static func sentinelLoss(_ outcome: DrillOutcome) -> String? {
        guard outcome.manifest.sentinel?.finding == .found else { return nil }
        switch outcome.record.sentinel {
        case .archiveAndNode, nil: return nil
        case .archiveOnly: return "the sentinel is in the archive, but not in the node"
        case .nowhere: return "the sentinel is no longer in the archive"
        }
    }

    /// What this server cannot hold says nothing about one that can.
    private func onlyUnsupportedIsMissing(_ findings: DrillFindings) -> Bool {
        let count = report.accounting[.unsupported]
        return count > 0 && findings.counts == [.missing: count]
    }

    private var unsupported: String {
        "\(report.accounting[.unsupported]) keys are of types that \(report.plan.target.engine.rawValue) "
            + "\(report.plan.target.version) cannot hold"
    }

    private func undecided(_ findings: DrillFindings) -> String? {
        if let (words, count) = findings.refusals.max(by: { $0.value < $1.value }) {
            return "the node did not let \(count) keys be read: \(words)"
        }
        guard !findings.undecided.isEmpty else { return nil }
        let types = findings.undecided.sorted { $0.key < $1.key }.map { "\($0.value) of type \($0.key)" }
        return "values could not be compared: " + types.joined(separator: ", ")
    }

    private func missedObjectives(_ record: DrillRecord) -> String? {
        var missed: [String] = []
        if let limit = objectives.maximumRecoveryMilliseconds, let time = record.rtoMilliseconds, time > limit {
            missed.append("recovery took \(time) ms, and may take \(limit) ms")
        }
        if let limit = objectives.maximumDataAgeMilliseconds, record.rpoMilliseconds > limit {
            missed.append("the data was \(record.rpoMilliseconds) ms old, and may be \(limit) ms")
        }
        return missed.isEmpty ? nil : missed.joined(separator: "; ")
    }
}
