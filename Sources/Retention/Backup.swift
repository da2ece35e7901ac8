package import SnapshotModel

/// A snapshot as retention sees it.
package struct Backup: Hashable, Sendable, Identifiable {
    /// How far the run came that made it.
    package enum State: String, CaseIterable, Hashable, Sendable {
        case running
        case complete
        case partial
        case failed
    }

    /// What is known about whether it can be restored.
    package enum Health: Hashable, Sendable {
        case unknown
        /// Every byte was read again.
        case verified(at: UnixMilliseconds)
        /// It was restored into a scratch server and compared.
        case drilled(at: UnixMilliseconds)
        /// A guard doubts it, until it is accepted.
        case suspicious
        case corrupt
    }

    /// A protection that somebody stated.
    package struct Hold: Hashable, Sendable {
        package var name: String
        package var reason: String
        /// Who stated it, `user@host`; empty if that is not known.
        package var by: String
        /// The instant from which it no longer binds; nil for ever.
        package var until: UnixMilliseconds?

        package init(name: String, reason: String = "", by: String = "", until: UnixMilliseconds? = nil) {
            (self.name, self.reason, self.by, self.until) = (name, reason, by, until)
        }

        package func isActive(at now: UnixMilliseconds) -> Bool { until.map { now < $0 } ?? true }
    }

    /// Unique among the backups of a plan.
    package var id: String
    /// The group as text, from `GroupKey.group`.
    package var group: String
    /// The instant that the data represents; for a scan the start of its window.
    package var takenAt: UnixMilliseconds
    /// Strictly increasing in the order of publishing; 0 if it was never published.
    package var sequence: UInt64
    package var state: State
    package var health: Health
    /// The ids of the backups without which this one cannot be restored; empty for a full one.
    package var parents: [String]
    /// A tag without a value has an empty one.
    package var tags: [String: String]
    package var holds: [Hold]
    /// Until when somebody reads it; `.max` while the reader's lock is held.
    package var leaseUntil: UnixMilliseconds?
    /// Until when the store refuses to delete it.
    package var lockedUntil: UnixMilliseconds?

    package init(
        id: String,
        group: String,
        takenAt: UnixMilliseconds,
        sequence: UInt64 = 0,
        state: State = .complete,
        health: Health = .unknown,
        parents: [String] = [],
        tags: [String: String] = [:],
        holds: [Hold] = [],
        leaseUntil: UnixMilliseconds? = nil,
        lockedUntil: UnixMilliseconds? = nil
    ) {
        self.id = id
        self.group = group
        self.takenAt = takenAt
        self.sequence = sequence
        self.state = state
        self.health = health
        self.parents = parents
        self.tags = tags
        self.holds = holds
        self.leaseUntil = leaseUntil
        self.lockedUntil = lockedUntil
    }

    /// The total order, newest first: instant, then sequence, then id; nothing else may matter.
    package static func isNewer(_ left: Self, _ right: Self) -> Bool {
        if left.takenAt != right.takenAt { return left.takenAt > right.takenAt }
        if left.sequence != right.sequence { return left.sequence > right.sequence }
        return left.id > right.id
    }
}
