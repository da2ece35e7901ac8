/// A day of the proleptic Gregorian calendar.
///
/// Pure arithmetic on day numbers, for every year that an instant of 64 bits can lie in (about 292 million each way).
package struct CivilDate: Hashable, Sendable {
    package var year: Int64
    /// 1 to 12.
    package var month: Int
    /// 1 to the length of the month.
    package var day: Int

    package init(year: Int64, month: Int, day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// The date of a day counted from 1970-01-01.
    package init(dayNumber: Int64) {
        // Years are taken to begin in March, so that the leap day is the last of a year: eras of 400 years.
        let (era, dayOfEra) = (dayNumber + 719_468).floorDivided(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1)
        month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    /// The days from 1970-01-01, negative before it.
    package var dayNumber: Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = marchYear.floorDivided(by: 400)
        let marchMonth = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * marchMonth + 2) / 5 + Int64(day) - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    package static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    package static func dayCount(ofMonth month: Int, year: Int64) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The date `months` earlier, its day brought down to the end of a shorter month: 31 March less one is 28 February.
    package func subtracting(months: Int64) -> Self {
        let (newYear, newMonth) = (year * 12 + Int64(month - 1) - months).floorDivided(by: 12)
        let month = Int(newMonth) + 1
        return Self(year: newYear, month: month, day: min(day, Self.dayCount(ofMonth: month, year: newYear)))
    }

    /// 1 to 4.
    package var quarter: Int { (month - 1) / 3 + 1 }

    /// The week of ISO 8601: it begins on Monday and belongs to the year that its Thursday lies in.
    package var isoWeek: (year: Int64, week: Int) {
        let days = dayNumber
        // 1970-01-01 was a Thursday.
        let weekday = (days + 3).floorDivided(by: 7).remainder
        let thursday = days - weekday + 3
        let year = CivilDate(dayNumber: thursday).year
        let newYear = CivilDate(year: year, month: 1, day: 1).dayNumber
        return (year, Int((thursday - newYear) / 7) + 1)
    }
}

extension CivilDate: CustomStringConvertible {
    /// `2026-11-19`; years outside 0 to 9999 with a sign and as many digits as they have.
    package var description: String { Self.yearText(year) + "-" + month.padded(to: 2) + "-" + day.padded(to: 2) }

    /// Four digits, or a sign and as many as it takes.
    static func yearText(_ year: Int64) -> String {
        let digits = Int(year.magnitude).padded(to: 4)
        return year < 0 ? "-" + digits : (year > 9999 ? "+" + digits : digits)
    }
}

extension Int {
    /// In decimal with zeros in front.
    func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}

extension Int64 {
    /// Division that rounds down, so that instants before 1970 fall into the right day.
    func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
