import Catalog
import ObjectStorage
import Operations
import SnapshotModel

/// What became of each deleted snapshot.
enum PurgeRendering {
    static func text(_ item: PurgePlan.Item, isDryRun: Bool) -> String {
        let what: String =
            switch item.decision {
            case .free, .keepTombstone:
                (isDryRun ? "would be purged, " : "purged, ") + Figures.bytes(item.storedByteCount)
            case .inGrace(let end): "stays until \(end)"
            case .held: "stays: it is held"
            case .leased(let holders): "stays: it is read by " + names(holders)
            }
        return "\(item.id)  \(what)\n"
    }

    static func json(_ item: PurgePlan.Item, isDryRun: Bool) -> JSONObject {
        var object: JSONObject = [
            "snapshot": .string(item.id.text),
            "storedByteCount": .unsigned(item.storedByteCount),
        ]
        switch item.decision {
        case .free, .keepTombstone: object.add("outcome", .string(isDryRun ? "wouldBePurged" : "purged"))
        case .inGrace(let end):
            object.add("outcome", .string("inGrace"))
            object.add(SnapshotRendering.instant("graceEndsAt", end))
        case .held: object.add("outcome", .string("held"))
        case .leased(let holders):
            object.add("outcome", .string("inUse"))
            object.add("holders", .string(names(holders)))
        }
        return object
    }

    private static func names(_ holders: [LockHolder]) -> String {
        holders.isEmpty ? "somebody" : holders.map(\.description).joined(separator: ", ")
    }
}
