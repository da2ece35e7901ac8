package import SnapshotModel

/// What the facts say about a snapshot: deleted, held, verified, drilled, suspicious.
///
/// Pure.
///
/// Facts count in the order of their instants, then of their ids; nothing else may matter.
package struct SnapshotStanding: Hashable, Sendable {
    /// A hold that was not taken back.
    ///
    /// It may have ended by itself.
    package struct Hold: Hashable, Sendable {
        /// The id of the fact that stated it.
        package var id: String
        package var reason: String
        package var until: UnixMilliseconds?
        package var statedAt: UnixMilliseconds
        package var statedBy: String

        package func isActive(at now: UnixMilliseconds) -> Bool { until.map { now < $0 } ?? true }
    }

    /// A drill that was stated.
    package struct Drill: Hashable, Sendable {
        /// The id of the fact that stated it.
        package var id: String
        package var statedAt: UnixMilliseconds
        package var statedBy: String
        package var record: DrillRecord
    }

    package private(set) var holds: [Hold] = []
    /// Since when it is softly deleted, and why.
    package private(set) var deletedAt: UnixMilliseconds?
    package private(set) var deletionReason: String?
    /// Since when its space is being freed: there is no way back.
    package private(set) var purgedAt: UnixMilliseconds?
    /// The last verification, and what it found if not all was well.
    package private(set) var verifiedAt: UnixMilliseconds?
    package private(set) var problem: String?
    /// All drills, the oldest first.
    package private(set) var drills: [Drill] = []
    /// Why a guard doubts the snapshot, unless it was accepted since.
    package private(set) var suspicion: String?
    package private(set) var acceptedAt: UnixMilliseconds?
    /// Facts that this program cannot read, perhaps written by a newer one.
    ///
    /// Any of them may be a hold.
    package private(set) var unreadableFactCount: Int

    package init(facts: [Fact], unreadableFactCount: Int = 0) {
        self.unreadableFactCount = unreadableFactCount
        for fact in facts.sorted(by: { ($0.statedAt, $0.id) < ($1.statedAt, $1.id) }) { apply(fact) }
    }

    private mutating func apply(_ fact: Fact) {
        switch fact.statement {
        case .hold(let reason, let until):
            holds.append(
                Hold(id: fact.id, reason: reason, until: until, statedAt: fact.statedAt, statedBy: fact.statedBy)
            )
        case .holdRemoved(let holdID): holds.removeAll { $0.id == holdID }
        case .deleted(let reason):
            // Deleting again does not begin the grace time again.
            guard deletedAt == nil else { return }
            (deletedAt, deletionReason) = (fact.statedAt, reason)
        case .undeleted: (deletedAt, deletionReason) = (nil, nil)
        case .purged: purgedAt = purgedAt ?? fact.statedAt
        case .verified(let problem): (verifiedAt, self.problem) = (fact.statedAt, problem)
        case .drilled(let record):
            drills.append(Drill(id: fact.id, statedAt: fact.statedAt, statedBy: fact.statedBy, record: record))
        case .suspected(let reason): (suspicion, acceptedAt) = (reason, nil)
        case .accepted: (suspicion, acceptedAt) = (nil, fact.statedAt)
        }
    }

    /// Neither deleted nor purged.
    package var isLive: Bool { deletedAt == nil && purgedAt == nil }
    package var isCorrupt: Bool { problem != nil }
    package var isSuspicious: Bool { suspicion != nil }

    /// When it last passed a drill; nil if a later drill found a difference.
    ///
    /// A drill that could not be carried through, or only took too long, takes back nothing.
    package var drilledAt: UnixMilliseconds? {
        let decisive = drills.last { $0.record.result == .pass || $0.record.result == .difference }
        return decisive.flatMap { $0.record.isPassed ? $0.statedAt : nil }
    }

    /// Live and good: what `latest` may yield.
    package var isTrusted: Bool { isLive && !isCorrupt && !isSuspicious }

    package func activeHolds(at now: UnixMilliseconds) -> [Hold] { holds.filter { $0.isActive(at: now) } }

    /// Whether a hold forbids deleting; facts that cannot be read count as one.
    package func isHeld(at now: UnixMilliseconds) -> Bool {
        unreadableFactCount > 0 || !activeHolds(at: now).isEmpty
    }

    /// Whether purge may free the space at `now`, given the grace time in milliseconds.
    package func isPurgeable(at now: UnixMilliseconds, graceMilliseconds: Int64) -> Bool {
        if purgedAt != nil { return true }
        guard let deletedAt, !isHeld(at: now) else { return false }
        return deletedAt.advanced(byMilliseconds: graceMilliseconds) <= now
    }
}
