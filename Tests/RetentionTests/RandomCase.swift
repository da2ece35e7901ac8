import Foundation
import Retention
import SnapshotModel
import TestSupport

/// A policy, backups and a time of planning, all drawn from one generator.
struct RandomCase {
    var policy: RetentionPolicy
    var backups: [Backup]
    var now: UnixMilliseconds

    static let zones = [
        "UTC", "Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
        "America/St_Johns", "Africa/Casablanca", "Asia/Tehran", "Pacific/Chatham", "America/Sao_Paulo",
        "Antarctica/Troll",
    ]

    /// Changes of clocks in Rome, ends of months and years, the day that Apia skipped.
    private static let centers: [Int64] = [
        1_792_882_800_000, 1_774_746_000_000, 1_767_225_600_000, 1_709_164_800_000, 1_325_203_200_000,
        1_704_067_200_000,
    ]

    init(policy: RetentionPolicy, backups: [Backup], now: UnixMilliseconds) {
        (self.policy, self.backups, self.now) = (policy, backups, now)
    }

    init(_ generator: inout SeededGenerator, largestCount: Int = 14) {
        policy = Self.policy(&generator)
        let center = Self.center(policy.timeZone, &generator)
        let steps: [Int64] = [1, 60_000, 1_800_000, 3_600_000, 86_400_000, 604_800_000, 2_629_746_000]
        let step = steps.randomElement(using: &generator) ?? 1
        now = UnixMilliseconds(center)
        let count = Int.random(in: 0...largestCount, using: &generator)
        backups = (0..<count).map { index in
            let distance = Int64.random(in: -1...20, using: &generator)
            let jitter = generator.chance(50) ? 0 : Int64.random(in: 0..<step, using: &generator)
            return Self.backup(index, UnixMilliseconds(center - distance * step - jitter), &generator)
        }
        // Now and then nearly all are one chain.
        if generator.chance(15) {
            for index in backups.indices.dropFirst() where generator.chance(85) {
                backups[index].parents = ["b\(index - 1)"]
            }
        }
        backups.shuffle(using: &generator)
    }

    /// Shortly after a change of the zone's clocks, at an end of a month or year, or anywhere in 45 years.
    private static func center(_ zone: String, _ generator: inout SeededGenerator) -> Int64 {
        let second = Int64.random(in: 0...1_420_000_000, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0:
            let date = Date(timeIntervalSince1970: Double(second))
            let change = TimeZone(identifier: zone)?.nextDaylightSavingTimeTransition(after: date) ?? date
            return (Int64(change.timeIntervalSince1970) + .random(in: 0...20, using: &generator) * 1800) * 1000
        case 1: return centers.randomElement(using: &generator) ?? 0
        default: return second * 1000
        }
    }

    private static func policy(_ generator: inout SeededGenerator) -> RetentionPolicy {
        var policy = RetentionPolicy()
        policy.timeZone = zones.randomElement(using: &generator) ?? "UTC"
        policy.anchor = generator.chance(70) ? .newest : .now
        policy.prefer = generator.chance(75) ? .newest : .oldest
        if generator.chance(40) { policy.last = count(&generator) }
        if generator.chance(30) { policy.within = duration(&generator) }
        for tier in RetentionTier.allCases where generator.chance(35) {
            policy.tiers[tier] =
                generator.chance(70)
                ? RetentionTierRule(count: count(&generator)) : RetentionTierRule(within: duration(&generator))
        }
        if generator.chance(20) { policy.tags = [["env=prod", "weekly"], ["audit"]] }
        if generator.chance(30) { policy.oldest = generator.chance(50) }
        policy.minimumCopies = Int.random(in: 0...3, using: &generator)
        policy.lastDrilled = generator.chance(70)
        policy.lastVerified = generator.chance(70)
        policy.failed.keepLast = Int.random(in: 0...3, using: &generator)
        policy.failed.keepFor = duration(&generator)
        // What the draw made invalid is mended: a rule there must be, and windows must grow.
        for problem in policy.validate() {
            let tier = RetentionTier.allCases.first { problem.keyPath.hasPrefix("retention." + $0.rawValue) }
            if let tier { policy.tiers[tier] = RetentionTierRule(count: .limited(2)) }
        }
        if !policy.validate().isEmpty { policy.last = .limited(2) }
        return policy
    }

    static func count(_ generator: inout SeededGenerator) -> RetentionCount {
        generator.chance(8) ? .all : .limited(Int.random(in: 0...6, using: &generator))
    }

    static func duration(_ generator: inout SeededGenerator) -> CivilDuration {
        let units: [(CivilDuration.Unit, Int64)] = [
            (.minutes, 90), (.hours, 50), (.days, 40), (.weeks, 6), (.months, 14), (.years, 2),
        ]
        let (unit, most) = units.randomElement(using: &generator) ?? (.days, 1)
        return CivilDuration(Int64.random(in: 1...most, using: &generator), unit)
    }

    private static func backup(_ index: Int, _ takenAt: UnixMilliseconds, _ generator: inout SeededGenerator) -> Backup
    {
        var backup = Backup(id: "b\(index)", group: generator.chance(80) ? "g" : "h", takenAt: takenAt)
        backup.sequence = UInt64.random(in: 0...4, using: &generator)
        if generator.chance(20) { backup.state = Backup.State.allCases.randomElement(using: &generator) ?? .complete }
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: backup.health = .corrupt
        case 1: backup.health = .suspicious
        case 2: backup.health = .verified(at: takenAt)
        case 3: backup.health = .drilled(at: takenAt)
        default: break
        }
        if index > 0, generator.chance(15) { backup.parents = ["b\(Int.random(in: 0..<index, using: &generator))"] }
        if generator.chance(25) { backup.tags["env"] = generator.chance(60) ? "prod" : "test" }
        if generator.chance(25) { backup.tags["weekly"] = "" }
        if generator.chance(5) { backup.tags["audit"] = "2026" }
        let soon = takenAt.advanced(byMilliseconds: Int64.random(in: 0...400_000_000, using: &generator))
        if generator.chance(5) { backup.holds = [Backup.Hold(name: "audit", until: generator.chance(50) ? soon : nil)] }
        if generator.chance(5) { backup.leaseUntil = soon }
        if generator.chance(5) { backup.lockedUntil = soon }
        return backup
    }

    func plan() throws -> RetentionPlan { try RetentionPlanner(policy).plan(backups, now: now) }

    /// For a failure: everything that it takes to see the case.
    var text: String {
        policy.canonicalText + "now: \(now)\n" + backups.map { "\($0)\n" }.joined()
    }
}

extension RetentionPlan {
    /// The ids with a decision.
    func ids(_ decision: Decision) -> Set<String> { Set(items.filter { $0.decision == decision }.map(\.id)) }

    subscript(id: String) -> Item? { items.first { $0.id == id } }

    /// The reasons of a backup as text.
    func reasons(_ id: String) -> [String] { self[id]?.reasons.map(\.description) ?? [] }
}
