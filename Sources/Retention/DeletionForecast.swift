import SnapshotModel

/// When each backup of a group would be deleted if the schedule went on.
///
/// The assumption: one full, good backup without tags every interval from the newest candidate on, the next one after
/// now, each followed at once by an application of the same plan; nobody drills, verifies, holds, fails or misses a run.
/// The interval is the schedule's if that is known, else the smaller of the newest two gaps between candidates: older
/// gaps were widened by earlier runs of the same policy, and one gap alone may be an outage.
/// A backup goes when the last of its reasons goes. Reasons that the assumption never ends (a tag, a hold without an
/// end, the newest drilled) give no date, nor does anything later than `horizonMilliseconds` or beyond `entryLimit`.
struct DeletionForecast {
    /// 100 years of 365 days: nothing beyond is foreseen.
    static let horizonMilliseconds: Int64 = 100 * 365 * 86_400_000
    /// Nor anything that takes more new periods of a tier than this.
    static let entryLimit = 100_000

    /// The future backups: `first`, then one every `interval`.
    private struct Schedule {
        var first: UnixMilliseconds
        var interval: Int64

        /// The instant of the `index`-th, counted from 0.
        func instant(_ index: Int64) -> UnixMilliseconds? {
            let (product, overflow) = interval.multipliedReportingOverflow(by: index)
            if overflow || product > DeletionForecast.horizonMilliseconds { return nil }
            return first.advanced(byMilliseconds: product)
        }

        /// The first at `instant` or later.
        func index(notBefore instant: UnixMilliseconds) -> Int64 {
            let distance = instant.milliseconds(since: first)
            return distance <= 0 ? 0 : (distance - 1) / interval + 1
        }
    }

    private let draft: GroupDraft
    private let policy: RetentionPolicy
    private let now: UnixMilliseconds
    private let schedule: Schedule?
    private var clock: CivilClock
    /// The instants at which the schedule enters a new bucket of a tier, as far as anybody asked.
    private var entries: [RetentionTier: [UnixMilliseconds]] = [:]
    /// The windows asked for so far.
    private var windows: [CivilDuration: Window] = [:]

    /// The extent of a window, and where it ended for the snapshot asked for last: its neighbour's end lies near.
    private struct Window {
        var extent: (shortest: Int64, longest: Int64)
        var last: (takenAt: UnixMilliseconds, index: Int64)?
    }

    init(_ draft: GroupDraft, _ policy: RetentionPolicy, now: UnixMilliseconds, interval: Int64?, clock: CivilClock) {
        (self.draft, self.policy, self.now, self.clock) = (draft, policy, now, clock)
        schedule = Self.schedule(draft, now: now, interval: interval)
    }

    private static func schedule(_ draft: GroupDraft, now: UnixMilliseconds, interval: Int64?) -> Schedule? {
        guard let newest = draft.newestCandidate?.takenAt, let interval = interval ?? estimatedInterval(draft),
            interval > 0
        else { return nil }
        let elapsed = max(now.milliseconds(since: newest), 0)
        let (distance, overflow) = (elapsed / interval + 1).multipliedReportingOverflow(by: interval)
        if overflow { return nil }
        return Schedule(first: newest.advanced(byMilliseconds: distance), interval: interval)
    }

    /// The smaller of the newest two gaps between candidates of different instants; nil without any.
    private static func estimatedInterval(_ draft: GroupDraft) -> Int64? {
        var instants: [UnixMilliseconds] = []
        for member in draft.candidates where draft.members[member].takenAt != instants.last {
            instants.append(draft.members[member].takenAt)
            if instants.count == 3 { break }
        }
        return zip(instants, instants.dropFirst()).map { $0.milliseconds(since: $1) }.min()
    }

    /// `now` for what is to be deleted; nil if never, or if it cannot be foreseen.
    mutating func earliestDeletion(of member: Int) -> UnixMilliseconds? {
        let reasons = draft.reasons[member]
        if reasons.isEmpty { return now }
        var latest = now
        for reason in reasons {
            guard let end = end(of: reason, takenAt: draft.members[member].takenAt) else { return nil }
            latest = max(latest, end)
        }
        return latest
    }

    /// The first future run for which the reason no longer holds.
    private mutating func end(of reason: RetentionReason, takenAt: UnixMilliseconds) -> UnixMilliseconds? {
        guard let schedule else { return nil }
        switch reason {
        case .last(let position, .limited(let count)), .minimumCopies(let position, let count):
            return schedule.instant(Int64(count - position))
        case .within(let window), .failedRecently(_, let window), .suspiciousRecently(let window):
            return endOfWindow(window, takenAt, schedule)
        case .tier(let tier, let position, let count, let bucket):
            if isReplaced(in: bucket, schedule) { return schedule.first }
            guard case .limited(let number) = count else { return nil }
            return entry(number - position, of: tier, schedule)
        case .tierWithin(_, let window, let bucket):
            return isReplaced(in: bucket, schedule) ? schedule.first : endOfWindow(window, takenAt, schedule)
        case .oldest:
            return policy.oldest == nil ? endOfFreeSlots(schedule) : nil
        case .hold(let hold): return hold.until.flatMap { schedule.instant(schedule.index(notBefore: $0)) }
        case .lease(let until), .immutable(let until):
            return until.rawValue == .max ? nil : schedule.instant(schedule.index(notBefore: until))
        // Whatever is good and comes next succeeds it.
        case .corruptWithoutSuccessor: return schedule.first
        // The children's own forecasts count: see `ParentLinks.extend`.
        case .neededBy: return now
        case .last(_, .all), .tags, .lastDrilled, .lastVerified, .failedLast, .suspiciousLast, .futureDated, .running:
            return nil
        }
    }

    /// Whether the next backup takes the place of the bucket's representative.
    private mutating func isReplaced(in bucket: BucketKey, _ schedule: Schedule) -> Bool {
        policy.prefer == .newest && BucketKey(bucket.tier, clock.wallTime(at: schedule.first)) == bucket
    }

    /// When the coarsest counted tier has no free slot left.
    private mutating func endOfFreeSlots(_ schedule: Schedule) -> UnixMilliseconds? {
        let counted = policy.activeTiers.last { policy.rule(of: $0).within == nil }
        guard let counted, draft.freeSlots < .max else { return nil }
        return entry(draft.freeSlots - 1, of: counted, schedule)
    }

    /// The first future run at which `takenAt` lies in the window no more.
    private mutating func endOfWindow(
        _ window: CivilDuration,
        _ takenAt: UnixMilliseconds,
        _ schedule: Schedule
    ) -> UnixMilliseconds? {
        var known = windows[window] ?? Window(extent: window.extent)
        guard known.extent.longest < Self.horizonMilliseconds else { return nil }
        if let last = known.last, last.takenAt == takenAt { return schedule.instant(last.index) }
        // Daylight saving and the date line move a wall time by less than two days.
        let margin: Int64 = 2 * 86_400_000
        var low = schedule.index(notBefore: takenAt.advanced(byMilliseconds: known.extent.shortest - margin))
        var high = schedule.index(notBefore: takenAt.advanced(byMilliseconds: known.extent.longest + margin))
        if let last = known.last {
            let guess = last.index - last.takenAt.milliseconds(since: takenAt) / schedule.interval
            // Two looks settle it if the guess is right.
            for index in [guess, guess - 1] where index >= low && index < high {
                if isOutside(index, window, takenAt, schedule) { high = index } else { low = index + 1 }
            }
        }
        while low < high {
            let middle = low + (high - low) / 2
            if isOutside(middle, window, takenAt, schedule) { high = middle } else { low = middle + 1 }
        }
        known.last = (takenAt, low)
        windows[window] = known
        return schedule.instant(low)
    }

    private mutating func isOutside(
        _ index: Int64,
        _ window: CivilDuration,
        _ takenAt: UnixMilliseconds,
        _ schedule: Schedule
    ) -> Bool {
        guard let anchor = schedule.instant(index) else { return true }
        return takenAt <= clock.subtract(window, from: anchor)
    }

    /// When the schedule enters its `index`-th new bucket of the tier, counted from 0.
    private mutating func entry(_ index: Int, of tier: RetentionTier, _ schedule: Schedule) -> UnixMilliseconds? {
        guard index < Self.entryLimit, let newest = draft.newestCandidate?.takenAt else { return nil }
        var known = entries[tier] ?? []
        while known.count <= index {
            let previous = known.last ?? newest
            guard let next = firstRun(after: previous, of: tier, schedule) else { break }
            known.append(next)
        }
        entries[tier] = known
        return index < known.count ? known[index] : nil
    }

    /// The first future run in a later bucket than that of `instant`.
    private mutating func firstRun(
        after instant: UnixMilliseconds,
        of tier: RetentionTier,
        _ schedule: Schedule
    ) -> UnixMilliseconds? {
        let key = BucketKey(tier, clock.wallTime(at: instant))
        var index = schedule.index(notBefore: clock.nextBoundary(of: tier, after: instant))
        while let run = schedule.instant(index) {
            if BucketKey(tier, clock.wallTime(at: run)) != key { return run }
            index += 1
        }
        return nil
    }
}

extension CivilClock {
    /// Where the next period of the tier begins; for hours and minutes as if the offset stayed what it is.
    fileprivate mutating func nextBoundary(of tier: RetentionTier, after instant: UnixMilliseconds) -> UnixMilliseconds
    {
        let time = wallTime(at: instant)
        let date = time.date
        let next: CivilDate
        switch tier {
        case .minutely: return instant.advanced(byMilliseconds: 60_000 - time.millisecondOfDay % 60_000)
        case .hourly: return instant.advanced(byMilliseconds: 3_600_000 - time.millisecondOfDay % 3_600_000)
        case .daily: next = CivilDate(dayNumber: date.dayNumber + 1)
        case .weekly:
            next = CivilDate(dayNumber: date.dayNumber + 7 - (date.dayNumber + 3).floorDivided(by: 7).remainder)
        case .monthly: next = CivilDate(year: date.year, month: date.month, day: 1).subtracting(months: -1)
        case .quarterly:
            next = CivilDate(year: date.year, month: (date.quarter - 1) * 3 + 1, day: 1).subtracting(months: -3)
        case .yearly: next = CivilDate(year: date.year + 1, month: 1, day: 1)
        }
        return self.instant(of: next, millisecondOfDay: 0)
    }
}
