import SnapshotModel

/// The backups of one group, newest first, while reasons for keeping them are collected.
///
/// Every rule looks at all candidates: nothing is used up by another rule, and every match is recorded.
struct GroupDraft {
    /// What a backup counts as.
    enum Standing {
        case candidate
        case running
        /// Partial or failed.
        case unfinished
        case suspicious
        case corrupt
        case futureDated
    }

    let name: String
    /// In the total order, newest first.
    let members: [Backup]
    let standings: [Standing]
    /// The candidates as positions in `members`, newest first.
    let candidates: [Int]
    /// By position in `members`.
    var reasons: [[RetentionReason]]
    /// How many slots of the coarsest counted tier are free; `.max` if it keeps all, 0 without such a tier.
    private(set) var freeSlots = 0

    private let policy: RetentionPolicy
    private let now: UnixMilliseconds
    /// The wall time of each candidate; empty if no tier asks for it.
    private var wallTimes: [WallTime] = []

    init(name: String, members: [Backup], policy: RetentionPolicy, now: UnixMilliseconds, clock: inout CivilClock) {
        (self.name, self.members, self.policy, self.now) = (name, members, policy, now)
        let standings = members.map { Self.standing(of: $0, now: now) }
        self.standings = standings
        candidates = members.indices.filter { standings[$0] == .candidate }
        reasons = Array(repeating: [], count: members.count)
        applyRules(&clock)
        keepWhatIsNoCandidate(&clock)
        applyFloors()
    }

    private static func standing(of backup: Backup, now: UnixMilliseconds) -> Standing {
        switch backup.state {
        case .running: return .running
        case .partial, .failed: return .unfinished
        case .complete: break
        }
        if backup.takenAt > now.advanced(byMilliseconds: RetentionPolicy.skewMilliseconds) { return .futureDated }
        return switch backup.health {
        case .corrupt: .corrupt
        case .suspicious: .suspicious
        case .unknown, .verified, .drilled: .candidate
        }
    }

    var newestCandidate: Backup? { candidates.first.map { members[$0] } }

    // MARK: Rules

    private mutating func applyRules(_ clock: inout CivilClock) {
        guard let newest = newestCandidate else { return }
        let anchor = policy.anchor == .newest ? newest.takenAt : now
        if let last = policy.last {
            for (index, member) in candidates.prefix(last.limit).enumerated() {
                reasons[member].append(.last(position: index + 1, of: last))
            }
        }
        if let window = policy.within {
            let begin = clock.subtract(window, from: anchor)
            for member in candidates.prefix(while: { members[$0].takenAt > begin }) {
                reasons[member].append(.within(window))
            }
        }
        let tiers = policy.activeTiers
        if !tiers.isEmpty { wallTimes = candidates.map { clock.wallTime(at: members[$0].takenAt) } }
        for tier in tiers { apply(tier, policy.rule(of: tier), anchor, &clock) }
        applyTags()
        if policy.oldest ?? (freeSlots > 0), let oldest = candidates.last { reasons[oldest].append(.oldest) }
    }

    /// Finds the representatives of a tier's buckets and keeps those that the count or the window covers.
    private mutating func apply(
        _ tier: RetentionTier,
        _ rule: RetentionTierRule,
        _ anchor: UnixMilliseconds,
        _ clock: inout CivilClock
    ) {
        let limit = rule.within == nil ? rule.count?.limit ?? 0 : .max
        let buckets = representatives(of: tier, limit: limit)
        if let window = rule.within {
            let begin = clock.subtract(window, from: anchor)
            for (key, member) in buckets where members[member].takenAt > begin {
                reasons[member].append(.tierWithin(tier, window, bucket: key))
            }
        } else if let count = rule.count {
            for (index, (key, member)) in buckets.enumerated() {
                reasons[member].append(.tier(tier, position: index + 1, of: count, bucket: key))
            }
            // Tiers come from fine to coarse: the last one stands.
            freeSlots = count == .all ? .max : limit - buckets.count
        }
    }

    /// The newest buckets, at most `limit`, in the order of their newest candidates, each with its representative.
    ///
    /// Keys are compared over the whole list: a change of clocks around midnight gives A, B, A.
    private func representatives(of tier: RetentionTier, limit: Int) -> [(BucketKey, Int)] {
        var buckets: [(BucketKey, Int)] = []
        var positions: [BucketKey: Int] = [:]
        var previous: BucketKey?
        for (index, member) in candidates.enumerated() {
            let key = BucketKey(tier, wallTimes[index])
            if policy.prefer == .newest, key == previous { continue }
            previous = key
            if let position = positions[key] {
                if policy.prefer == .oldest { buckets[position].1 = member }
            } else if buckets.count < limit {
                positions[key] = buckets.count
                buckets.append((key, member))
            } else if policy.prefer == .newest {
                break
            }
        }
        return buckets
    }

    private mutating func applyTags() {
        for list in policy.tags {
            for member in candidates where list.allSatisfy({ members[member].hasTag($0) }) {
                reasons[member].append(.tags(list))
            }
        }
    }

    // MARK: What fills no slot

    private mutating func keepWhatIsNoCandidate(_ clock: inout CivilClock) {
        let begin = clock.subtract(policy.failed.keepFor, from: now)
        let limit = policy.failed.keepLast
        var (unfinished, suspicious) = (0, 0)
        for (member, backup) in members.enumerated() {
            switch standings[member] {
            case .candidate: break
            case .running: reasons[member].append(.running)
            case .futureDated: reasons[member].append(.futureDated)
            case .corrupt:
                if !hasSuccessor(backup, &clock) { reasons[member].append(.corruptWithoutSuccessor) }
            case .unfinished:
                unfinished += 1
                if backup.takenAt > begin {
                    reasons[member].append(.failedRecently(backup.state, policy.failed.keepFor))
                }
                if unfinished <= limit {
                    reasons[member].append(.failedLast(backup.state, position: unfinished, of: limit))
                }
            case .suspicious:
                suspicious += 1
                if backup.takenAt > begin { reasons[member].append(.suspiciousRecently(policy.failed.keepFor)) }
                if suspicious <= limit { reasons[member].append(.suspiciousLast(position: suspicious, of: limit)) }
            }
        }
    }

    /// Whether a candidate is newer than the corrupt backup, or of the same period of the finest tier.
    ///
    /// The newest candidate decides: if it is older than the backup and of another period, so are all others.
    private func hasSuccessor(_ corrupt: Backup, _ clock: inout CivilClock) -> Bool {
        guard let newest = newestCandidate else { return false }
        if Backup.isNewer(newest, corrupt) { return true }
        guard let finest = policy.activeTiers.first else { return false }
        return BucketKey(finest, clock.wallTime(at: newest.takenAt))
            == BucketKey(finest, clock.wallTime(at: corrupt.takenAt))
    }

    // MARK: Floors

    /// The floors that look at one group; `needed-by` looks at all, see `RetentionPlanner`.
    private mutating func applyFloors() {
        let full = candidates.lazy.filter { [members] in members[$0].parents.isEmpty }.prefix(policy.minimumCopies)
        for (index, member) in Array(full).enumerated() {
            reasons[member].append(.minimumCopies(position: index + 1, of: policy.minimumCopies))
        }
        if policy.lastDrilled, let member = candidates.first(where: { members[$0].health.isDrilled }) {
            reasons[member].append(.lastDrilled)
        }
        if policy.lastVerified, let member = candidates.first(where: { members[$0].health.isProved }) {
            reasons[member].append(.lastVerified)
        }
        for (member, backup) in members.enumerated() {
            for hold in backup.holds where hold.isActive(at: now) { reasons[member].append(.hold(hold)) }
            if let until = backup.leaseUntil, now < until { reasons[member].append(.lease(until: until)) }
            if let until = backup.lockedUntil, now < until { reasons[member].append(.immutable(until: until)) }
        }
    }

    /// What the reasons amount to.
    func decision(of member: Int) -> RetentionPlan.Decision {
        if standings[member] == .running { return .skip }
        let reasons = reasons[member]
        if reasons.isEmpty { return .delete }
        let isOnlyImmutable = reasons.allSatisfy { if case .immutable = $0 { true } else { false } }
        return isOnlyImmutable ? .skip : .keep
    }
}

extension RetentionCount {
    /// As a number; all of them is the largest.
    var limit: Int {
        switch self {
        case .limited(let count): max(count, 0)
        case .all: .max
        }
    }
}

extension Backup {
    /// Whether it has a tag as a policy writes it: `name`, whatever its value, or `name=value`.
    func hasTag(_ text: String) -> Bool {
        guard let equals = text.firstIndex(of: "=") else { return tags[text] != nil }
        return tags[String(text[..<equals])] == String(text[text.index(after: equals)...])
    }
}

extension Backup.Health {
    var isDrilled: Bool { if case .drilled = self { true } else { false } }
    /// Verified or drilled: a drill reads every byte as well.
    var isProved: Bool { if case .verified = self { true } else { isDrilled } }
}
