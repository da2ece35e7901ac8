import Retention
import SnapshotModel
import Testing

struct BrakeTests {
    private let now = UnixMilliseconds(1_792_000_000_000)
    private let hour: Int64 = 3_600_000

    private func backups(_ count: Int) -> [Backup] {
        (0..<count).map { Backup(id: "\($0)", group: "g", takenAt: now.advanced(byMilliseconds: Int64(-$0) * hour)) }
    }

    private func plan(
        _ backups: [Backup],
        _ facts: RetentionFacts = RetentionFacts(),
        _ overrides: RetentionOverrides = RetentionOverrides(),
        _ change: (inout RetentionPolicy) -> Void = { _ in }
    ) throws -> RetentionPlan {
        var policy = RetentionPolicy()
        policy.last = .limited(3)
        change(&policy)
        return try RetentionPlanner(policy).plan(backups, facts: facts, overrides: overrides, now: now)
    }

    private func names(_ plan: RetentionPlan) -> [String] { plan.brakes.map(\.name) }

    @Test(
        arguments: [
            // Kept 3 of n: deletions n - 3. More than half and more than three.
            (6, false), (7, true), (4, false), (5, false),
        ]
    )
    func `a mass deletion is more than half of the group and more than three`(count: Int, isBraked: Bool) throws {
        #expect(try names(plan(backups(count))) == (isBraked ? ["mass-delete"] : []))
    }

    @Test func `exactly half of a group is no mass deletion`() throws {
        #expect(try names(plan(backups(8)) { $0.last = .limited(4) }) == [])
        #expect(try names(plan(backups(9)) { $0.last = .limited(4) }) == ["mass-delete"])
    }

    private func plan(_ backups: [Backup], _ change: (inout RetentionPolicy) -> Void) throws -> RetentionPlan {
        try plan(backups, RetentionFacts(), RetentionOverrides(), change)
    }

    @Test func `the share is the policy's`() throws {
        #expect(try names(plan(backups(20)) { $0.maximumDeletePercent = 85 }) == [])
        #expect(try names(plan(backups(20)) { $0.maximumDeletePercent = 84 }) == ["mass-delete"])
        #expect(try names(plan(backups(200)) { $0.maximumDeletePercent = 100 }) == [])
        #expect(try names(plan(backups(7)) { $0.maximumDeletePercent = 0 }) == ["mass-delete"])
    }

    @Test func `records of failed runs are neither backups nor losses`() throws {
        var list = backups(3)
        for number in 1...40 {
            let takenAt = now.advanced(byMilliseconds: Int64(-number) * 1000 * hour)
            list.append(Backup(id: "f\(number)", group: "g", takenAt: takenAt, state: .failed))
        }
        let plan = try plan(list)
        #expect(plan.deletions.count == 37)
    }

    @Test func `a brake on one group keeps every group`() throws {
        var list = backups(40)
        list.append(Backup(id: "other", group: "h", takenAt: now.advanced(byMilliseconds: -hour)))
        list.append(Backup(id: "other-new", group: "h", takenAt: now))
        let plan = try plan(list) { $0.last = .limited(1) }
        #expect(plan["other"]?.decision == .delete)
        #expect(plan.deletions.isEmpty)
    }

    @Test func `the way past a mass deletion is an override, which is reported`() throws {
        let plan = try plan(backups(40), RetentionFacts(), RetentionOverrides(allowMassDelete: true))
        #expect(plan.brakes.isEmpty && plan.overriddenBrakes.map(\.name) == ["mass-delete"])
        #expect(plan.deletions.count == 37)
    }

    @Test func `a clock that went back more than the skew brakes until it is reset`() throws {
        func facts(_ ahead: Int64) -> RetentionFacts {
            RetentionFacts(highWaterMark: now.advanced(byMilliseconds: ahead))
        }
        #expect(try names(plan(backups(1), facts(300_000))) == [])
        #expect(try names(plan(backups(1), facts(300_001))) == ["clock-back"])
        #expect(try names(plan(backups(1), facts(300_001), RetentionOverrides(resetClock: true))) == [])
        // The ends of 64 bits do not trap.
        #expect(try names(plan(backups(1), RetentionFacts(highWaterMark: UnixMilliseconds(.max)))) == ["clock-back"])
        #expect(try names(plan(backups(1), RetentionFacts(highWaterMark: UnixMilliseconds(.min)))) == [])
    }

    @Test func `windows from now are refused while a good backup is dated later than now`() throws {
        var list = backups(3)
        list[0].takenAt = now.advanced(byMilliseconds: 300_001)
        func names(_ anchor: RetentionPolicy.Anchor, _ reset: Bool = false) throws -> [String] {
            try self.names(plan(list, RetentionFacts(), RetentionOverrides(resetClock: reset)) { $0.anchor = anchor })
        }
        #expect(try names(.now) == ["anchor-behind"])
        #expect(try names(.now, true) == [])
        #expect(try names(.newest) == [])
        list[0].takenAt = now.advanced(byMilliseconds: 300_000)
        #expect(try names(.now) == [])
    }

    @Test func `the newest candidate must have its files, older ones and others need not`() throws {
        #expect(try names(plan(backups(3), RetentionFacts(missingFiles: ["0"]))) == ["newest-missing"])
        #expect(try names(plan(backups(3), RetentionFacts(missingFiles: ["1"]))) == [])
        var list = backups(3)
        list[0].health = .corrupt
        #expect(try names(plan(list, RetentionFacts(missingFiles: ["0"]))) == [])
        #expect(try names(plan(list, RetentionFacts(missingFiles: ["1"]))) == ["newest-missing"])
    }

    @Test func `nothing overrides a disagreement or a missing file`() throws {
        let facts = RetentionFacts(missingFiles: ["0"], disagreement: "the catalog lags behind")
        let all = RetentionOverrides(allowMassDelete: true, acceptPolicyChange: true, resetClock: true)
        #expect(try names(plan(backups(3), facts, all)) == ["disagreement", "newest-missing"])
    }

    @Test func `a changed policy brakes only where the policy asks for it`() throws {
        let changed = RetentionFacts(policyDigest: "new", policyDigestAtLastRun: "old")
        #expect(try names(plan(backups(3), changed)) == [])
        func confirmed(_ facts: RetentionFacts, _ accept: Bool = false) throws -> [String] {
            let overrides = RetentionOverrides(acceptPolicyChange: accept)
            return try self.names(plan(backups(3), facts, overrides) { $0.confirmPolicyChange = true })
        }
        #expect(try confirmed(changed) == ["policy-changed"])
        #expect(try confirmed(changed, true) == [])
        #expect(try confirmed(RetentionFacts(policyDigest: "new")) == [])
        #expect(try confirmed(RetentionFacts(policyDigest: "new", policyDigestAtLastRun: "new")) == [])
    }

    @Test func `a group that would lose its last good backup brakes, one that has none loses its failed records only`()
        throws
    {
        var child = backups(1)
        child[0].takenAt = now.advanced(byMilliseconds: -999 * hour)
        child[0].parents = ["gone"]
        func names(_ list: [Backup]) throws -> [String] {
            try self.names(
                plan(list) {
                    $0.last = nil
                    $0.within = CivilDuration(1, .hours)
                    $0.anchor = .now
                    $0.failed.keepLast = 1
                }
            )
        }
        #expect(try names(child) == ["last-candidate"])
        func old(_ state: Backup.State) -> [Backup] {
            (1...2).map { Backup(id: "\($0)", group: "g", takenAt: UnixMilliseconds(Int64($0)), state: state) }
        }
        #expect(try names(old(.partial)) == ["last-candidate"])
        #expect(try names(old(.failed)) == [])
    }

    @Test func `every brake says what it is and a way past it`() {
        let brakes: [RetentionBrake] = [
            .lastCandidate(group: "g"), .massDelete(group: "g", deletions: 5, of: 6, percent: 50),
            .clockBack(now: now, highWaterMark: now), .anchorBehind(group: "g", now: now, newest: now),
            .newestMissing(group: "g", id: "a"), .disagreement("x"), .policyChanged,
        ]
        #expect(Set(brakes.map(\.name)).count == 7)
        for brake in brakes { #expect(!brake.sentence.isEmpty && !brake.wayPast.isEmpty) }
    }
}
