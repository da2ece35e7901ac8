import Catalog
import Operations
import SnapshotModel

/// What a drill came to, for a tired person and for programs.
enum DrillOutcomeRendering {
    /// Differences that are told one by one on a terminal.
    private static let shownDifferenceCount = 10

    static func text(_ outcome: DrillOutcome) -> String {
        let record = outcome.record
        var lines = [verdict(outcome), "", "snapshot    \(outcome.manifest.id) of \(outcome.manifest.source.name)"]
        let server = record.serverVersion.map { " (\(record.engine.rawValue) \($0))" } ?? ""
        if !outcome.place.isEmpty { lines.append("restored in \(outcome.place)\(server)") }
        lines += figures(record)
        lines += differences(outcome)
        for sentence in outcome.findings?.notCompared ?? [] { lines.append("note        " + sentence) }
        if let trend = trend(outcome) { lines.append(trend) }
        if let path = outcome.pagePath ?? outcome.reportPath { lines.append("report      \(path)") }
        return lines.map { Printable.text($0) }.joined(separator: "\n")
    }

    private static func verdict(_ outcome: DrillOutcome) -> String {
        let reason = outcome.record.reason.map { ": " + $0 } ?? ""
        switch outcome.record.result {
        case .pass: return "PASS: this snapshot restores, and what comes back is what was captured"
        case .difference: return "DIFFERENCE\(reason)"
        case .objectiveMissed: return "OBJECTIVE MISSED\(reason)"
        case .inconclusive: return "INCONCLUSIVE\(reason)"
        }
    }

    private static func figures(_ record: DrillRecord) -> [String] {
        let objectives = record.objectives
        var lines: [String] = []
        if let recovery = record.rtoMilliseconds {
            let hot = record.hotRTOMilliseconds.map { ", 80 % of the recent accesses after \(duration($0))" } ?? ""
            let limit = self.limit(objectives?.maximumRecoveryMilliseconds)
            lines.append("recovery    \(duration(recovery)) to every key\(limit)\(hot)")
        } else if let missing = record.differences[.missing], missing > 0 {
            lines.append("recovery    never to every key: \(Figures.counted(missing, "key")) missing")
        }
        lines.append(
            "data        \(duration(record.rpoMilliseconds)) old" + limit(objectives?.maximumDataAgeMilliseconds)
        )
        guard record.restoredKeyCount > 0 || record.comparedKeyCount > 0 else { return lines }
        let rate = record.keysPerSecond.map { ", \(Figures.count(UInt64($0))) keys/s" } ?? ""
        lines.append("restored    \(Figures.counted(record.restoredKeyCount, "key"))\(rate)")
        lines.append("compared    \(Figures.counted(record.comparedKeyCount, "key"))" + deadlines(record))
        if let sentinel = record.sentinel { lines.append("sentinel    \(words(sentinel))") }
        return lines
    }

    private static func words(_ sentinel: DrillRecord.Sentinel) -> String {
        switch sentinel {
        case .archiveAndNode: "found in the archive and in the node"
        case .archiveOnly: "found in the archive, but not in the node"
        case .nowhere: "not in the archive"
        }
    }

    private static func deadlines(_ record: DrillRecord) -> String {
        guard let largest = record.largestDeadlineErrorMilliseconds, let most = record.p99DeadlineErrorMilliseconds
        else {
            return ""
        }
        return ", deadlines off by at most \(largest) ms (99 %: \(most) ms)"
    }

    private static func limit(_ milliseconds: Int64?) -> String {
        milliseconds.map { " (at most \(duration($0)))" } ?? ""
    }

    private static func differences(_ outcome: DrillOutcome) -> [String] {
        let all = outcome.findings?.differences ?? []
        let shown = all.prefix(shownDifferenceCount).map { difference in
            let key = difference.key.isEmpty ? "" : "db\(difference.database) \(Printable.key(difference.key)) "
            let type = difference.typeName.isEmpty ? "" : "(\(difference.typeName)) "
            return "  \(difference.kind.rawValue): \(key)\(type)\(difference.detail)"
        }
        let hidden = outcome.record.differenceCount - min(outcome.record.differenceCount, UInt64(shown.count))
        return shown + (hidden > 0 ? ["  and \(Figures.count(hidden)) more, in the report"] : [])
    }

    /// The last drills before this one.
    private static func trend(_ outcome: DrillOutcome) -> String? {
        let recent = outcome.earlier.suffix(5)
        guard !recent.isEmpty else { return nil }
        let words = recent.map { drill in
            drill.record.rtoMilliseconds.map { duration($0) } ?? DrillRendering.words(drill.record.result)
        }
        return "earlier     " + words.joined(separator: ", ")
    }

    static func summary(_ outcome: DrillOutcome) -> JSONObject {
        var object: JSONObject = [
            "snapshot": .string(outcome.manifest.id.text),
            "sourceName": .string(outcome.manifest.source.name),
            "policy": .optional(outcome.policy),
            "place": .string(outcome.place),
        ]
        object.add(DrillRendering.json(outcome.record))
        object.add("notCompared", .array((outcome.findings?.notCompared ?? []).map { .string($0) }))
        object.add("earlierDrillCount", .count(outcome.earlier.count))
        object.add("fact", .optional(outcome.factID))
        object.add("reportPath", .optional(outcome.reportPath))
        object.add("pagePath", .optional(outcome.pagePath))
        return object
    }

    private static func duration(_ milliseconds: Int64) -> String { Figures.duration(milliseconds: milliseconds) }
}
