import Operations
import SnapshotModel

/// What taking a snapshot, or importing one, came to.
enum SnapshotReportRendering {
    static func finish(_ report: SnapshotReport, _ console: Console) -> VerbResult {
        console.done(text(report))
        return VerbResult(failure: failure(report), orElse: status(report), summary(report))
    }

    /// A part of a cluster, or of a server's items, must not pass for the whole in a job that looks at the exit code alone.
    static func status(_ report: SnapshotReport) -> ExitStatus {
        let isWhole = report.manifest.coversWholeSource && report.manifest.consistency.unreadableKeyCount ?? 0 == 0
        return isWhole ? .ok : .partial
    }

    /// A suspicious snapshot is there, and is no success.
    static func failure(_ report: SnapshotReport) -> OperationError? {
        report.suspicion.map { .suspicious(report.manifest.id, $0) }
    }

    static func text(_ report: SnapshotReport) -> String {
        let manifest = report.manifest
        let ratio =
            SnapshotRendering.ratio(stored: report.storedByteCount, raw: report.rawByteCount)
            .map { " (\(Figures.fixed($0, digits: 2)) of \(Figures.bytes(report.rawByteCount)))" } ?? ""
        let kind =
            (manifest.consistency.isPointInTime ? "point in time" : "window")
            + (manifest.coversWholeSource ? "" : ", a part of the cluster's slots only")
        return "snapshot \(manifest.id) of \(Printable.text(manifest.source.name)):"
            + " \(Figures.counted(report.keyCount, "key")), \(Figures.bytes(report.storedByteCount))\(ratio),"
            + " \(Figures.duration(milliseconds: report.durationMilliseconds)), \(kind)"
    }

    static func summary(_ report: SnapshotReport) -> JSONObject {
        let manifest = report.manifest
        var object: JSONObject = [
            "snapshot": .string(manifest.id.text),
            "sourceName": .string(manifest.source.name),
            "method": .string(manifest.method.rawValue),
            "isPointInTime": .bool(manifest.consistency.isPointInTime),
        ]
        object.add(SnapshotRendering.instant("instant", manifest.instant))
        object.add("keyCount", .unsigned(report.keyCount))
        object.add("expiringKeyCount", .unsigned(manifest.statistics.expiringKeyCount))
        object.add("rawByteCount", .unsigned(report.rawByteCount))
        object.add("storedByteCount", .unsigned(report.storedByteCount))
        object.add("codec", .string(manifest.codec))
        object.add("captureMilliseconds", .integer(report.captureMilliseconds))
        object.add("snapshotMilliseconds", .integer(report.durationMilliseconds))
        object.add("sourceWaitMilliseconds", .integer(report.sourceWaitMilliseconds))
        object.add("hurriedBlockCount", .unsigned(report.hurriedBlockCount))
        object.add("coversWholeSource", .bool(manifest.coversWholeSource))
        object.add("vanishedKeyCount", .unsigned(manifest.consistency.vanishedKeyCount))
        object.add("duplicateKeyCount", .unsigned(manifest.consistency.duplicateKeyCount))
        object.add(ConsistencyText.crawlCounts(manifest.consistency))
        object.add("warningCount", .count(report.warnings.count))
        object.add("suspicion", .optional(report.suspicion))
        return object
    }
}
