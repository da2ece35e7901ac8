package import SnapshotModel

/// Turns the deadlines of a snapshot into those to be written.
///
/// Pure: the clock is a parameter.
package struct DeadlineResolver: Hashable, Sendable {
    /// What a record's deadline comes to.
    package enum Resolution: Hashable, Sendable {
        case never
        /// Unix milliseconds of the target's clock; in the future when it was resolved.
        case at(UnixMilliseconds)
        /// The key has no life left.
        case expired

        package var instant: UnixMilliseconds? {
            if case .at(let instant) = self { instant } else { nil }
        }
    }

    package let mode: DeadlineMode
    /// What the snapshot represents, by the source's clock.
    package let instant: UnixMilliseconds
    /// When the restore began, by the target's clock.
    package let start: UnixMilliseconds

    package init(mode: DeadlineMode, instant: UnixMilliseconds, start: UnixMilliseconds) {
        self.mode = mode
        self.instant = instant
        self.start = start
    }

    /// `now` is the target's clock.
    ///
    /// A key whose deadline is this very millisecond has expired, as on the server (redis:src/db.c keyIsExpired: `now >
    /// when` on access, but RESTORE refuses `ttl <= now`).
    package func resolve(_ expiry: Expiry, now: UnixMilliseconds) -> Resolution {
        guard case .at(let deadline) = expiry, mode != .persist else { return .never }
        let shifted = shift(deadline)
        return shifted <= now ? .expired : .at(shifted)
    }

    /// The deadline of a hash field.
    ///
    /// One that has passed stays in the past: the server drops the field.
    package func fieldExpiry(_ deadline: UnixMilliseconds) -> Expiry {
        mode == .persist ? .never : .at(shift(deadline))
    }

    /// Whether hash fields keep the deadlines that stand in the payload.
    package var keepsFieldDeadlines: Bool { mode == .deadline }

    /// All remaining lives start again at the same moment, the start of the restore, so that the order in which keys
    /// expire is the source's.
    ///
    /// 0 and below would mean "no expiry" to RESTORE.
    private func shift(_ deadline: UnixMilliseconds) -> UnixMilliseconds {
        let shifted =
            mode == .remaining ? start.advanced(byMilliseconds: deadline.milliseconds(since: instant)) : deadline
        return max(shifted, UnixMilliseconds(1))
    }
}
