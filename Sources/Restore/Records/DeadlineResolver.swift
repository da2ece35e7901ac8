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
    /// Added to every deadline, those of hash fields included; only in mode `deadline`.
    package let shiftMilliseconds: Int64

    private let jitter: DeadlineJitter?

    package init(
        mode: DeadlineMode,
        instant: UnixMilliseconds,
        start: UnixMilliseconds,
        shiftMilliseconds: Int64 = 0,
        jitter: DeadlineJitter? = nil
    ) {
        self.mode = mode
        self.instant = instant
        self.start = start
        self.shiftMilliseconds = mode == .deadline ? shiftMilliseconds : 0
        self.jitter = mode == .persist ? nil : jitter
    }

    /// What `options` ask for, of this snapshot.
    package init(_ options: RestoreOptions, _ manifest: Manifest, start: UnixMilliseconds) {
        let percent = options.deadlineJitterPercent
        self.init(
            mode: options.deadlineMode,
            instant: manifest.instant,
            start: start,
            shiftMilliseconds: options.deadlineShiftMilliseconds,
            jitter: percent > 0 ? DeadlineJitter(percent: percent, snapshot: manifest.id) : nil
        )
    }

    /// Whether lives are shortened, those of hash fields included.
    package var shortensLives: Bool { jitter != nil }

    /// The share of its remaining life that a key loses, 0 without jitter; for `resolve` and `fieldExpiry`.
    @inline(__always)
    package func shortening(database: UInt32, key: UnsafeRawBufferPointer) -> Double {
        jitter?.shortening(database: database, key: key) ?? 0
    }

    /// `now` is the target's clock.
    ///
    /// A key whose deadline is this very millisecond has expired, as on the server (redis:src/db.c keyIsExpired: `now >
    /// when` on access, but RESTORE refuses `ttl <= now`).
    package func resolve(_ expiry: Expiry, shortening: Double = 0, now: UnixMilliseconds) -> Resolution {
        guard case .at(let deadline) = expiry, mode != .persist else { return .never }
        let shifted = shift(deadline)
        return shifted <= now ? .expired : .at(shorten(shifted, by: shortening, now: now))
    }

    /// The deadline of a hash field.
    ///
    /// One that has passed stays in the past: the server drops the field.
    package func fieldExpiry(
        _ deadline: UnixMilliseconds,
        shortening: Double = 0,
        now: UnixMilliseconds = UnixMilliseconds(.min)
    ) -> Expiry {
        guard mode != .persist else { return .never }
        let shifted = shift(deadline)
        return .at(shifted <= now ? shifted : shorten(shifted, by: shortening, now: now))
    }

    /// Whether hash fields keep the deadlines that stand in the payload.
    package var keepsFieldDeadlines: Bool { mode == .deadline && shiftMilliseconds == 0 }

    /// All remaining lives start again at the same moment, the start of the restore, so that the order in which keys
    /// expire is the source's.
    ///
    /// 0 and below would mean "no expiry" to RESTORE.
    private func shift(_ deadline: UnixMilliseconds) -> UnixMilliseconds {
        let shifted =
            mode == .remaining
            ? start.advanced(byMilliseconds: deadline.milliseconds(since: instant))
            : deadline.advanced(byMilliseconds: shiftMilliseconds)
        return max(shifted, UnixMilliseconds(1))
    }

    /// Takes a share of the life that `deadline` left when the restore began, less than all of it.
    ///
    /// A restore may take longer than what is left of such a life: then the share is of the life left at `now`, so
    /// that no key is made past. `deadline` is later than `now`, and so is what comes back.
    private func shorten(_ deadline: UnixMilliseconds, by share: Double, now: UnixMilliseconds) -> UnixMilliseconds {
        guard share > 0 else { return deadline }
        let shortened = Self.shorten(deadline, from: start, by: share)
        return shortened > now ? shortened : Self.shorten(deadline, from: now, by: share)
    }

    private static func shorten(
        _ deadline: UnixMilliseconds,
        from start: UnixMilliseconds,
        by share: Double
    ) -> UnixMilliseconds {
        let life = deadline.milliseconds(since: start)
        guard life > 1 else { return deadline }
        // A Double may round a product of the largest lives up to more than an Int64 holds.
        let lost = min(Int64(exactly: (Double(life) * share).rounded(.down)) ?? .max, life - 1)
        return deadline.advanced(byMilliseconds: -lost)
    }
}
