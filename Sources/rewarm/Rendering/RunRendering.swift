import SnapshotModel

/// Attempts that left no snapshot, as rows of a table and as JSON items.
enum RunRendering {
    static func table(_ runs: [RunRecord]) -> String {
        var table = TextTable([
            ("STARTED", .left), ("SOURCE", .left), ("POLICY", .left), ("KIND", .left), ("REASON", .left),
        ])
        for run in runs {
            guard case .snapshotFailed(let kind, let reason) = run.outcome else { continue }
            table.add([run.startedAt.tableText, run.sourceName ?? "-", run.policy ?? "-", kind, reason])
        }
        return table.text
    }

    static func json(_ run: RunRecord) -> JSONObject {
        var object: JSONObject = [
            "id": .string(run.id.text),
            "sourceName": .optional(run.sourceName),
            "policy": .optional(run.policy),
        ]
        object.add(SnapshotRendering.instant("startedAt", run.startedAt))
        object.add(SnapshotRendering.instant("recordedAt", run.recordedAt))
        object.add("recordedBy", .string(run.recordedBy))
        if case .snapshotFailed(let kind, let reason) = run.outcome {
            object.add("kind", .string(kind))
            object.add("reason", .string(reason))
        }
        return object
    }
}
