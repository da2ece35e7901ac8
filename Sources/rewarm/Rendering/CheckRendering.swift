import Catalog
import Operations
import SnapshotModel

/// What a check found, as lines and as JSON.
struct CheckRendering {
    let report: CheckReport
    private let now: UnixMilliseconds

    init(_ report: CheckReport, now: UnixMilliseconds) {
        (self.report, self.now) = (report, now)
    }

    /// `web: snapshot … is 3 h 20 min old and has 1,234 keys (1.21 MB); verified 2 d 4 h ago; 40.1 GB free`.
    var goodNews: String {
        guard let newest = report.newest, let age = report.ageMilliseconds else { return report.policy + ": good" }
        var parts = [
            "\(report.policy): snapshot \(newest.id) is \(Figures.duration(milliseconds: age)) old and has "
                + "\(Figures.counted(newest.keyCount, "key")) (\(Figures.bytes(newest.rawByteCount)))"
        ]
        if let verifiedAt = report.verifiedAt { parts.append("verified \(ago(verifiedAt))") }
        if let drilledAt = report.drilledAt { parts.append("drilled \(ago(drilledAt))") }
        if let free = report.freeByteCount { parts.append("\(Figures.bytes(free)) free") }
        return parts.joined(separator: "; ")
    }

    /// The worst problem, and in one text with it the others, a line each; nil if all is well.
    func failure(allInOne: Bool) -> OperationError? {
        guard let worst = messages.first else { return nil }
        let others = allInOne ? messages.dropFirst().map { "\n  also: " + $0 }.joined() : ""
        return OperationError(.guarded, "\(report.policy): \(worst)\(others)", hint: hint)
    }

    /// One for each problem, the worst first.
    var messages: [String] { report.findings.map { message($0) } + [failedAttempt].compactMap(\.self) }

    private func message(_ finding: CheckFinding) -> String {
        switch finding {
        case .unreadable(let error): "the repository cannot be read: \(error.message)"
        case .noSnapshot(let count):
            "there is no good snapshot" + (count > 0 ? ", only \(count) that are damaged, suspicious or misdated" : "")
        case .tooOld(let entry, let age, let limit):
            "the newest good snapshot, \(entry.id), is \(Figures.duration(milliseconds: age)) old, more than \(limit)"
        case .tooFewKeys(let entry, let minimum):
            "snapshot \(entry.id) has \(Figures.counted(entry.keyCount, "key")), fewer than \(Figures.count(minimum))"
        case .tooFewBytes(let entry, let minimum):
            "snapshot \(entry.id) holds \(Figures.bytes(entry.rawByteCount)) before compression, "
                + "less than \(Figures.bytes(minimum))"
        case .damaged(let entries): "damaged: " + names(entries)
        case .suspicious(let entry): "snapshot \(entry.id), newer than all good ones, is suspicious"
        case .future(let entry): "snapshot \(entry.id) is dated in the future: a clock is or was wrong"
        case .verification(nil, _): "no snapshot was ever verified and found good"
        case .verification(.some(let instant), let limit): "last verified \(ago(instant)), more than \(limit)"
        case .drill(nil, _): "never drilled"
        case .drill(.some(let instant), let limit): "last drilled \(ago(instant)), more than \(limit)"
        case .littleSpace(let free, let needed):
            "only \(Figures.bytes(free)) are free, and the next snapshot may need \(Figures.bytes(needed))"
        }
    }

    /// Why there is nothing newer, where that is what is wrong.
    private var failedAttempt: String? {
        guard let run = report.lastFailure, case .snapshotFailed(_, let reason) = run.outcome else { return nil }
        let isAsked = report.findings.contains { finding in
            switch finding {
            case .tooOld, .noSnapshot: true
            default: false
            }
        }
        return isAsked ? "the last attempt, \(ago(run.startedAt)), failed: \(reason)" : nil
    }

    private var hint: String? {
        switch report.findings.first {
        case .unreadable(let error): error.hint
        case .suspicious(let entry):
            "look at it with 'rewarm show \(entry.id)'; if it is right: rewarm accept \(entry.id)"
        case .verification: "rewarm verify --all --policy '\(report.policy)'"
        case .damaged(let entries): entries.first.map { "rewarm verify \($0.id)" }
        default: nil
        }
    }

    private func names(_ entries: [SnapshotEntry]) -> String {
        let shownCount = 3
        let shown = entries.prefix(shownCount).map(\.id.text).joined(separator: ", ")
        return shown + (entries.count > shownCount ? " and \(entries.count - shownCount) more" : "")
    }

    private func ago(_ instant: UnixMilliseconds) -> String {
        Figures.duration(milliseconds: now.milliseconds(since: instant)) + " ago"
    }
}

extension CheckRendering {
    func json(_ finding: CheckFinding) -> JSONObject {
        [
            "check": .string(finding.subject),
            "severity": .string(Self.name(finding.severity)),
            "message": .string(message(finding)),
        ]
    }

    var summary: JSONObject {
        var object: JSONObject = [
            "policy": .string(report.policy),
            "sourceName": .optional(report.sourceName),
            "status": .string(report.severity.map { Self.name($0) } ?? "ok"),
            "problemCount": .count(report.findings.count),
        ]
        if let newest = report.newest {
            object.add([
                "snapshot": .string(newest.id.text),
                "keyCount": .unsigned(newest.keyCount),
                "rawByteCount": .unsigned(newest.rawByteCount),
                "storedByteCount": .unsigned(newest.storedByteCount),
            ])
        }
        if let age = report.ageMilliseconds { object.add("ageMilliseconds", .integer(age)) }
        if let verifiedAt = report.verifiedAt { object.add(SnapshotRendering.instant("verifiedAt", verifiedAt)) }
        if let drilledAt = report.drilledAt { object.add(SnapshotRendering.instant("drilledAt", drilledAt)) }
        if let free = report.freeByteCount { object.add("freeByteCount", .unsigned(free)) }
        return object
    }

    private static func name(_ severity: CheckFinding.Severity) -> String {
        switch severity {
        case .warning: "warning"
        case .critical: "critical"
        }
    }
}
