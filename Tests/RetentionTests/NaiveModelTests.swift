import Retention
import SnapshotModel
import TestSupport
import Testing

struct NaiveModelTests {
    @Test func `random cases come out as the naive model says, with every reason`() throws {
        var generator = SeededGenerator.fromEnvironment("the naive model", fallback: 0x5EED_0001)
        var kept = 0
        var deleted = 0
        for index in 0..<TestExtent.count(bounded: 1200, whole: 120_000) {
            let example = RandomCase(&generator)
            let plan = try example.plan()
            let expected = NaiveModel(policy: example.policy, now: example.now.rawValue).reasons(example.backups)
            let found = Dictionary(uniqueKeysWithValues: plan.items.map { ($0.id, Set($0.reasons.map(Self.kind))) })
            try #require(found == expected, "seed \(generator.seed), case \(index)\n\(example.text)")
            for item in plan.items {
                let reasons = expected[item.id] ?? []
                let isSkipped = reasons.contains("running") || reasons == ["immutable"]
                try #require(item.decision == (isSkipped ? .skip : reasons.isEmpty ? .delete : .keep), "case \(index)")
                if item.decision == .delete { deleted += 1 } else { kept += 1 }
            }
        }
        // The cases must be worth something: both outcomes are common.
        #expect(kept > deleted / 4 && deleted > kept / 8, "kept \(kept), deleted \(deleted)")
    }

    /// The word for a reason in the naive model.
    private static func kind(_ reason: RetentionReason) -> String {
        switch reason {
        case .last: "last"
        case .within: "within"
        case .tier(let tier, _, _, _), .tierWithin(let tier, _, _): tier.rawValue
        case .tags: "tags"
        case .oldest: "oldest"
        case .minimumCopies: "min-copies"
        case .lastDrilled: "last-drilled"
        case .lastVerified: "last-verified"
        case .hold: "hold"
        case .lease: "lease"
        case .neededBy: "needed-by"
        case .failedRecently, .suspiciousRecently: "keep-for"
        case .failedLast, .suspiciousLast: "keep-last"
        case .corruptWithoutSuccessor: "corrupt"
        case .futureDated: "future-dated"
        case .running: "running"
        case .immutable: "immutable"
        }
    }
}
