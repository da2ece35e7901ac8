import Operations
import Retention
import SnapshotModel

/// The plan of retention: a table for each group, or an item for each snapshot, and what it comes to.
struct ExpireRendering {
    private let report: ExpireReport
    private let request: ExpireRequest
    private let isWhatIf: Bool

    init(_ report: ExpireReport, _ request: ExpireRequest, isWhatIf: Bool) {
        self.report = report
        self.request = request
        self.isWhatIf = isWhatIf
    }

    private var decision: ExpireDecision { report.decision }
    private var plan: RetentionPlan { decision.plan }

    // MARK: All of it

    func print(on console: Console) throws {
        if console.isJSON {
            for item in plan.items { try console.item(json(item), text: "") }
            return
        }
        try console.item([:], text: tables)
        // Of a repository they are the error that the command ends with.
        if isWhatIf {
            for brake in plan.brakes {
                try console.item([:], text: "brake \(brake.name): \(brake.sentence)\n  way past it: \(brake.wayPast)\n")
            }
        }
        console.done(ending)
    }

    private var tables: String {
        var groups: [(name: String, items: [RetentionPlan.Item])] = []
        for item in plan.items {
            if groups.last?.name != item.group { groups.append((item.group, [])) }
            groups[groups.count - 1].items.append(item)
        }
        return groups.map { "Group \(Printable.text($0.name))\n\(table($0.items))\n" }.joined()
    }

    private func table(_ items: [RetentionPlan.Item]) -> String {
        var table = TextTable([
            ("ID", .left), ("TAKEN", .left), ("STORED", .right), ("DECISION", .left), ("NOT DELETED BEFORE", .left),
            ("REASONS", .left),
        ])
        for item in items {
            table.add([
                item.id, item.takenAt.tableText, decision.storedByteCount(of: item).map(Figures.bytes) ?? "-",
                item.decision.rawValue, item.decision == .delete ? "-" : item.earliestDeleteAt?.tableText ?? "-",
                item.reasons.isEmpty ? "-" : item.reasons.map(\.description).joined(separator: ", "),
            ])
        }
        return table.text
    }

    private var ending: String {
        let counts = (decision.count(.keep) + decision.count(.skip), decision.count(.delete))
        let verb =
            report.isApplied ? "deleted" : plan.brakes.isEmpty ? "would delete" : "would delete without the brake"
        let size = decision.deletedByteCount.map { " (\(Figures.bytes($0)))" } ?? ""
        var lines = ["\(verb) \(counts.1) of \(counts.0 + counts.1)\(size), \(counts.0) stay"]
        if let others = decision.outOfScopeCount, others > 0 {
            let count = Figures.counted(UInt64(others), "snapshot")
            lines.append("\(count) of other policies and sources: not looked at")
        }
        if let purge = report.purge, purge.freedByteCount > 0 {
            let count = Figures.counted(UInt64(purge.freedSnapshotCount), "snapshot")
            lines.append("freed \(Figures.bytes(purge.freedByteCount)) of \(count) past the grace time")
        }
        return lines.joined(separator: "\n")
    }

    // MARK: One snapshot

    /// - Throws: `failure` if the text is no id of the plan, or the beginning of several.
    func explain(_ text: String, on console: Console) throws {
        let found = plan.items.filter { $0.id.hasPrefix(text) }
        guard let item = found.first(where: { $0.id == text }) ?? (found.count == 1 ? found.first : nil) else {
            throw OperationError(
                .failure,
                found.isEmpty
                    ? "the policy '\(request.policyName)' has no say in a live snapshot '\(text)'"
                    : "'\(text)' is the beginning of \(found.count) ids; give more digits",
                hint: "'rewarm list --all' shows every snapshot with its policy"
            )
        }
        try console.item(json(item), text: explanation(item))
    }

    private func explanation(_ item: RetentionPlan.Item) -> String {
        var lines = [
            "\(item.id): \(item.decision.rawValue)",
            "  group \(item.group), taken at \(item.takenAt)",
        ]
        lines += item.reasons.map { "  because of \($0)" }
        if item.reasons.isEmpty { lines.append("  no rule, floor or hold speaks for it") }
        if item.decision != .delete {
            let forecast = item.earliestDeleteAt.map { "before \($0), if snapshots go on as they do" }
            lines.append("  not deleted " + (forecast ?? "as far as can be foreseen"))
        }
        return lines.map { Printable.text($0) + "\n" }.joined()
    }

    // MARK: JSON

    private func json(_ item: RetentionPlan.Item) -> JSONObject {
        var object: JSONObject = [
            "id": .string(item.id),
            "decision": .string(item.decision.rawValue),
            "reasons": .array(item.reasons.map { .string($0.description) }),
            "group": .string(item.group),
        ]
        object.add(SnapshotRendering.instant("takenAt", item.takenAt))
        if let earliest = item.earliestDeleteAt { object.add(SnapshotRendering.instant("earliestDeleteAt", earliest)) }
        object.add("storedByteCount", decision.storedByteCount(of: item).map { .unsigned($0) } ?? .null)
        object.add("isFailedAttempt", .bool(decision.isFailedAttempt(item)))
        return object
    }

    var summary: JSONObject {
        var object: JSONObject = [
            "policy": .string(request.policyName),
            "isApplied": .bool(report.isApplied),
            "isWhatIf": .bool(isWhatIf),
        ]
        object.add(SnapshotRendering.instant("plannedFor", decision.now))
        object.add("planningMilliseconds", .integer(decision.planningMilliseconds))
        object.add("timeZoneDataVersion", .string(plan.timeZoneDataVersion))
        object.add("keepCount", .count(decision.count(.keep)))
        object.add("skipCount", .count(decision.count(.skip)))
        object.add("deleteCount", .count(decision.count(.delete)))
        object.add("freedByteCount", decision.deletedByteCount.map { .unsigned($0) } ?? .null)
        object.add("outOfScopeCount", decision.outOfScopeCount.map { .count($0) } ?? .null)
        object.add("brakes", .array(plan.brakes.map { .object(Self.json($0)) }))
        object.add("overriddenBrakes", .array(plan.overriddenBrakes.map { .object(Self.json($0)) }))
        object.add("purgedSnapshotCount", report.purge.map { .count($0.freedSnapshotCount) } ?? .null)
        object.add("purgedByteCount", report.purge.map { .unsigned($0.freedByteCount) } ?? .null)
        return object
    }

    private static func json(_ brake: RetentionBrake) -> JSONObject {
        [
            "name": .string(brake.name),
            "sentence": .string(brake.sentence),
            "wayPast": .string(brake.wayPast),
        ]
    }
}
