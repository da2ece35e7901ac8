import Retention
import SnapshotModel
import TestSupport
import Testing

/// Forecasts against what happens when the schedule does go on.
struct ForecastTests {
    private static let hour: Int64 = 3_600_000

    /// Backups every `interval` up to `now`, some of them already expired by the policy.
    private static func history(
        _ policy: RetentionPolicy,
        interval: Int64,
        count: Int,
        from begin: Int64
    ) throws -> RandomCase {
        var example = RandomCase(policy: policy, backups: [], now: UnixMilliseconds(begin))
        for index in 0..<count {
            try step(&example, "h\(index)", UnixMilliseconds(begin + Int64(index) * interval))
        }
        return example
    }

    /// One more backup, then an application of the plan; returns what was deleted.
    @discardableResult
    private static func step(
        _ example: inout RandomCase,
        _ id: String,
        _ takenAt: UnixMilliseconds
    ) throws -> Set<String> {
        example.now = takenAt
        example.backups.append(Backup(id: id, group: "g", takenAt: takenAt, sequence: UInt64(example.backups.count)))
        let deleted = try example.plan().ids(.delete)
        example.backups.removeAll { deleted.contains($0.id) }
        return deleted
    }

    private static func policy(_ generator: inout SeededGenerator) -> RetentionPolicy {
        var policy = RetentionPolicy()
        policy.timeZone = generator.chance(50) ? "UTC" : "Europe/Rome"
        policy.anchor = generator.chance(50) ? .newest : .now
        if generator.chance(50) { policy.last = .limited(Int.random(in: 1...5, using: &generator)) }
        if generator.chance(40) { policy.within = CivilDuration(.random(in: 3...60, using: &generator), .hours) }
        for tier in RetentionTier.allCases where generator.chance(40) {
            let count = RetentionCount.limited(Int.random(in: 1...4, using: &generator))
            policy.tiers[tier] = RetentionTierRule(count: count)
        }
        if generator.chance(30) {
            policy.tiers[.daily] = RetentionTierRule(
                within: CivilDuration(.random(in: 2...20, using: &generator), .days)
            )
        }
        policy.oldest = [nil, nil, true, false].randomElement(using: &generator) ?? nil
        policy.minimumCopies = Int.random(in: 1...3, using: &generator)
        if !policy.validate().isEmpty { policy.last = .limited(3) }
        return policy
    }

    @Test func `every backup goes at the forecast time when the schedule goes on`() throws {
        var generator = SeededGenerator.fromEnvironment("forecasts", fallback: 0xF0CA)
        var compared = 0
        for index in 0..<TestExtent.count(bounded: 40, whole: 2000) {
            let intervals = [Self.hour / 2, Self.hour, 6 * Self.hour, 24 * Self.hour, 10 * 24 * Self.hour]
            let interval = intervals.randomElement(using: &generator) ?? Self.hour
            var example = try Self.history(
                Self.policy(&generator),
                interval: interval,
                count: Int.random(in: 1...60, using: &generator),
                from: 1_792_000_000_000
            )
            let plan = try RetentionPlanner(example.policy).plan(
                example.backups,
                facts: RetentionFacts(scheduleInterval: interval),
                now: example.now
            )
            var gone: [String: UnixMilliseconds] = [:]
            let first = example.now
            for run in 1...200 {
                let now = first.advanced(byMilliseconds: Int64(run) * interval)
                for id in try Self.step(&example, "f\(run)", now) { gone[id] = now }
            }
            for item in plan.items where item.decision == .keep {
                let forecast = item.earliestDeleteAt.flatMap { $0 <= example.now ? $0 : nil }
                try #require(forecast == gone[item.id], "case \(index), \(item)\n\(example.policy.canonicalText)")
                compared += forecast == nil ? 0 : 1
            }
        }
        #expect(compared > 100)
    }

    @Test func `what no schedule ends has no forecast`() throws {
        var policy = RetentionPolicy()
        policy.last = .limited(1)
        policy.tags = [["keep"]]
        let day: Int64 = 86_400_000
        func backup(_ id: String, _ age: Int64) -> Backup {
            Backup(id: id, group: "g", takenAt: UnixMilliseconds(1_792_000_000_000 - age * day))
        }
        var backups = [
            backup("new", 0), backup("tagged", 1), backup("held", 2), backup("drilled", 3), backup("ends", 4),
        ]
        backups[1].tags = ["keep": ""]
        backups[2].holds = [Backup.Hold(name: "audit")]
        backups[3].health = .drilled(at: backups[3].takenAt)
        backups[4].holds = [Backup.Hold(name: "week", until: UnixMilliseconds(1_792_000_000_000 + 3 * day + 1))]
        let plan = try RetentionPlanner(policy).plan(backups, now: backups[0].takenAt)
        #expect(plan["new"]?.earliestDeleteAt == UnixMilliseconds(1_792_000_000_000 + day))
        for id in ["tagged", "held", "drilled"] { #expect(plan[id]?.earliestDeleteAt == nil) }
        #expect(plan["ends"]?.earliestDeleteAt == UnixMilliseconds(1_792_000_000_000 + 4 * day))
    }

    @Test func `one backup alone has no schedule and no forecast`() throws {
        var policy = RetentionPolicy()
        policy.last = .limited(1)
        let backup = Backup(id: "a", group: "g", takenAt: UnixMilliseconds(1_792_000_000_000))
        let plan = try RetentionPlanner(policy).plan([backup], now: backup.takenAt)
        #expect(plan["a"]?.earliestDeleteAt == nil)
    }

    @Test func `what is deleted goes now, and a parent no earlier than its child`() throws {
        var policy = RetentionPolicy()
        policy.last = .limited(2)
        policy.minimumCopies = 0
        let day: Int64 = 86_400_000
        let start = UnixMilliseconds(1_792_000_000_000)
        let backups = (0..<4).map { index in
            Backup(id: "\(index)", group: "g", takenAt: start.advanced(byMilliseconds: Int64(-index) * day))
        }
        var chained = backups
        chained[1].parents = ["3"]
        let plan = try RetentionPlanner(policy).plan(chained, now: start)
        #expect(plan["2"]?.earliestDeleteAt == start)
        #expect(plan["3"]?.earliestDeleteAt == plan["1"]?.earliestDeleteAt)
        #expect(plan["1"]?.earliestDeleteAt == start.advanced(byMilliseconds: day))
    }
}
