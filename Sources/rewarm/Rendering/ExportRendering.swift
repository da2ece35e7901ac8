import Operations
import Restore
import SnapshotModel

/// What an export came to.
enum ExportRendering {
    static func text(_ report: ExportReport, path: String) -> String {
        let counts = report.counts
        let duration = Figures.duration(milliseconds: report.durationMilliseconds)
        var lines = [
            "snapshot \(report.manifest.id) in '\(Printable.text(path))': \(Figures.bytes(counts.byteCount)), RDB version"
                + " \(report.format.rdbVersion), \(duration)",
            RestoreRendering.text(counts.accounting, noun: "key", stored: "written"),
        ]
        if counts.libraries.captured > 0 {
            lines.append(RestoreRendering.text(counts.libraries, noun: "function library", stored: "written"))
        }
        lines += counts.lostBlocks.map { "lost: " + Printable.text($0) }
        return lines.joined(separator: "\n")
    }

    static func summary(_ report: ExportReport, path: String) -> JSONObject {
        let counts = report.counts
        var object: JSONObject = [
            "snapshot": .string(report.manifest.id.text),
            "file": .string(path),
            "rdbVersion": .count(report.format.rdbVersion),
            "fileByteCount": .unsigned(counts.byteCount),
        ]
        object.add(RestoreRendering.json(counts.accounting, stored: "written"))
        object.add("libraries", .object(RestoreRendering.json(counts.libraries, unit: "Count", stored: "written")))
        object.add("moduleAuxiliaryCount", .unsigned(counts.moduleAuxiliaryCount))
        object.add("lostBlocks", .array(counts.lostBlocks.map { .string($0) }))
        object.add("exportMilliseconds", .integer(report.durationMilliseconds))
        return object
    }
}
