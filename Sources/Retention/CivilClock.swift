package import SnapshotModel

/// Civil time in one zone: reads it, finds the instant of it, subtracts durations from it.
///
/// A zone's offset is asked for once a day and remembered; a plan looks at many snapshots of the same days. The bound is
/// one entry per day that was looked at.
package struct CivilClock {
    package let zone: CivilZone
    private var days: [Int64: Day] = [:]
    private var lastDay: (number: Int64, day: Day)?

    private static let secondsPerDay: Int64 = 86_400
    private static let millisecondsPerDay: Int64 = 86_400_000

    /// The offsets of a day of UTC: one, or two with the second at which the later begins.
    private struct Day {
        var first: Int64
        var second: Int64
        var changesAt: Int64
    }

    package init(_ zone: CivilZone) {
        self.zone = zone
    }

    /// How far the wall clock is ahead of UTC, in seconds.
    ///
    /// Exact as long as no zone changes its clocks twice within one day of UTC, which a test checks for all zones.
    package mutating func offset(at instant: UnixMilliseconds) -> Int64 {
        let second = instant.rawValue.floorDivided(by: 1000).quotient
        let number = second.floorDivided(by: Self.secondsPerDay).quotient
        let day = self.day(number)
        return second < day.changesAt ? day.first : day.second
    }

    private mutating func day(_ number: Int64) -> Day {
        if let lastDay, lastDay.number == number { return lastDay.day }
        let day = days[number] ?? read(number)
        days[number] = day
        lastDay = (number, day)
        return day
    }

    private func read(_ number: Int64) -> Day {
        // Seconds of 64-bit milliseconds are far from the ends of 64 bits.
        var low = number * Self.secondsPerDay
        var high = low + Self.secondsPerDay
        let (first, second) = (zone.offset(atSecond: low), zone.offset(atSecond: high))
        if first == second { return Day(first: first, second: first, changesAt: high) }
        // The change lies in (low, high].
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if zone.offset(atSecond: middle) == first { low = middle } else { high = middle }
        }
        return Day(first: first, second: second, changesAt: high)
    }

    /// What the wall clock shows.
    package mutating func wallTime(at instant: UnixMilliseconds) -> WallTime {
        let offset = offset(at: instant)
        let (days, rest) = instant.rawValue.floorDivided(by: Self.millisecondsPerDay)
        // The offset is added to the rest of the day, so that nothing overflows at the ends of 64 bits.
        let (carry, millisecondOfDay) = (rest + offset * 1000).floorDivided(by: Self.millisecondsPerDay)
        return WallTime(
            date: CivilDate(dayNumber: days + carry),
            millisecondOfDay: millisecondOfDay,
            offset: offset
        )
    }

    /// The instant at which the wall clock shows this; it saturates at the ends of 64 bits.
    ///
    /// A time that a change of clocks skipped moves forward by the length of the gap; one that happened twice is the
    /// earlier. Both are what the offset before the change gives, unless the time lies clearly after it.
    package mutating func instant(of date: CivilDate, millisecondOfDay: Int64) -> UnixMilliseconds {
        let (product, overflow) = date.dayNumber.multipliedReportingOverflow(by: Self.millisecondsPerDay)
        if overflow { return UnixMilliseconds(date.year < 0 ? .min : .max) }
        let wall = UnixMilliseconds(product).advanced(byMilliseconds: millisecondOfDay)
        // No offset is longer than a day, so that these two lie on either side of a change that matters.
        let before = offset(at: wall.advanced(byMilliseconds: -Self.millisecondsPerDay))
        let after = offset(at: wall.advanced(byMilliseconds: Self.millisecondsPerDay))
        let early = wall.advanced(byMilliseconds: -before * 1000)
        if before == after || offset(at: early) == before { return early }
        let late = wall.advanced(byMilliseconds: -after * 1000)
        return offset(at: late) == after ? late : early
    }

    /// `instant` less `duration`: years and months first, clamped to the end of the month, then days, then hours.
    ///
    /// Saturates at the ends of 64 bits.
    package mutating func subtract(_ duration: CivilDuration, from instant: UnixMilliseconds) -> UnixMilliseconds {
        var result = instant
        if duration.months != 0 || duration.days != 0 {
            let civil = wallTime(at: instant)
            let day = civil.date.subtracting(months: duration.months).dayNumber - duration.days
            result = self.instant(of: CivilDate(dayNumber: day), millisecondOfDay: civil.millisecondOfDay)
        }
        return result.advanced(byMilliseconds: -duration.milliseconds)
    }
}
