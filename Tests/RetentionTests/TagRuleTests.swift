import Retention
import SnapshotModel
import Testing

struct TagRuleTests {
    private static let rules: [(rule: [[String]], kept: Set<String>)] = [
        ([["env"]], ["prod", "test"]), ([["env=prod"]], ["prod"]), ([["env=prod", "weekly"]], []),
        ([["weekly"], ["env=test"]], ["test", "weekly"]), ([["weekly="]], ["weekly"]), ([["env="]], []),
        ([["other"]], []), ([["env", "env=prod"]], ["prod"]),
    ]

    @Test(arguments: rules)
    func `a tag of a rule is a name with any value, or a name and its value`(rule: [[String]], kept: Set<String>) throws
    {
        var policy = RetentionPolicy()
        policy.tags = rule
        policy.minimumCopies = 0
        let tags = ["prod": ["env": "prod"], "test": ["env": "test"], "weekly": ["weekly": ""], "none": [:]]
        let backups = tags.map { Backup(id: $0, group: "g", takenAt: UnixMilliseconds(5), tags: $1) }
        #expect(try RetentionPlanner(policy).plan(backups, now: UnixMilliseconds(5)).ids(.keep) == kept)
    }

    @Test func `each list that matches is a reason`() throws {
        var policy = RetentionPolicy()
        policy.tags = [["env=prod", "weekly"], ["weekly"]]
        let backup = Backup(id: "a", group: "g", takenAt: UnixMilliseconds(5), tags: ["env": "prod", "weekly": ""])
        let plan = try RetentionPlanner(policy).plan([backup], now: UnixMilliseconds(5))
        #expect(plan.reasons("a") == ["tags env=prod+weekly", "tags weekly", "min-copies 1/1"])
    }

    @Test func `groups that differ never look alike`() {
        func group(_ source: String?, _ policy: String?) -> String {
            GroupKey.group(by: [.source, .policy]) { $0 == .source ? source : policy }
        }
        let pairs: [(String?, String?)] = [
            ("a", "b"), ("a policy=b", nil), (nil, nil), ("-", "-"), ("a", nil), ("", ""), ("%20", ""), (" ", ""),
        ]
        #expect(Set(pairs.map { group($0.0, $0.1) }).count == pairs.count)
        #expect(group("web", "nightly") == "source=web policy=nightly")
    }

    @Test(arguments: ["source", "policy", "engine", "method", "tag:env"]) func `a group key prints as it is written`(
        text: String
    ) {
        #expect(GroupKey(text).map(\.description) == text)
    }

    @Test(arguments: ["", "tag", "tag:", "host", "Source", "source "]) func `anything else is no group key`(
        text: String
    ) {
        #expect(GroupKey(text) == nil)
    }
}
