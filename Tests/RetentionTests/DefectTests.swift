import Foundation
import Retention
import SnapshotModel
import Testing

/// Defects that were found in the most trusted tools, each ruled out here and named where it was found.
struct DefectTests {
    private let day: Int64 = 86_400_000
    private let start = UnixMilliseconds(1_792_022_400_000)  // 2026-10-15T00:00:00Z

    private func backup(_ id: String, _ text: String, _ change: (inout Backup) -> Void = { _ in }) throws -> Backup {
        var backup = Backup(id: id, group: "g", takenAt: try #require(UnixMilliseconds(rfc3339: text)))
        change(&backup)
        return backup
    }

    private func plan(
        _ backups: [Backup],
        now: String? = nil,
        _ change: (inout RetentionPolicy) -> Void
    ) throws -> RetentionPlan {
        var policy = RetentionPolicy()
        change(&policy)
        let now = try now.map { try #require(UnixMilliseconds(rfc3339: $0)) } ?? backups.map(\.takenAt).max() ?? start
        return try RetentionPlanner(policy).plan(backups, now: now)
    }

    @Test func `restic 2233, 4484: a day is the policy's, whatever the offset that a time was written with`() throws {
        // Two stamps of one Roman day whose own offsets say two days.
        let backups = [
            try backup("late", "2026-07-01T23:30:00+02:00"), try backup("early", "2026-06-30T18:30:00-04:00"),
            try backup("before", "2026-06-30T21:59:00Z"),
        ]
        let plan = try plan(backups) {
            $0.timeZone = "Europe/Rome"
            $0.tiers[.daily] = RetentionTierRule(count: .limited(2))
        }
        #expect(plan.reasons("late") == ["daily 1/2 2026-07-01", "min-copies 1/1"])
        #expect(plan.reasons("early") == [])
        #expect(plan.reasons("before") == ["daily 2/2 2026-06-30"])
    }

    @Test func `restic, adjacent values: keys are compared over the whole list, so A, B, A is two days and not three`()
        throws
    {
        // St John's set its clocks back at 00:01, so that the day of 7 November began, ended and began again.
        let texts = ["2010-11-07T03:31:30Z", "2010-11-07T02:31:30Z", "2010-11-07T02:30:30Z", "2010-11-07T02:29:30Z"]
        let backups = try texts.enumerated().map { try backup("\($0)", $1) }
        let plan = try plan(backups) {
            $0.timeZone = "America/St_Johns"
            $0.tiers[.daily] = RetentionTierRule(count: .all)
            $0.oldest = false
        }
        #expect(plan.reasons("0").first == "daily 1/all 2010-11-07")
        #expect(plan.ids(.keep) == ["0", "1"])
    }

    @Test func `kopia, mixed zones: day, week and month begin at the same midnight`() throws {
        // 23:30 UTC on Sunday 31 May is Monday 1 June in Rome: the next day, week and month all at once.
        let backups = [try backup("june", "2026-05-31T22:30:00Z"), try backup("may", "2026-05-31T21:30:00Z")]
        let plan = try plan(backups) {
            $0.timeZone = "Europe/Rome"
            for tier in [RetentionTier.daily, .weekly, .monthly] {
                $0.tiers[tier] = RetentionTierRule(count: .limited(2))
            }
        }
        #expect(
            plan.reasons("june").prefix(3) == ["daily 1/2 2026-06-01", "weekly 1/2 2026-W23", "monthly 1/2 2026-06"]
        )
        #expect(
            plan.reasons("may").prefix(3) == ["daily 2/2 2026-05-31", "weekly 2/2 2026-W22", "monthly 2/2 2026-05"]
        )
    }

    @Test func `kopia, one map of periods for all tiers: keys of different tiers are never equal`() {
        var clock = CivilClock(.utc)
        let time = clock.wallTime(at: UnixMilliseconds(0))
        #expect(Set(RetentionTier.allCases.map { BucketKey($0, time) }).count == 7)
    }

    @Test func `rustic, equal_week: the week over new year is one, and weeks of two years are two`() throws {
        let backups = [
            try backup("jan", "2026-01-02T00:00:00Z"), try backup("dec", "2025-12-30T00:00:00Z"),
            try backup("last", "2025-01-02T00:00:00Z"),
        ]
        let plan = try plan(backups) { $0.tiers[.weekly] = RetentionTierRule(count: .all) }
        #expect(plan.ids(.keep) == ["jan", "last"])
    }

    @Test func `rustic, equal_minute: the same minute of another hour is another minute`() throws {
        let backups = [try backup("b", "2026-01-02T11:05:00Z"), try backup("a", "2026-01-02T10:05:00Z")]
        let plan = try plan(backups) { $0.tiers[.minutely] = RetentionTierRule(count: .limited(2)) }
        #expect(plan.reasons("b").first == "minutely 1/2 2026-01-02T11:05+00:00")
        #expect(plan.reasons("a").first == "minutely 2/2 2026-01-02T10:05+00:00")
    }

    @Test func `borg 1980, sanoid 155: the two hours of autumn are two, and spring has none to miss`() throws {
        func kept(_ texts: [String]) throws -> Int {
            let backups = try texts.enumerated().map { try backup("\($0)", $1) }
            return try plan(backups) {
                $0.timeZone = "Europe/Rome"
                $0.tiers[.hourly] = RetentionTierRule(count: .limited(24))
                $0.oldest = false
            }.ids(.keep).count
        }
        #expect(try kept(["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]) == 2)
        #expect(try kept(["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"]) == 2)
    }

    @Test func `kopia 3758: a count counts periods with backups, and a pause takes none away`() throws {
        let old = (0..<7).map {
            Backup(id: "\($0)", group: "g", takenAt: start.advanced(byMilliseconds: Int64(-$0) * day))
        }
        let new = Backup(id: "new", group: "g", takenAt: start.advanced(byMilliseconds: 14 * day))
        let plan = try plan(old + [new]) { $0.tiers[.daily] = RetentionTierRule(count: .limited(7)) }
        #expect(plan.ids(.delete) == ["6"])
    }

    @Test func `restic 5193: windows do not eat the history when backups stop`() throws {
        let old = (0..<7).map {
            Backup(id: "\($0)", group: "g", takenAt: start.advanced(byMilliseconds: Int64(-$0) * day))
        }
        #expect(
            try plan(old, now: "2036-01-01T00:00:00Z") { $0.within = CivilDuration(30, .days) }.ids(.delete).isEmpty
        )
    }

    @Test func `restic 3416, 21956: a backup from the future moves no window and fills no slot`() throws {
        let backups = [
            try backup("ahead", "2027-11-21T00:00:00Z"), try backup("new", "2026-11-21T00:00:00Z"),
            try backup("old", "2026-11-19T00:00:00Z"),
        ]
        let plan = try plan(backups, now: "2026-11-21T00:00:00Z") {
            $0.within = CivilDuration(7, .days)
            $0.last = .limited(2)
        }
        #expect(plan.ids(.keep) == ["ahead", "new", "old"])
        #expect(plan.reasons("old") == ["last 2/2", "within 7d"])
        #expect(plan.notices.count == 1)
    }

    @Test func `restic, AddDate: a month before the 31st is the end of the month before`() throws {
        let backups = [try backup("new", "2026-03-31T12:00:00Z"), try backup("mar1", "2026-03-01T12:00:00Z")]
        // With overflow the window would begin on 3 March.
        #expect(try plan(backups) { $0.within = CivilDuration(1, .months) }.ids(.delete).isEmpty)
    }

    @Test func `WAL-G, order by name: only the instant, the sequence and the id order backups`() throws {
        let backups = [try backup("zzz-pg13", "2026-01-01T00:00:00Z"), try backup("aaa-pg14", "2026-01-02T00:00:00Z")]
        #expect(try plan(backups) { $0.last = .limited(1) }.ids(.keep) == ["aaa-pg14"])
    }

    @Test func `barman 1081: only full backups count for the floor, and what they need is not counted twice`() throws {
        let backups = [
            try backup("i2", "2026-01-04T00:00:00Z") { $0.parents = ["i1"] },
            try backup("i1", "2026-01-03T00:00:00Z") { $0.parents = ["full2"] },
            try backup("full2", "2026-01-02T00:00:00Z"), try backup("full1", "2026-01-01T00:00:00Z"),
            try backup("full0", "2025-12-31T00:00:00Z"),
        ]
        let plan = try plan(backups) {
            $0.last = .limited(1)
            $0.minimumCopies = 2
        }
        #expect(plan.ids(.delete) == ["full0"])
        #expect(plan.reasons("full2") == ["min-copies 1/2", "needed-by i1"])
        #expect(plan.reasons("full1") == ["min-copies 2/2"])
    }

    @Test func `pgBackRest, full and differential: a full one that only its children keep fills no slot of another`()
        throws
    {
        let backups = [
            try backup("F2", "2026-01-04T00:00:00Z"), try backup("D2", "2026-01-03T00:00:00Z") { $0.parents = ["F1"] },
            try backup("D1", "2026-01-02T00:00:00Z") { $0.parents = ["F1"] }, try backup("F1", "2026-01-01T00:00:00Z"),
        ]
        let plan = try plan(backups) { $0.last = .limited(2) }
        #expect(plan.ids(.keep) == ["F2", "D2", "F1"])
        #expect(plan.reasons("F1") == ["needed-by D2"])
    }

    @Test func `WAL-G 1152, 1768: a held backup is kept, and does not stop the others from going`() throws {
        let backups = [
            try backup("new", "2026-01-04T00:00:00Z"), try backup("mid", "2026-01-03T00:00:00Z"),
            try backup("held", "2026-01-01T00:00:00Z") { $0.holds = [Backup.Hold(name: "permanent")] },
        ]
        let plan = try plan(backups) { $0.last = .limited(1) }
        #expect(plan.ids(.delete) == ["mid"])
        #expect(plan.reasons("held") == ["hold:permanent"])
    }

    @Test func `WAL-G 1203, 1245: fewer backups than the count are no error`() throws {
        let plan = try plan([try backup("a", "2026-01-04T00:00:00Z")]) { $0.last = .limited(99) }
        #expect(plan.ids(.keep) == ["a"] && plan.brakes.isEmpty)
        #expect(try self.plan([]) { $0.last = .limited(99) }.items.isEmpty)
    }

    @Test func `litestream 1270, 1307: what somebody reads is kept with all that it needs`() throws {
        let backups = [
            try backup("new", "2026-01-04T00:00:00Z"),
            try backup("read", "2026-01-02T00:00:00Z") {
                $0.leaseUntil = UnixMilliseconds(.max)
                $0.parents = ["base"]
            },
            try backup("base", "2026-01-01T00:00:00Z"),
        ]
        let plan = try plan(backups) { $0.last = .limited(1) }
        #expect(plan.reasons("read") == ["lease"])
        #expect(plan.reasons("base") == ["needed-by read"])
    }

    @Test
    func
        `restic, append-only attack: empty newer backups do not push good ones out of a window, and the brake asks for a count`()
        throws
    {
        let good = (0..<10).map {
            Backup(id: "g\($0)", group: "g", takenAt: start.advanced(byMilliseconds: Int64(-$0) * 7 * day))
        }
        // The attacker adds one a week for three weeks, all on one day, dated ahead where that helps.
        let bad = (1...3).map {
            Backup(id: "bad\($0)", group: "g", takenAt: start.advanced(byMilliseconds: Int64($0) * 7 * day))
        }
        let now = "\(start)"
        let within = try plan(good + bad, now: now) {
            $0.tiers[.weekly] = RetentionTierRule(within: CivilDuration(70, .days))
        }
        #expect(within.ids(.delete).isEmpty)
        let count = try plan(good + bad, now: now) { $0.tiers[.weekly] = RetentionTierRule(count: .limited(10)) }
        #expect(count.ids(.delete).isEmpty)
        // Once their time has come they do count; the deletion of the good ones is then a mass deletion.
        let later = try plan(good + bad, now: "2026-11-05T00:00:00Z") {
            $0.tiers[.weekly] = RetentionTierRule(count: .limited(3))
        }
        #expect(later.ids(.keep) == ["bad1", "bad2", "bad3"])
        #expect(later.brakes.map(\.name) == ["mass-delete"] && later.deletions.isEmpty)
        // A guard that found them suspicious ends the attack: they fill no slot.
        var doubted = bad
        for index in doubted.indices { doubted[index].health = .suspicious }
        let guarded = try plan(good + doubted, now: "2026-11-05T00:00:00Z") {
            $0.tiers[.weekly] = RetentionTierRule(count: .limited(10))
        }
        #expect(guarded.ids(.delete).isEmpty)
    }

    @Test func `Velero 6091, 7242: the last good copy has no time to live, and failed ones do not stay for ever`()
        throws
    {
        var backups = [try backup("good", "2020-01-01T00:00:00Z")]
        for number in 1...9 {
            backups.append(try backup("f\(number)", "2020-02-0\(number)T00:00:00Z") { $0.state = .failed })
        }
        let plan = try plan(backups, now: "2026-01-01T00:00:00Z") {
            $0.within = CivilDuration(30, .days)
            $0.anchor = .now
        }
        #expect(plan.ids(.keep) == ["good", "f9", "f8", "f7"])
        #expect(plan.brakes.isEmpty)
    }
}
