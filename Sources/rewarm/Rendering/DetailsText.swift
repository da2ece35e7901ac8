import Catalog
import Operations
import SnapshotModel

/// One snapshot in full, for people.
struct DetailsText {
    private let details: SnapshotDetails
    private let now: UnixMilliseconds

    init(_ details: SnapshotDetails, now: UnixMilliseconds) {
        self.details = details
        self.now = now
    }

    private var manifest: Manifest { details.manifest }
    private var statistics: SnapshotStatistics { manifest.statistics }

    /// Paragraphs, each line with its line feed.
    var text: String {
        let sections: [(String, [String])] = [
            ("", head),
            ("Consistency", ConsistencyText.sentences(manifest)),
            ("Sizes", sizes),
            ("Keys by database", databases),
            ("Keys by type", types),
            ("Items by slab class", slabClasses),
            ("Life left at the instant", LifetimeBars.lines(statistics.lifetimes)),
            ("Temperature tiers", AccessTierRendering.lines(statistics)),
            ("Parts", parts),
            ("State", state),
            ("Drills", details.standing.drills.flatMap { DrillRendering.lines($0) }),
            ("Last drills of the source", trend),
            ("Holds", holds),
            ("Warnings of the capture", manifest.warnings),
            ("Never in a snapshot of \(manifest.source.engine.rawValue)", EngineGaps.of(manifest.source.engine)),
        ]
        return sections.filter { !$0.1.isEmpty }.map { title, lines in
            let indent = title.isEmpty ? "" : "  "
            let body = lines.map { indent + Printable.text($0) + "\n" }.joined()
            return (title.isEmpty ? "" : title + "\n") + body
        }.joined(separator: "\n")
    }

    /// Empty where the drills of this snapshot are all that there are.
    private var trend: [String] {
        let others = details.trend.contains { $0.snapshot != manifest.id }
        return others ? details.trend.map { DrillRendering.line($0) } : []
    }

    private var head: [String] {
        let version = manifest.source.serverVersion
        let engine = manifest.source.engine.rawValue + (version.isEmpty ? "" : " " + version)
        let duration = manifest.finishedAt.milliseconds(since: manifest.startedAt)
        var lines = [
            "Snapshot   \(manifest.id)",
            "Source     \(manifest.source.name) (\(engine) at \(manifest.source.address))",
            "Instant    \(manifest.instant) (\(age) old)",
            "Method     \(manifest.method.rawValue), taken in \(Figures.duration(milliseconds: duration))",
        ]
        if let policy = manifest.policy { lines.append("Policy     \(policy)") }
        if let sentinel = manifest.sentinel { lines.append("Sentinel   \(SentinelRendering.words(sentinel))") }
        if !manifest.tags.isEmpty {
            let tags = manifest.tags.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value }
            lines.append("Tags       " + tags.joined(separator: " "))
        }
        lines.append("Written by rewarm \(manifest.toolVersion), payloads of \(format)")
        return lines
    }

    private var age: String { Figures.duration(milliseconds: now.milliseconds(since: manifest.instant)) }

    private var format: String {
        let version = manifest.format.rdbVersion
        return manifest.format.engine.rawValue + (version == 0 ? "" : " RDB version \(version)")
    }

    private var sizes: [String] {
        let stored = manifest.storedByteCount
        let raw = manifest.rawByteCount
        let ratio = SnapshotRendering.ratio(stored: stored, raw: raw)
            .map { " (ratio \(Figures.fixed($0, digits: 3)), codec \(manifest.codec))" }
        return [
            "stored      \(Figures.bytes(stored))" + (ratio ?? ""),
            "records     \(Figures.bytes(raw)) before compression",
            "largest     value \(Figures.bytes(statistics.largestBodyByteCount)),"
                + " key \(Figures.bytes(statistics.largestKeyByteCount))",
        ]
    }

    private var databases: [String] {
        statistics.databases.sorted { $0.key < $1.key }.map { number, counts in
            "db\(number)  \(Figures.counted(counts.keyCount, "key")), \(Figures.count(counts.expiringKeyCount)) expiring"
        }
    }

    private var types: [String] {
        var table = TextTable([("type", .left), ("keys", .right), ("bytes", .right)])
        for (name, counts) in statistics.types.sorted(by: { $0.value.keyCount > $1.value.keyCount }) {
            table.add([name, Figures.count(counts.keyCount), Figures.bytes(counts.bodyByteCount)])
        }
        var lines = statistics.types.isEmpty ? [] : table.text.split(separator: "\n").map { String($0) }
        if statistics.functionLibraryCount > 0 {
            lines.append(
                Figures.counted(statistics.functionLibraryCount, "function library", plural: "function libraries")
            )
        }
        if statistics.moduleAuxiliaryCount > 0 {
            lines.append(Figures.counted(statistics.moduleAuxiliaryCount, "module auxiliary record"))
        }
        if statistics.idleKeyCount > 0 { lines.append(Figures.counted(statistics.idleKeyCount, "idle time")) }
        if statistics.frequencyKeyCount > 0 {
            lines.append(
                Figures.counted(statistics.frequencyKeyCount, "access frequency", plural: "access frequencies")
            )
        }
        return lines
    }

    private var slabClasses: [String] {
        guard let classes = statistics.slabClasses, !classes.isEmpty else { return [] }
        var table = TextTable([("class", .right), ("items", .right), ("bytes", .right), ("mean", .right)])
        for (number, counts) in classes.sorted(by: { $0.key < $1.key }) {
            table.add([
                String(number), Figures.count(counts.keyCount), Figures.bytes(counts.bodyByteCount),
                Figures.bytes(counts.bodyByteCount / max(1, counts.keyCount)),
            ])
        }
        return table.text.split(separator: "\n").map { String($0) }
    }

    private var parts: [String] {
        manifest.parts.map { part in
            "\(part.number)  \(Figures.bytes(part.storedByteCount)), \(Figures.counted(part.blockCount, "block")),"
                + " \(Figures.counted(part.recordCount, "record")), sha256 \(part.sha256)"
        }
    }

    private var state: [String] {
        let standing = details.standing
        var lines: [String] = []
        if let purgedAt = standing.purgedAt { lines.append("purged at \(purgedAt)") }
        if let deletedAt = standing.deletedAt {
            lines.append("deleted at \(deletedAt): \(standing.deletionReason ?? "")")
        }
        if let verifiedAt = standing.verifiedAt {
            lines.append("verified at \(verifiedAt): " + (standing.problem ?? "every byte was as it was written"))
        } else {
            lines.append("never verified since it was taken")
        }
        if let suspicion = standing.suspicion { lines.append("suspicious: \(suspicion)") }
        if let acceptedAt = standing.acceptedAt { lines.append("accepted at \(acceptedAt)") }
        if standing.unreadableFactCount > 0 {
            lines.append(
                Figures.counted(UInt64(standing.unreadableFactCount), "fact")
                    + " cannot be read by this version; the snapshot counts as held"
            )
        }
        return lines
    }

    private var holds: [String] {
        details.standing.holds.map { hold in
            let end = hold.until.map { "until \($0)" } ?? "without an end"
            let over = hold.isActive(at: now) ? "" : " (over)"
            return "\(hold.id)  \(end)\(over), by \(hold.statedBy): \(hold.reason)"
        }
    }
}
