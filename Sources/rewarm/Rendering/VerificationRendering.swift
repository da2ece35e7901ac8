import Operations
import SnapshotModel

/// What verify found.
enum VerificationRendering {
    /// The lines of one snapshot.
    static func text(_ result: SnapshotVerification) -> String {
        let name = "\(result.snapshot)  \(Printable.text(result.sourceName))"
        let size =
            "\(Figures.bytes(result.readByteCount)) in \(Figures.duration(milliseconds: result.durationMilliseconds))"
        guard !result.isIntact else {
            return "\(name)  intact: \(Figures.counted(result.intactRecordCount, "record")), \(size)"
        }
        let lost =
            "\(known(result.lostRecordCount, "record")) in \(known(result.lostBlockCount, "block")) lost,"
            + " \(Figures.counted(result.intactRecordCount, "record")) intact"
        let lines = (result.problems + result.losses).map { "\n  " + Printable.text($0) }
        return "\(name)  DAMAGED: \(lost), \(size)" + lines.joined()
    }

    static func json(_ result: SnapshotVerification) -> JSONObject {
        [
            "snapshot": .string(result.snapshot.text),
            "sourceName": .string(result.sourceName),
            "isIntact": .bool(result.isIntact),
            "problems": .array(result.problems.map { .string($0) }),
            "losses": .array(result.losses.map { .string($0) }),
            "lostBlockCount": result.lostBlockCount.map { .unsigned($0) } ?? .null,
            "lostRecordCount": result.lostRecordCount.map { .unsigned($0) } ?? .null,
            "intactBlockCount": .unsigned(result.intactBlockCount),
            "intactRecordCount": .unsigned(result.intactRecordCount),
            "readByteCount": .unsigned(result.readByteCount),
            "verifyMilliseconds": .integer(result.durationMilliseconds),
        ]
    }

    static func closing(_ report: VerifyReport) -> String {
        var parts = ["\(Figures.counted(UInt64(report.results.count), "snapshot")) verified"]
        if !report.damaged.isEmpty { parts.append("\(report.damaged.count) damaged") }
        if !report.unread.isEmpty { parts.append("\(report.unread.count) not readable") }
        if !report.postponed.isEmpty { parts.append("\(report.postponed.count) left for the next time") }
        return parts.joined(separator: ", ")
    }

    static func summary(_ report: VerifyReport) -> JSONObject {
        [
            "verifiedSnapshotCount": .count(report.results.count),
            "damagedSnapshotCount": .count(report.damaged.count),
            "unreadSnapshotCount": .count(report.unread.count),
            "postponedSnapshotCount": .count(report.postponed.count),
            "readByteCount": .unsigned(report.results.reduce(0) { $0 + $1.readByteCount }),
            "damagedSnapshots": .array(report.damaged.map { .string($0.snapshot.text) }),
        ]
    }

    private static func known(_ count: UInt64?, _ noun: String) -> String {
        count.map { Figures.counted($0, noun) } ?? "an unknown number of \(noun)s"
    }
}
