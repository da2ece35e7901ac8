import Catalog
import SnapshotModel

/// Snapshots as rows of a table and as JSON items.
enum SnapshotRendering {
    static func table(_ entries: [SnapshotEntry], now: UnixMilliseconds) -> String {
        var table = TextTable([
            ("ID", .left), ("SOURCE", .left), ("INSTANT", .left), ("METHOD", .left), ("KEYS", .right),
            ("STORED", .right), ("RATIO", .right), ("STATE", .left),
        ])
        for entry in entries {
            table.add([
                entry.id.text, entry.sourceName, entry.instant.tableText, entry.method.rawValue,
                Figures.count(entry.keyCount), Figures.bytes(entry.storedByteCount),
                ratio(stored: entry.storedByteCount, raw: entry.rawByteCount).map { Figures.fixed($0, digits: 2) }
                    ?? "-",
                states(entry, now: now).joined(separator: " "),
            ])
        }
        return table.text
    }

    static func json(_ entry: SnapshotEntry, now: UnixMilliseconds) -> JSONObject {
        var object: JSONObject = [
            "id": .string(entry.id.text),
            "sequence": .unsigned(entry.sequence),
            "sourceName": .string(entry.sourceName),
            "engine": .string(entry.engine.rawValue),
            "policy": .optional(entry.policy),
            "method": .string(entry.method.rawValue),
            "isPointInTime": .bool(entry.isPointInTime),
        ]
        object.add(instant("instant", entry.instant))
        object.add(instant("startedAt", entry.startedAt))
        object.add(instant("finishedAt", entry.finishedAt))
        object.add("keyCount", .unsigned(entry.keyCount))
        object.add("expiringKeyCount", .unsigned(entry.expiringKeyCount))
        object.add("storedByteCount", .unsigned(entry.storedByteCount))
        object.add("rawByteCount", .unsigned(entry.rawByteCount))
        object.add("partCount", .count(entry.partCount))
        object.add("warningCount", .count(entry.warningCount))
        object.add("codec", .string(entry.codec))
        object.add("tags", tags(entry.tags))
        object.add("states", .array(states(entry, now: now).map { .string($0) }))
        object.add("isLive", .bool(entry.state.isLive))
        object.add("isTrusted", .bool(entry.state.isTrusted))
        if let drilledAt = entry.state.drilledAt { object.add(instant("drilledAt", drilledAt)) }
        if let last = entry.state.lastDrill { object.add("lastDrillResult", .string(last.result.rawValue)) }
        if let verifiedAt = entry.state.verifiedAt { object.add(instant("verifiedAt", verifiedAt)) }
        return object
    }

    /// An instant in both forms that `--json` gives: RFC 3339 and Unix milliseconds.
    static func instant(_ name: String, _ instant: UnixMilliseconds) -> JSONObject {
        [name: .string(instant.description), name + "UnixMilliseconds": .integer(instant.rawValue)]
    }

    static func tags(_ tags: [String: String]) -> JSONValue {
        var object: JSONObject = [:]
        for (name, value) in tags.sorted(by: { $0.key < $1.key }) { object.add(name, .string(value)) }
        return .object(object)
    }

    /// Stored bytes per byte of record blocks; nil for an empty snapshot.
    static func ratio(stored: UInt64, raw: UInt64) -> Double? {
        raw == 0 ? nil : Double(stored) / Double(raw)
    }

    /// What is special about a snapshot, in words: "ok" if nothing is.
    static func states(_ entry: SnapshotEntry, now: UnixMilliseconds) -> [String] {
        var words: [String] = []
        if entry.state.purgedAt != nil {
            words.append("purged")
        } else if entry.state.deletedAt != nil {
            words.append("deleted")
        }
        if entry.state.isCorrupt { words.append("corrupt") }
        if entry.state.isSuspicious { words.append("suspicious") }
        if entry.state.isHeld(at: now) { words.append("held") }
        if entry.state.verifiedAt != nil, !entry.state.isCorrupt { words.append("verified") }
        if entry.state.drilledAt != nil, !entry.state.isCorrupt { words.append("drilled") }
        if entry.state.lastDrill?.result == .difference { words.append("drill-difference") }
        return words.isEmpty ? ["ok"] : words
    }
}
