import Catalog
import SnapshotModel

/// Holds as JSON.
enum HoldRendering {
    static func json(_ hold: SnapshotStanding.Hold, now: UnixMilliseconds) -> JSONObject {
        var object: JSONObject = ["holdID": .string(hold.id), "reason": .string(hold.reason)]
        object.add("isActive", .bool(hold.isActive(at: now)))
        if let until = hold.until { object.add(SnapshotRendering.instant("until", until)) }
        object.add(SnapshotRendering.instant("statedAt", hold.statedAt))
        object.add("statedBy", .string(hold.statedBy))
        return object
    }
}
