import Operations
import Restore
import SnapshotModel

/// The plan of a restore: what is known before the first write.
struct PlanRendering {
    private let plan: RestorePlan

    init(_ plan: RestorePlan) {
        self.plan = plan
    }

    // MARK: Text

    /// The report with all that speaks against the restore, and the verdict last, where the eye is.
    var text: String {
        let lines = plan.findings.map { finding in
            "\(finding.isRefusal ? "refused" : "warning"): \(finding.message)\n  next: \(finding.advice)"
        }
        return report + (lines + [verdict]).map { Printable.text($0, keepingLineFeeds: true) + "\n" }.joined()
    }

    /// The report alone; what speaks against the restore is told apart.
    var report: String {
        let sections: [(String, [String])] = [
            ("", head), ("Snapshot", snapshot), ("Keys by database", databases), ("Keys by type", types),
            ("Target", target), ("Cannot be held", unsupported), ("Not known", plan.unknowns),
        ]
        return sections.filter { !$0.1.isEmpty }.map { title, lines in
            let indent = title.isEmpty ? "" : "  "
            let body = lines.map { indent + Printable.text($0) + "\n" }.joined()
            return (title.isEmpty ? "" : title + "\n") + body + "\n"
        }.joined()
    }

    private var verdict: String {
        let refusals = plan.refusals.count
        guard refusals == 0 else {
            return "Nothing would be written: \(Figures.counted(UInt64(refusals), "refusal"))."
        }
        let warnings = plan.warnings.count
        return warnings == 0 ? "Ready." : "Ready, with \(Figures.counted(UInt64(warnings), "warning"))."
    }

    private var head: [String] {
        let target = plan.target
        return ["Restore of \(plan.snapshot) into \(target.address) (\(target.engine.rawValue) \(target.version))"]
    }

    private var snapshot: [String] {
        var lines = ["keys       " + keys]
        if plan.contents.functionLibraryCount > 0 {
            let libraries = Figures.counted(plan.contents.functionLibraryCount, "library", plural: "libraries")
            lines.append("functions  " + libraries)
        }
        lines.append("deadlines  " + deadlines + jitter)
        lines.append("largest    value of \(Figures.bytes(plan.largestValueByteCount))\(largest)")
        lines.append("way in     " + way)
        lines.append("duration   " + duration)
        return lines
    }

    private var jitter: String {
        let percent = plan.options.deadlineJitterPercent
        return percent > 0 ? ", each life shortened by up to \(percent) %" : ""
    }

    private var databases: [String] {
        var table = TextTable([("database", .left), ("keys", .right), ("expiring", .right)])
        for database in plan.contents.databases {
            let isMoved = database.source != database.destination
            let name = "db\(database.source)" + (isMoved ? " to db\(database.destination)" : "")
            table.add([name, Figures.count(database.keyCount), Figures.count(database.expiringKeyCount)])
        }
        return lines(table, isExact: plan.contents.areDatabasesExact)
    }

    private var types: [String] {
        var table = TextTable([("type", .left), ("keys", .right), ("bytes", .right)])
        for type in plan.contents.types {
            table.add([type.name, Figures.count(type.keyCount), Figures.bytes(type.bodyByteCount)])
        }
        return lines(table, isExact: plan.contents.areTypesExact)
    }

    private func lines(_ table: TextTable, isExact: Bool) -> [String] {
        table.text.split(separator: "\n").map { String($0) } + (isExact ? [] : ["(at most: other filters apply, too)"])
    }

    private var deadlines: String {
        switch plan.options.deadlineMode {
        case .deadline: "as at the source (--ttl deadline)"
        case .remaining: "lives start again where the snapshot left them (--ttl remaining)"
        case .persist: "none (--ttl persist)"
        }
    }

    private var keys: String {
        let estimate = plan.estimate
        let most = plan.options.filtersByName ? "at most " : ""
        let total = most + Figures.counted(estimate.keyCount, "key")
        let (least, greatest) = (estimate.expiredKeyCount, estimate.mostExpiredKeyCount)
        guard greatest > 0 else { return total }
        let range =
            least == greatest
            ? Figures.count(least) : "\(Figures.count(least)) to \(Figures.count(greatest))"
        return total + ", of which \(range) have expired"
    }

    private var largest: String {
        if let items = plan.itemDialect {
            return "; the target takes items of \(Figures.bytes(UInt64(items.largestItemByteCount)))"
        }
        guard plan.options.method == .commands else { return "" }
        let limit = UInt64(clamping: plan.target.largestArgumentByteCount)
        return plan.largestValueByteCount > limit
            ? ", more than the target takes in one command (\(Figures.bytes(limit))): it goes in pieces"
            : "; the target takes \(Figures.bytes(limit)) in one command"
    }

    private var unsupported: [String] {
        plan.unsupported.entries.map { "\($0.name): \($0.countText)" }
    }

    private var way: String {
        let options = plan.options
        let existing = options.existing.rawValue + (options.flushTarget ? ", after a flush" : "")
        if plan.itemDialect != nil {
            return
                "meta sets over \(Figures.counted(UInt64(plan.connectionCount), "connection")), the coldest items first;"
                + " existing items: \(existing)"
        }
        switch options.method {
        case .commands:
            return
                "commands over \(Figures.counted(UInt64(plan.connectionCount), "connection")); existing keys: \(existing)"
        case .replication:
            let flush = options.flushTarget ? ", after a flush" : ""
            return "replication, as a stream of RDB version \(plan.streamFormat.rdbVersion)\(flush)"
        }
    }

    private var duration: String {
        let forecast = plan.forecast
        guard let milliseconds = forecast.durationMilliseconds else {
            return "not known: nothing could be measured"
        }
        let text = Figures.duration(milliseconds: milliseconds)
        switch forecast.source {
        case .rate: return "at least \(text), by --rate"
        case .unknown: return "not known"
        case .measured:
            guard let rate = forecast.rate else { return "about " + text }
            let records = Figures.counted(rate.recordCount, "record")
            let measured =
                "measured: the target decoded \(records) of the snapshot at \(Figures.count(UInt64(rate.keysPerSecond)))"
                + " per second, without storing them"
            let isStream = plan.options.method == .replication
            return "about \(text)" + (isStream ? " or less, and some seconds to attach and detach" : "")
                + " (\(measured))"
        }
    }

    private var target: [String] {
        let target = plan.target
        guard plan.itemDialect == nil else { return itemStore }
        var lines = [
            "role       \(target.isReplica ? "replica\(target.primary.map { " of " + $0 } ?? "")" : "primary")"
                + (target.isClusterNode ? ", node of a cluster" : "")
                + ", \(Figures.counted(UInt64(target.connectedReplicaCount), "replica")) attached",
            "holds      \(Figures.counted(target.usersKeyCount, "key"))"
                + (target.functionLibraryCount.map {
                    ", " + Figures.counted(UInt64($0), "function library", plural: "function libraries")
                } ?? ", knows no functions"),
            "memory     " + memory,
        ]
        let needed = plan.contents.moduleTypes
        if let modules = target.moduleNames, !modules.isEmpty || !needed.isEmpty {
            let types = needed.isEmpty ? "" : "; the snapshot has data of \(needed.joined(separator: ", "))"
            lines.append("modules    " + (modules.isEmpty ? "none" : modules.joined(separator: ", ")) + types)
        }
        if target.tellsTime { lines.append("clock      " + clock) }
        return lines
    }

    /// What there is to tell of a Memcached server.
    private var itemStore: [String] {
        let (target, estimate) = (plan.target, plan.estimate)
        let limit = target.memoryLimit.map { "of \(Figures.bytes($0))" } ?? "without a limit"
        let evicts = target.evicts ? "evicts when full" : "refuses when full"
        var lines = [
            "holds      " + Figures.counted(target.usersKeyCount, "item"),
            "memory     about \(Figures.bytes(estimate.likelyMemoryByteCount)) needed, at least"
                + " \(Figures.bytes(estimate.leastMemoryByteCount)); \(Figures.bytes(target.usedMemory)) in use \(limit),"
                + " \(evicts)",
        ]
        if target.tellsTime { lines.append("clock      " + clock) }
        return lines
    }

    private var memory: String {
        let (target, estimate) = (plan.target, plan.estimate)
        let limit = target.memoryLimit.map { "of maxmemory \(Figures.bytes($0))" } ?? "without maxmemory"
        let policy = target.evictionPolicy.map { ", \($0)" } ?? ""
        return "about \(Figures.bytes(estimate.likelyMemoryByteCount)) needed, at least"
            + " \(Figures.bytes(estimate.leastMemoryByteCount)); \(Figures.bytes(target.usedMemory)) in use \(limit)\(policy)"
    }

    private var clock: String {
        let clocks = plan.target.clocks
        let difference = clocks.differenceMilliseconds
        let text =
            difference == 0
            ? "as this host's" : "\(difference.magnitude) ms \(difference > 0 ? "ahead of" : "behind") this host's"
        return text + ", give or take \(clocks.uncertaintyMilliseconds) ms"
    }
}
