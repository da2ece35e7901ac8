import Foundation
import Retention
import SnapshotModel
import TestSupport
import Testing

/// What holds for every policy and every list of backups.
struct PropertyTests {
    /// Runs `check` on random cases and names the case that fails.
    private func forRandomCases(
        _ purpose: String,
        _ fallback: UInt64,
        _ check: (RandomCase, inout SeededGenerator) throws -> Bool
    ) throws {
        var generator = SeededGenerator.fromEnvironment(purpose, fallback: fallback)
        for index in 0..<TestExtent.count(bounded: 250, whole: 12_000) {
            let example = RandomCase(&generator)
            let holds = try check(example, &generator)
            try #require(holds, "seed \(generator.seed), case \(index)\n\(example.text)")
        }
    }

    @Test func `the order of the list does not matter`() throws {
        try forRandomCases("permutations", 1) { example, generator in
            var shuffled = example
            shuffled.backups.shuffle(using: &generator)
            return try shuffled.plan() == example.plan()
        }
    }

    @Test func `planning again over what was kept deletes nothing more`() throws {
        try forRandomCases("idempotence", 2) { example, _ in
            let first = try example.plan()
            var rest = example
            rest.backups.removeAll { first[$0.id]?.decision == .delete }
            return try rest.plan().ids(.delete).isEmpty
        }
    }

    @Test func `a larger count deletes nothing more`() throws {
        try forRandomCases("larger counts", 3) { example, generator in
            var larger = example
            func grown(_ count: RetentionCount?) -> RetentionCount? {
                guard case .limited(let number)? = count, number > 0 else { return count }
                return generator.chance(10) ? .all : .limited(number + Int.random(in: 0...3, using: &generator))
            }
            larger.policy.last = grown(larger.policy.last)
            for tier in RetentionTier.allCases {
                let count = grown(example.policy.tiers[tier]?.count)
                larger.policy.tiers[tier]?.count = count
            }
            larger.policy.minimumCopies += Int.random(in: 0...2, using: &generator)
            larger.policy.failed.keepLast += Int.random(in: 0...2, using: &generator)
            return try larger.plan().ids(.delete).isSubset(of: example.plan().ids(.delete))
        }
    }

    @Test func `a longer window deletes nothing more`() throws {
        try forRandomCases("longer windows", 4) { example, generator in
            var longer = example
            func grown(_ window: CivilDuration) -> CivilDuration {
                guard let (unit, count) = window.counts.first else { return window }
                return CivilDuration(count + Int64.random(in: 0...9, using: &generator), unit)
            }
            longer.policy.within = longer.policy.within.map(grown)
            longer.policy.failed.keepFor = grown(longer.policy.failed.keepFor)
            for tier in RetentionTier.allCases {
                guard let window = longer.policy.tiers[tier]?.within else { continue }
                let old = longer.policy.tiers
                longer.policy.tiers[tier]?.within = grown(window)
                if !longer.policy.validate().isEmpty { longer.policy.tiers = old }
            }
            return try longer.plan().ids(.delete).isSubset(of: example.plan().ids(.delete))
        }
    }

    @Test func `one more hold deletes nothing more`() throws {
        try forRandomCases("more holds", 5) { example, generator in
            guard let index = example.backups.indices.randomElement(using: &generator) else { return true }
            var held = example
            held.backups[index].holds.append(Backup.Hold(name: "more"))
            let plan = try held.plan()
            let isSubset = try plan.ids(.delete).isSubset(of: example.plan().ids(.delete))
            return isSubset && plan[held.backups[index].id]?.decision != .delete
        }
    }

    @Test func `a plan that may be carried out empties no group`() throws {
        try forRandomCases("groups", 6) { example, _ in
            let plan = try example.plan()
            let left = example.backups.filter { !plan.deletions.contains($0.id) }
            let hadGood = Set(plan.items.filter { item in isGood(item.id, example) }.map(\.group))
            return Set(left.map(\.group)) == Set(example.backups.map(\.group))
                && hadGood.allSatisfy { group in left.contains { $0.group == group && isGood($0.id, example) } }
        }
    }

    private func isGood(_ id: String, _ example: RandomCase) -> Bool {
        example.backups.contains { backup in
            backup.id == id && backup.state == .complete && backup.health != .corrupt && backup.health != .suspicious
                && backup.takenAt.rawValue <= example.now.rawValue + 300_000
        }
    }

    @Test func `a newer backup never deletes a held or leased one, or a parent`() throws {
        try forRandomCases("newer backups", 7) { example, generator in
            var grown = example
            let newest = example.backups.map(\.takenAt).max() ?? example.now
            let takenAt = max(newest, example.now).advanced(
                byMilliseconds: .random(in: 0...86_400_000, using: &generator)
            )
            grown.backups.append(Backup(id: "new", group: "g", takenAt: takenAt, sequence: 99))
            grown.now = takenAt
            let plan = try grown.plan()
            let alive = grown.backups.filter { plan[$0.id]?.decision != .delete }
            return grown.backups.allSatisfy { backup in
                let isHeld = backup.holds.contains { $0.until.map { takenAt < $0 } ?? true }
                let isLeased = backup.leaseUntil.map { takenAt < $0 } ?? false
                let isParent = alive.contains { $0.parents.contains(backup.id) }
                return !(isHeld || isLeased || isParent) || plan[backup.id]?.decision != .delete
            }
        }
    }

    @Test func `everything kept has a reason and nothing deleted has one`() throws {
        try forRandomCases("reasons", 8) { example, _ in
            let plan = try example.plan()
            return plan.items.count == example.backups.count
                && plan.items.allSatisfy { ($0.decision == .delete) == $0.reasons.isEmpty }
        }
    }

    @Test func `the zone of the host does not matter`() throws {
        let host = NSTimeZone.default
        defer { NSTimeZone.default = host }
        try forRandomCases("zones of hosts", 9) { example, generator in
            let plan = try example.plan()
            let zone = RandomCase.zones.randomElement(using: &generator) ?? "UTC"
            NSTimeZone.default = try #require(TimeZone(identifier: zone))
            return try example.plan() == plan
        }
    }

    @Test func `no source of the planner asks for the host's zone, calendar or locale`() throws {
        let words = /\b(current|autoupdatingCurrent|Calendar|Locale|DateFormatter|localizedDescription|default)\b/
        var found: [String] = []
        for file in try ProjectFile.all(below: "Sources/Retention", suffix: ".swift") {
            for line in file.lines where line.contains(words) {
                let code = line.trimmingPrefix(while: \.isWhitespace)
                if !code.hasPrefix("//"), !code.hasPrefix("default:") { found.append("\(file): \(line)") }
            }
        }
        #expect(found == [])
    }
}
