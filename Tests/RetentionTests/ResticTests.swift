import Foundation
import Retention
import SnapshotModel
import TestSupport
import Testing

/// The most used tool's policies, and its documented semantics on random lists.
///
/// Where Rewarm differs it differs on purpose: restic keeps the oldest snapshot for every rule with slots left, Rewarm for
/// the coarsest counted tier; restic lets months overflow (31 March less one is 3 March), Rewarm clamps; restic runs a
/// policy that has no rule, Rewarm refuses it.
struct ResticTests {
    private struct Facts {
        var backups: [Backup] = []
        var policies: [(text: String, kept: Set<String>)] = []

        init() throws {
            let file = try ProjectFile.read("Tests/RetentionTests/Fixtures/restic.txt")
            for line in file.lines {
                let words = line.split(separator: " ").map(String.init)
                if words.first == "snapshot" {
                    let takenAt = try #require(UnixMilliseconds(rfc3339: words[2]))
                    var backup = Backup(id: words[1], group: "g", takenAt: takenAt)
                    // The first of equal instants is the newest.
                    backup.sequence = 1000 - (UInt64(words[1]) ?? 0)
                    let tags = words.count > 3 ? words[3].split(separator: ",").map(String.init) : []
                    backup.tags = Dictionary(tags.map { ($0, "") }) { $1 }
                    backups.append(backup)
                } else if words.first == "policy" {
                    let fields = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                    policies.append((fields[1], Self.expand(fields.count > 2 ? fields[2] : "")))
                }
            }
        }

        private static func expand(_ text: String) -> Set<String> {
            Set(
                text.split(separator: " ").flatMap { range in
                    let ends = range.split(separator: "-").compactMap { Int($0) }
                    return (ends[0]...(ends.last ?? ends[0])).map(String.init)
                }
            )
        }
    }

    /// Reads `last:10 daily:within-7d tags:foo,bar;baz` as the fixture has it.
    private static func policy(_ text: String) throws -> RetentionPolicy {
        var policy = RetentionPolicy()
        policy.minimumCopies = 0
        for rule in text.split(separator: " ") {
            let parts = rule.split(separator: ":").map(String.init)
            let count: RetentionCount = parts[1] == "all" ? .all : .limited(Int(parts[1]) ?? 0)
            switch parts[0] {
            case "last": policy.last = count
            case "within": policy.within = try CivilDuration(parsing: parts[1])
            case "tags": policy.tags = parts[1].split(separator: ";").map { $0.split(separator: ",").map(String.init) }
            default:
                let tier = try #require(RetentionTier(rawValue: parts[0]))
                let window = parts[1].hasPrefix("within-") ? try CivilDuration(parsing: parts[1].dropFirst(7)) : nil
                policy.tiers[tier] = window.map { RetentionTierRule(within: $0) } ?? RetentionTierRule(count: count)
            }
        }
        return policy
    }

    @Test func `restic's forty policies keep the same but for the differences that are meant`() throws {
        let facts = try Facts()
        #expect(facts.backups.count == 103 && facts.policies.count == 40)
        let now = try #require(UnixMilliseconds(rfc3339: "2016-01-18T12:02:03Z"))
        let oldest = try #require(facts.backups.sorted(by: Backup.isNewer).last?.id)
        var text =
            "# What restic's forty policies keep of its 103 snapshots: restic's number, and where Rewarm differs.\n"
        for (index, (rule, theirs)) in facts.policies.enumerated() {
            let policy = try Self.policy(rule)
            if rule.isEmpty {
                #expect(throws: InvalidRetentionPolicy.self) { try RetentionPlanner(policy) }
                text += "\(index) (no rule): restic keeps 0; Rewarm refuses the policy\n"
                continue
            }
            let plan = try RetentionPlanner(policy).plan(facts.backups, now: now)
            let ours = plan.ids(.keep)
            let more = ours.subtracting(theirs).sorted()
            let less = theirs.subtracting(ours).sorted()
            text += "\(index) \(rule): \(theirs.count)"
            text += less.isEmpty ? "" : ", without \(less.joined(separator: " "))"
            text += (more.isEmpty ? "" : ", and \(more.joined(separator: " "))") + "\n"
            #expect(more.isEmpty && Set(less).isSubset(of: [oldest]), "\(index) \(rule): +\(more) -\(less)")
            // Asked to keep the oldest, it is the same in every case in which restic keeps it.
            if theirs.contains(oldest) {
                var same = policy
                same.oldest = true
                #expect(
                    try RetentionPlanner(same).plan(facts.backups, now: now).ids(.keep) == theirs,
                    "\(index) \(rule)"
                )
            }
        }
        try Golden.expect(text, "restic-policies")
    }

    /// restic's documented rules: counters go down at each new value of a rule, compared with the one before only; the
    /// oldest snapshot counts for every rule with a counter left.
    private static func documented(_ policy: RetentionPolicy, _ backups: [Backup]) -> Set<String> {
        let list = backups.sorted(by: Backup.isNewer)
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = .gmt
        var kept: Set<String> = []
        var rules: [(left: Int, before: [Int?], parts: [Calendar.Component])] = [(0, [], [])]
        if case .limited(let last)? = policy.last { rules[0].left = last }
        let parts: [RetentionTier: [Calendar.Component]] = [
            .hourly: [.year, .month, .day, .hour], .daily: [.year, .month, .day],
            .weekly: [.yearForWeekOfYear, .weekOfYear], .monthly: [.year, .month], .yearly: [.year],
        ]
        for (tier, parts) in parts {
            if case .limited(let count)? = policy.rule(of: tier).count { rules.append((count, [], parts)) }
        }
        for (position, backup) in list.enumerated() {
            let date = Date(timeIntervalSince1970: Double(backup.takenAt.rawValue) / 1000)
            if let window = policy.within, let hours = window.fixedMilliseconds {
                if backup.takenAt.rawValue > list[0].takenAt.rawValue - hours { kept.insert(backup.id) }
            }
            for index in rules.indices where rules[index].left > 0 {
                let value: [Int?] =
                    index == 0 ? [position] : rules[index].parts.map { calendar.component($0, from: date) }
                if value == rules[index].before, position < list.count - 1 { continue }
                kept.insert(backup.id)
                rules[index].before = value
                rules[index].left -= 1
            }
        }
        return kept
    }

    @Test func `on random lists it keeps what restic documents, but for the oldest`() throws {
        var generator = SeededGenerator.fromEnvironment("the comparison with restic", fallback: 0x4E57)
        for index in 0..<TestExtent.count(bounded: 400, whole: 20_000) {
            var policy = RetentionPolicy()
            policy.minimumCopies = 0
            let tiers: [RetentionTier] = [.hourly, .daily, .weekly, .monthly, .yearly]
            for tier in tiers where generator.chance(40) {
                policy.tiers[tier] = RetentionTierRule(count: .limited(Int.random(in: 1...8, using: &generator)))
            }
            if generator.chance(30) { policy.last = .limited(Int.random(in: 1...8, using: &generator)) }
            if generator.chance(30) { policy.within = CivilDuration(.random(in: 1...400, using: &generator), .hours) }
            if !policy.validate().isEmpty { policy.last = .limited(3) }
            let steps: [Int64] = [600_000, 3_600_000, 86_400_000, 864_000_000, 8_640_000_000]
            let step = steps.randomElement(using: &generator) ?? 1
            let backups = (0..<Int.random(in: 1...40, using: &generator)).map { number in
                let age = Int64.random(in: 0...60, using: &generator) * step + .random(in: 0..<step, using: &generator)
                return Backup(
                    id: "\(number)",
                    group: "g",
                    takenAt: UnixMilliseconds(1_792_000_000_000 - age),
                    sequence: UInt64(number)
                )
            }
            let ours = try RetentionPlanner(policy).plan(backups, now: UnixMilliseconds(1_792_000_000_000)).ids(.keep)
            let theirs = Self.documented(policy, backups)
            let oldest = try #require(backups.sorted(by: Backup.isNewer).last?.id)
            let isMeant = ours.symmetricDifference(theirs).isSubset(of: [oldest])
            try #require(
                isMeant,
                "case \(index)\n\(policy.canonicalText)\n+\(ours.subtracting(theirs)) -\(theirs.subtracting(ours))"
            )
            if policy.tiers.count == 1, policy.last == nil { try #require(ours == theirs, "case \(index)") }
        }
    }
}
