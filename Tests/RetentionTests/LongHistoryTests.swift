import Foundation
import Retention
import SnapshotModel
import TestSupport
import Testing

struct LongHistoryTests {
    private static let hour: Int64 = 3_600_000

    private static var policy: RetentionPolicy {
        var policy = RetentionPolicy()
        policy.timeZone = "Europe/Rome"
        policy.last = .limited(3)
        let counts: [RetentionTier: Int] = [
            .minutely: 2, .hourly: 24, .daily: 7, .weekly: 4, .monthly: 12, .quarterly: 8, .yearly: 7,
        ]
        policy.tiers = counts.mapValues { RetentionTierRule(count: .limited($0)) }
        policy.minimumCopies = 2
        return policy
    }

    /// A backup an hour with an application after each: by default over one year, whole over ten.
    @Test func `years of hourly backups keep no more than the counts and the floors`() throws {
        let planner = try RetentionPlanner(Self.policy)
        // Every count, the oldest, and a drill a year that is kept until the next.
        let bound = 3 + 2 + 24 + 7 + 4 + 12 + 8 + 7 + 2 + 1 + 2
        var backups: [Backup] = []
        var most = 0
        let begin: Int64 = 1_735_689_600_000
        let runs = TestExtent.count(bounded: 365 * 24, whole: 3653 * 24)
        for run in 0..<runs {
            let now = UnixMilliseconds(begin + Int64(run) * Self.hour)
            var backup = Backup(id: "\(run)", group: "g", takenAt: now, sequence: UInt64(run))
            if run % 8760 == 100 { backup.health = .drilled(at: now) }
            backups.append(backup)
            let plan = planner.plan(backups, now: now)
            #expect(plan.brakes.isEmpty)
            let deletions = Set(plan.deletions)
            // Each run lets go what the newest one pushes out of its rules: at a new year one of each tier, never a wave.
            #expect(deletions.count <= RetentionTier.allCases.count + 1)
            backups.removeAll { deletions.contains($0.id) }
            most = max(most, backups.count)
        }
        #expect(most <= bound, "kept \(most), bound \(bound)")
        #expect(most >= TestExtent.count(bounded: 45, whole: 50))
        // Seven years with one of each year, the newest of it: the end of the sixth year before this one at the latest.
        let oldest = try #require(backups.map(\.takenAt).min())
        let days = UnixMilliseconds(begin + Int64(runs) * Self.hour).milliseconds(since: oldest) / 86_400_000
        #expect(days >= TestExtent.count(bounded: 364, whole: 5 * 365))
    }

    /// How long the plan takes for 100,000 hourly snapshots under all seven tiers; a measurement, not a check of time.
    ///
    /// Run with `REWARM_BENCH=1`, in release.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["REWARM_BENCH"] == "1"))
    func `the plan for a hundred thousand snapshots`() throws {
        var all = Self.policy
        all.within = CivilDuration(30, .days)
        all.tiers = all.tiers.mapValues { _ in RetentionTierRule(count: .all) }
        var windows = Self.policy
        windows.tiers = Dictionary(
            uniqueKeysWithValues: RetentionTier.allCases.map {
                ($0, RetentionTierRule(within: CivilDuration(12, .years)))
            }
        )
        for (name, policy) in [("counts", Self.policy), ("everything kept", all), ("seven windows", windows)] {
            for (shape, step) in [("hourly", Self.hour), ("every 5 minutes", Self.hour / 12)] {
                let planner = try RetentionPlanner(policy)
                let backups = (0..<100_000).map { index in
                    Backup(
                        id: "20261121T070500Z-\(index)",
                        group: "source=web policy=nightly",
                        takenAt: UnixMilliseconds(1_792_000_000_000 - Int64(index) * step),
                        sequence: UInt64(100_000 - index)
                    )
                }
                var times: [Duration] = []
                var kept = 0
                for _ in 0..<5 {
                    let clock = ContinuousClock()
                    times.append(
                        clock.measure {
                            kept = planner.plan(backups, now: UnixMilliseconds(1_792_000_000_000)).ids(.keep).count
                        }
                    )
                }
                print("plan of 100,000, \(shape), \(name): median \(times.sorted()[2]), kept \(kept)")
            }
        }
    }
}
