// Civil time in UTC by arithmetic on days, as in RFC 3339. Foundation's formatters would cost more start-up time
// than the whole `list` command.

/// The fields of an instant in UTC, proleptic Gregorian calendar.
package struct CivilTime: Equatable, Sendable {
    package var year: Int
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var millisecond: Int

    package init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int) {
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second, self.millisecond) = (hour, minute, second, millisecond)
    }
}

extension UnixMilliseconds: CustomStringConvertible {
    private static let millisecondsPerDay: Int64 = 86_400_000

    /// The instant's fields in UTC, or nil outside the years 0 to 9999.
    package var civilTime: CivilTime? {
        let (days, remainder) = rawValue.floorDivided(by: Self.millisecondsPerDay)
        // Days are counted from 0000-03-01, so that the leap day is the last day of a year: eras of 400 years.
        let (era, dayOfEra) = (days + 719_468).floorDivided(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        guard (0...9999).contains(year) else { return nil }
        return CivilTime(
            year: Int(year),
            month: Int(month),
            day: Int(day),
            hour: Int(remainder / 3_600_000),
            minute: Int(remainder / 60_000 % 60),
            second: Int(remainder / 1000 % 60),
            millisecond: Int(remainder % 1000)
        )
    }

    /// The instant of a civil time in UTC; nil if a field is out of its range.
    package init?(civilTime civil: CivilTime) {
        guard (0...9999).contains(civil.year), (1...12).contains(civil.month),
            (1...Self.dayCount(ofMonth: civil.month, year: civil.year)).contains(civil.day),
            (0...23).contains(civil.hour), (0...59).contains(civil.minute), (0...59).contains(civil.second),
            (0...999).contains(civil.millisecond)
        else { return nil }
        let shiftedYear = Int64(civil.month <= 2 ? civil.year - 1 : civil.year)
        let (era, yearOfEra) = shiftedYear.floorDivided(by: 400)
        let shiftedMonth = Int64(civil.month > 2 ? civil.month - 3 : civil.month + 9)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(civil.day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let minutes = (days * 24 + Int64(civil.hour)) * 60 + Int64(civil.minute)
        self.init((minutes * 60 + Int64(civil.second)) * 1000 + Int64(civil.millisecond))
    }

    /// RFC 3339 in UTC with milliseconds, `2026-11-21T07:05:00.000Z`; the bare number outside the years 0 to 9999.
    package var description: String {
        guard let civil = civilTime else { return String(rawValue) }
        return civil.dateText + "T" + civil.timeText + "." + civil.millisecond.padded(to: 3) + "Z"
    }

    /// `2026-11-21 07:05:00Z`, for tables.
    package var tableText: String {
        guard let civil = civilTime else { return String(rawValue) }
        return civil.dateText + " " + civil.timeText + "Z"
    }

    /// Parses RFC 3339 (`2026-11-21T07:05:00Z`, fraction and offset allowed), a date alone (midnight UTC), or nil.
    package init?(rfc3339 text: some StringProtocol) {
        var digits = Substring(text)
        func number(_ count: Int) -> Int? {
            guard digits.utf8.count >= count else { return nil }
            let part = digits.utf8.prefix(count)
            guard part.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            digits = Substring(digits.utf8.dropFirst(count))
            return part.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        func literal(_ characters: String) -> Bool {
            guard let first = digits.first, characters.contains(first) else { return false }
            digits.removeFirst()
            return true
        }
        guard let year = number(4), literal("-"), let month = number(2), literal("-"), let day = number(2)
        else { return nil }
        var civil = CivilTime(year: year, month: month, day: day, hour: 0, minute: 0, second: 0, millisecond: 0)
        var offsetMinutes = 0
        if !digits.isEmpty {
            guard literal("Tt "), let hour = number(2), literal(":"), let minute = number(2), literal(":"),
                let second = number(2)
            else { return nil }
            (civil.hour, civil.minute, civil.second) = (hour, minute, second)
            if literal(".") {
                let fraction = digits.prefix { $0.isASCII && $0.isNumber }
                guard !fraction.isEmpty else { return nil }
                civil.millisecond = Int((fraction.prefix(3) + "00").prefix(3)) ?? 0
                digits = digits.dropFirst(fraction.count)
            }
            if !literal("Zz") {
                let sign = digits.first == "-" ? -1 : 1
                guard literal("+-"), let hours = number(2), literal(":"), let minutes = number(2),
                    hours < 24, minutes < 60
                else { return nil }
                offsetMinutes = sign * (hours * 60 + minutes)
            }
            guard digits.isEmpty else { return nil }
        }
        guard let local = Self(civilTime: civil) else { return nil }
        self = local.advanced(byMilliseconds: Int64(-offsetMinutes) * 60_000)
    }

    private static func dayCount(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension CivilTime {
    fileprivate var dateText: String { year.padded(to: 4) + "-" + month.padded(to: 2) + "-" + day.padded(to: 2) }
    fileprivate var timeText: String { hour.padded(to: 2) + ":" + minute.padded(to: 2) + ":" + second.padded(to: 2) }

    /// `20261121T070500Z`: sorts by time and is safe in file names.
    package var compactText: String {
        year.padded(to: 4) + month.padded(to: 2) + day.padded(to: 2) + "T" + hour.padded(to: 2) + minute.padded(to: 2)
            + second.padded(to: 2) + "Z"
    }
}

extension Int {
    fileprivate func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
