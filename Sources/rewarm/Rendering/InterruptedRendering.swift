import Operations
import SnapshotModel

/// Restores that were interrupted, as rows of a table and as JSON items.
enum InterruptedRendering {
    static func table(_ restores: [InterruptedRestore]) -> String {
        var table = TextTable([
            ("SNAPSHOT", .left), ("TARGET", .left), ("STARTED", .left), ("WRITTEN", .left), ("RECORDS", .right),
            ("STATE", .left), ("JOURNAL", .left),
        ])
        for restore in restores {
            table.add([
                restore.snapshot.text, restore.target, restore.startedAt.tableText, restore.writtenAt.tableText,
                Figures.count(restore.handledRecordCount), restore.isRunning ? "running" : "interrupted", restore.path,
            ])
        }
        return table.text
    }

    static func json(_ restore: InterruptedRestore) -> JSONObject {
        var object: JSONObject = [
            "snapshot": .string(restore.snapshot.text),
            "target": .string(restore.target),
        ]
        object.add(SnapshotRendering.instant("startedAt", restore.startedAt))
        object.add(SnapshotRendering.instant("writtenAt", restore.writtenAt))
        object.add("handledRecordCount", .unsigned(restore.handledRecordCount))
        object.add("isRunning", .bool(restore.isRunning))
        object.add("journalPath", .string(restore.path))
        return object
    }
}
