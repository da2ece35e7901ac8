import Operations
import Reporting
import SnapshotModel

extension ReportRendering {
    /// The page as data: an item for each snapshot, failed run, gap, rule, drill and finding.
    var items: [JSONObject] {
        let content = content
        return content.findings.map(Self.json) + content.snapshots.map(Self.json) + content.rules.map(Self.json)
            + content.gaps.map(Self.json) + content.failedRuns.map(Self.json) + content.drills.map(Self.json)
    }

    var summary: JSONObject {
        let content = content
        var object: JSONObject = [
            "repository": .string(content.repository),
            "policy": .optional(content.policy),
            "status": .string(content.status.rawValue),
            "timeZone": .string(content.zone.name),
            "schedule": .optional(content.schedule),
        ]
        object.add(SnapshotRendering.instant("generatedAt", content.generatedAt))
        object.add("snapshotCount", .count(content.snapshots.count))
        object.add("trustedSnapshotCount", .count(content.snapshots.count(where: \.isTrusted)))
        object.add("storedByteCount", .unsigned(content.snapshots.reduce(0) { $0 + $1.storedByteCount }))
        object.add("freeByteCount", content.freeByteCount.map { .unsigned($0) } ?? .null)
        object.add("findingCount", .count(content.findings.count))
        object.add("gapCount", .count(content.gaps.count))
        object.add("failedRunCount", .count(content.failedRuns.count))
        object.add("drillCount", .count(content.drills.count))
        object.add("brakes", .array(content.brakes.map { .string($0) }))
        return object
    }

    private static func json(_ finding: RepositoryPage.Finding) -> JSONObject {
        [
            "kind": .string("finding"),
            "severity": .string(finding.isCritical ? "critical" : "warning"),
            "message": .string(finding.message),
        ]
    }

    private static func json(_ snapshot: RepositoryPage.Snapshot) -> JSONObject {
        var object: JSONObject = [
            "kind": .string("snapshot"),
            "id": .string(snapshot.id.text),
            "sourceName": .string(snapshot.sourceName),
        ]
        object.add(SnapshotRendering.instant("instant", snapshot.instant))
        object.add("keyCount", .unsigned(snapshot.keyCount))
        object.add("storedByteCount", .unsigned(snapshot.storedByteCount))
        object.add("rawByteCount", .unsigned(snapshot.rawByteCount))
        object.add("states", .array(snapshot.states.map { .string($0) }))
        object.add("isTrusted", .bool(snapshot.isTrusted))
        object.add("decision", .optional(snapshot.decision?.rawValue))
        object.add("reasons", .array(snapshot.reasons.map { .string($0) }))
        add(snapshot.verifiedAt, "verifiedAt", to: &object)
        add(snapshot.earliestDeleteAt, "earliestDeleteAt", to: &object)
        return object
    }

    private static func json(_ rule: RepositoryPage.Rule) -> JSONObject {
        var object: JSONObject = [
            "kind": .string("rule"),
            "name": .string(rule.name),
            "setting": .optional(rule.setting),
            "keptCount": .count(rule.keptCount),
        ]
        add(rule.newest, "newest", to: &object)
        add(rule.oldest, "oldest", to: &object)
        return object
    }

    private static func json(_ gap: RepositoryPage.Gap) -> JSONObject {
        var object: JSONObject = ["kind": .string("gap"), "missedCount": .count(gap.missedCount)]
        object.add(SnapshotRendering.instant("from", gap.from))
        add(gap.to, "to", to: &object)
        return object
    }

    private static func json(_ run: RepositoryPage.FailedRun) -> JSONObject {
        var object: JSONObject = ["kind": .string("failedRun"), "sourceName": .optional(run.sourceName)]
        object.add(SnapshotRendering.instant("startedAt", run.at))
        object.add("failureKind", .string(run.kind))
        object.add("reason", .string(run.reason))
        return object
    }

    private static func json(_ drill: DrillPage.TrendPoint) -> JSONObject {
        var object: JSONObject = ["kind": .string("drill"), "snapshot": .string(drill.snapshot.text)]
        object.add(SnapshotRendering.instant("statedAt", drill.at))
        object.add(DrillRendering.json(drill.record))
        return object
    }

    private static func add(_ instant: UnixMilliseconds?, _ name: String, to object: inout JSONObject) {
        if let instant { object.add(SnapshotRendering.instant(name, instant)) }
    }
}
