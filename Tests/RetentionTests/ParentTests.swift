import Retention
import SnapshotModel
import Testing

/// What a backup that stays cannot be restored without.
struct ParentTests {
    private let now = UnixMilliseconds(1_792_000_000_000)

    /// Backups an hour apart, the first the newest, each with its parents and in a group of its own choice.
    private func plan(_ list: [(id: String, parents: [String], group: String)]) throws -> RetentionPlan {
        var policy = RetentionPolicy()
        policy.last = .limited(1)
        policy.minimumCopies = 0
        let backups = list.enumerated().map { index, item in
            let takenAt = now.advanced(byMilliseconds: Int64(-index) * 3_600_000)
            return Backup(id: item.id, group: item.group, takenAt: takenAt, parents: item.parents)
        }
        return try RetentionPlanner(policy).plan(backups, now: now)
    }

    @Test func `a long chain is kept to its beginning, each link by its child`() throws {
        let chain = (0..<9).map { (id: "\($0)", parents: ["\($0 + 1)"], group: "g") }
        let plan = try plan(chain + [("9", [], "g"), ("other", [], "g")])
        #expect(plan.ids(.delete) == ["other"])
        for link in 1...9 { #expect(plan.reasons("\(link)") == ["needed-by \(link - 1)"]) }
    }

    @Test func `a parent in another group is kept, too`() throws {
        let plan = try plan([
            ("new", ["b2"], "a"), ("b1", [], "b"), ("b2", ["c2"], "b"), ("c1", [], "c"), ("c2", [], "c"),
        ])
        #expect(plan.ids(.delete).isEmpty)
        #expect(plan.reasons("c2") == ["needed-by b2"])
    }

    @Test func `every child that stays is named, and one that goes is not`() throws {
        let plan = try plan([("a", ["base"], "g"), ("b", ["base"], "h"), ("c", ["base"], "g"), ("base", [], "g")])
        #expect(plan.reasons("base") == ["needed-by a", "needed-by b"])
        #expect(plan.ids(.delete) == ["c"])
    }

    @Test func `cycles, parents that are not there and backups that name themselves do no harm`() throws {
        let plan = try plan([("new", ["gone", "new"], "g"), ("x", ["y"], "g"), ("y", ["x"], "g")])
        #expect(plan.reasons("new") == ["last 1/1"])
        #expect(plan.ids(.delete) == ["x", "y"])
        let kept = try self.plan([("x", ["y", "y"], "g"), ("y", ["x"], "g")])
        #expect(kept.reasons("y") == ["needed-by x"])
        #expect(kept.reasons("x") == ["last 1/1", "needed-by y"])
    }
}
