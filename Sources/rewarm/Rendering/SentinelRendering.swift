import SnapshotModel

/// The key that a snapshot wrote to its source, for people and for programs.
enum SentinelRendering {
    static func words(_ sentinel: SnapshotSentinel) -> String {
        switch sentinel.finding {
        case .found: "found in the archive: the data is from the node that it was written to at \(sentinel.writtenAt)"
        case .missing: "not in the archive: the data may be from another node or time"
        case .different: "another value in the archive: the data may be from another node or time"
        case .undecided: "not in the archive, which proves nothing (see the warnings)"
        }
    }

    static func json(_ sentinel: SnapshotSentinel) -> JSONObject {
        var object: JSONObject = [
            "finding": .string(sentinel.finding.rawValue),
            "database": .unsigned(UInt64(sentinel.database)),
            "key": .string(sentinel.key),
            "value": .string(sentinel.value),
        ]
        object.add(SnapshotRendering.instant("writtenAt", sentinel.writtenAt))
        object.add(SnapshotRendering.instant("deadline", sentinel.deadline))
        return object
    }
}
