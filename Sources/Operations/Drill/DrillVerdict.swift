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
        // A node that lacks keys never answered for every key.
        if (findings.counts[.missing] ?? 0) > 0 { outcome.record.rtoMilliseconds = nil }
        if findings.deadlineErrors.count > 0 {
            outcome.record.largestDeadlineErrorMilliseconds = Int64(clamping: findings.deadlineErrors.largest.magnitude)
            outcome.record.p99DeadlineErrorMilliseconds = Int64(clamping: findings.deadlineErrors.percentile(99))
        }
        let record = outcome.record
        if let obstacle = Unstored(report, findings).obstacle {
            (outcome.record.result, outcome.record.reason) = (.inconclusive, obstacle.reason)
            outcome.advice = obstacle.advice
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

    private func undecided(_ findings: DrillFindings) -> String? {
        if let (words, count) = findings.refusals.max(by: { $0.value < $1.value }) {
            return "the node did not let \(Figures.counted(UInt64(count), "key")) be read: \(words)"
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

/// Keys that the node did not take, or did not keep: what it has not says nothing about the snapshot, unless it is a
/// server that has to take them.
private struct Unstored {
    private let report: RestoreReport
    private let findings: DrillFindings

    init(_ report: RestoreReport, _ findings: DrillFindings) {
        (self.report, self.findings) = (report, findings)
    }

    /// Why nothing is known; nil if other keys are missing as well, or differ.
    var obstacle: DrillObstacle? {
        let accounting = report.accounting
        let evicted = max(findings.evictedKeyCount, accounting[.evicted])
        let (unsupported, failed) = (accounting[.unsupported], accounting[.failed])
        let missing = findings.counts[.missing] ?? 0
        guard missing > 0, findings.differenceCount == missing, unloaded == 0,
            missing <= unsupported + failed + evicted
        else { return nil }
        let words = [
            (unsupported, "\(unsupported) keys are of types that \(server) cannot hold"),
            (failed, "\(server) did not store \(failed) keys\(failureWords)"),
            (evicted, "\(server) threw away \(evicted) keys for want of memory"),
        ].filter { $0.0 > 0 }.map(\.1)
        return DrillObstacle(words.joined(separator: "; "), advice)
    }

    private var advice: String {
        if report.accounting[.unsupported] > 0 {
            return "name a server that loads all types of the snapshot with --server"
        }
        if report.accounting[.failed] > 0 { return "mend what the server complains of, then run the drill again" }
        return "give the node more memory, then run the drill again"
    }

    private var server: String { "\(report.plan.target.engine.rawValue) \(report.plan.target.version)" }

    private var failureWords: String {
        let texts = (report.accounting.reasons[.failed] ?? [:]).keys.sorted().compactMap {
            report.result.errorTexts[$0]
        }
        return texts.first.map { " (\($0))" } ?? ""
    }

    /// Keys that the server called malformed although it knows all types of the snapshot: then it is the payload.
    private var unloaded: UInt64 {
        guard report.plan.unsupported.isEmpty else { return 0 }
        return (report.accounting.reasons[.unsupported] ?? [:]).reduce(0) { sum, entry in
            let isModule = entry.key.hasPrefix(RestoreReason.unknownType("module").text)
            return sum + (entry.key.hasPrefix(RestoreReason.unknownType("").text) && !isModule ? entry.value : 0)
        }
    }
}
