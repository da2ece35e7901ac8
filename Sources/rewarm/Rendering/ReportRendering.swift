import Catalog
import Operations
import Policy
import Reporting
import Retention
import SnapshotModel

/// What is known about a repository, as a page and as JSON.
struct ReportRendering {
    private let report: RepositoryReport
    private let repository: String
    private let decisions: [String: RetentionPlan.Item]

    init(_ report: RepositoryReport, repository: String) {
        self.report = report
        self.repository = repository
        decisions = Dictionary((report.plan?.items ?? []).map { ($0.id, $0) }) { $1 }
    }

    private var now: UnixMilliseconds { report.generatedAt }

    // MARK: The page

    var html: String { RepositoryPage(content).html }

    var content: RepositoryPage.Content {
        var content = RepositoryPage.Content(
            repository: repository,
            policy: report.policy?.name,
            status: status,
            generatedAt: now,
            toolVersion: ToolVersion.current
        )
        if let check = report.check {
            let messages = CheckRendering(check, now: now).messages
            // A message more than findings tells why there is nothing newer.
            content.findings = messages.enumerated().map { index, message in
                let isCritical = check.findings.indices.contains(index) && check.findings[index].severity == .critical
                return RepositoryPage.Finding(isCritical: isCritical, message: message)
            }
        }
        content.snapshots = report.entries.map(snapshot)
        content.failedRuns = report.failedRuns.compactMap { run in
            guard case .snapshotFailed(let kind, let reason) = run.outcome else { return nil }
            return .init(at: run.startedAt, sourceName: run.sourceName, kind: kind, reason: reason)
        }
        content.gaps = report.gaps.map { .init(from: $0.from, to: $0.to, missedCount: $0.missedCount) }
        content.schedule = report.policy?.schedule.map(ScheduleText.words)
        content.rules = rules
        content.brakes = report.plan?.brakes.map { "nothing may be deleted: " + $0.sentence } ?? []
        content.drills = report.drills.map { .init(snapshot: $0.snapshot, at: $0.statedAt, record: $0.record) }
        content.objectives = objectives
        content.freeByteCount = report.freeByteCount
        let instants =
            report.entries.map(\.instant) + report.failedRuns.map(\.startedAt) + report.drills.map(\.statedAt) + [now]
        content.zone = ReportZone(report.zone, from: instants.min() ?? now, to: instants.max() ?? now)
        return content
    }

    private var status: RepositoryPage.Status {
        guard let check = report.check else { return .unchecked }
        switch check.severity {
        case nil: return .good
        case .warning: return .warning
        case .critical: return .critical
        }
    }

    private func snapshot(_ entry: SnapshotEntry) -> RepositoryPage.Snapshot {
        let item = decisions[entry.id.text]
        return RepositoryPage.Snapshot(
            id: entry.id,
            sourceName: entry.sourceName,
            instant: entry.instant,
            keyCount: entry.keyCount,
            storedByteCount: entry.storedByteCount,
            rawByteCount: entry.rawByteCount,
            states: SnapshotRendering.states(entry, now: now),
            isTrusted: entry.state.isTrusted,
            verifiedAt: entry.state.isCorrupt ? nil : entry.state.verifiedAt,
            decision: item.flatMap { RepositoryPage.Decision(rawValue: $0.decision.rawValue) },
            reasons: item?.reasons.map(\.description) ?? [],
            tierLetter: item.flatMap { $0.decision == .delete ? nil : Self.letter($0.reasons) },
            earliestDeleteAt: item?.earliestDeleteAt
        )
    }

    /// The letter of the coarsest tier among the reasons; a point where something else keeps the snapshot.
    private static func letter(_ reasons: [RetentionReason]) -> String {
        let tiers = reasons.compactMap { reason -> RetentionTier? in
            switch reason {
            case .tier(let tier, _, _, _), .tierWithin(let tier, _, _): tier
            default: nil
            }
        }
        switch tiers.max() {
        case nil: return "."
        case .minutely, .hourly: return "H"
        case .daily: return "D"
        case .weekly: return "W"
        case .monthly: return "M"
        case .quarterly: return "Q"
        case .yearly: return "Y"
        }
    }

    private var objectives: DrillRecord.Objectives? {
        guard let drill = report.policy?.drill else { return report.drills.first?.record.objectives }
        var clock = CivilClock(report.zone)
        return DrillRecord.Objectives(
            maximumRecoveryMilliseconds: drill.maximumRecoveryTime.map { Int64($0 / .milliseconds(1)) },
            maximumDataAgeMilliseconds: drill.maximumDataAge.map {
                now.milliseconds(since: clock.subtract($0, from: now))
            },
            deadlineToleranceMilliseconds: Int64(drill.deadlineTolerance / .milliseconds(1))
        )
    }

    // MARK: Rules

    /// The rules and floors of the policy in the order of its reference, then what else keeps a snapshot.
    private var rules: [RepositoryPage.Rule] {
        guard let retention = report.policy?.retention, report.plan != nil else { return [] }
        var settings: [(String, String)] = []
        if let last = retention.last { settings.append(("last", last.description)) }
        if let within = retention.within { settings.append(("within", within.description)) }
        for tier in retention.activeTiers {
            let rule = retention.rule(of: tier)
            settings.append((tier.rawValue, rule.count?.description ?? rule.within.map { "within \($0)" } ?? ""))
        }
        if !retention.tags.isEmpty {
            settings.append(("tags", retention.tags.map { $0.joined(separator: "+") }.joined(separator: ", ")))
        }
        settings.append(("oldest", retention.oldest.map(String.init) ?? "while slots are free"))
        settings.append(("min-copies", String(retention.minimumCopies)))
        settings.append(("last-drilled", String(retention.lastDrilled)))
        settings.append(("last-verified", String(retention.lastVerified)))
        let counted = Dictionary(grouping: keptBy, by: \.rule).mapValues { $0.map(\.instant) }
        func rule(_ name: String, _ setting: String?) -> RepositoryPage.Rule {
            let instants = counted[name] ?? []
            return .init(
                name: name,
                setting: setting,
                keptCount: instants.count,
                newest: instants.max(),
                oldest: instants.min()
            )
        }
        let others = Set(counted.keys).subtracting(settings.map(\.0)).sorted()
        return settings.map { rule($0.0, $0.1) } + others.map { rule($0, nil) }
    }

    /// Each snapshot under each rule that keeps it; the first word of a reason names the rule.
    private var keptBy: [(rule: String, instant: UnixMilliseconds)] {
        report.entries.flatMap { entry in
            let reasons = decisions[entry.id.text]?.reasons.map(\.description) ?? []
            let names = Set(reasons.map { String($0.prefix { $0 != " " && $0 != ":" }) })
            return names.map { (rule: $0, instant: entry.instant) }
        }
    }
}

/// A schedule in words.
enum ScheduleText {
    /// `every day at 03:30`.
    static func words(_ schedule: PolicySchedule) -> String {
        let time = schedule.effectiveTime
        switch schedule.every {
        case .minutes(let count): return "every \(count) minutes"
        case .hours(1): return "every hour at \(time)"
        case .hours(let count): return "every \(count) hours at \(time)"
        case .day: return "every day at \(time)"
        case .week: return "every \(schedule.effectiveWeekday.rawValue) at \(time)"
        case .month: return "on day \(schedule.effectiveDayOfMonth) of every month at \(time)"
        }
    }
}
