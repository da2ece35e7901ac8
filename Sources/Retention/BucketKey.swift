/// A period of the calendar in the policy's zone: one hour, one ISO week, one quarter.
///
/// Hours and minutes carry their offset from UTC, so that the hour that autumn repeats is two; a day is a civil date,
/// whether it lasts 23, 24 or 25 hours. Keys of different tiers are never equal.
package struct BucketKey: Hashable, Sendable {
    package let tier: RetentionTier
    /// Counts periods of the tier; 0 is the one that holds 1970-01-01T00:00, or the year 0 for months and what is longer.
    private let period: Int64
    /// Seconds ahead of UTC for hours and minutes, else 0.
    private let offset: Int64

    /// The period that a wall time lies in.
    package init(_ tier: RetentionTier, _ time: WallTime) {
        self.tier = tier
        let date = time.date
        switch tier {
        case .minutely: period = date.dayNumber * 1440 + time.millisecondOfDay / 60_000
        case .hourly: period = date.dayNumber * 24 + time.hour
        case .daily: period = date.dayNumber
        // 1970-01-01 was a Thursday, in a week that began three days before.
        case .weekly: period = (date.dayNumber + 3).floorDivided(by: 7).quotient
        case .monthly: period = date.year * 12 + Int64(date.month - 1)
        case .quarterly: period = date.year * 4 + Int64(date.quarter - 1)
        case .yearly: period = date.year
        }
        offset = tier <= .hourly ? time.offset : 0
    }
}

extension BucketKey: CustomStringConvertible {
    /// `2026-10-25T02:15+02:00`, `2026-10-25T02+02:00`, `2026-11-19`, `2026-W01`, `2026-11`, `2026-Q4`, `2026`.
    package var description: String {
        switch tier {
        case .minutely:
            let (day, minute) = period.floorDivided(by: 1440)
            let time = Int(minute / 60).padded(to: 2) + ":" + Int(minute % 60).padded(to: 2)
            return "\(CivilDate(dayNumber: day))T\(time)" + WallTime.text(ofOffset: offset)
        case .hourly:
            let (day, hour) = period.floorDivided(by: 24)
            return "\(CivilDate(dayNumber: day))T" + Int(hour).padded(to: 2) + WallTime.text(ofOffset: offset)
        case .daily: return CivilDate(dayNumber: period).description
        case .weekly:
            let (year, week) = CivilDate(dayNumber: period * 7 - 3).isoWeek
            return CivilDate.yearText(year) + "-W" + week.padded(to: 2)
        case .monthly:
            let (year, month) = period.floorDivided(by: 12)
            return CivilDate.yearText(year) + "-" + Int(month + 1).padded(to: 2)
        case .quarterly:
            let (year, quarter) = period.floorDivided(by: 4)
            return CivilDate.yearText(year) + "-Q\(quarter + 1)"
        case .yearly: return CivilDate.yearText(period)
        }
    }
}
