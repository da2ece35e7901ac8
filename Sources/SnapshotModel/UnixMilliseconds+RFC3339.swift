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
        return DigitText.make(byteCount: 24) { text in
            text.add(date: civil, separator: "-")
            text.add("T")
            text.add(time: civil, separator: ":")
            text.add(".")
            text.add(civil.millisecond, width: 3)
            text.add("Z")
        }
    }

    /// `2026-11-21 07:05:00Z`, for tables.
    package var tableText: String {
        guard let civil = civilTime else { return String(rawValue) }
        return DigitText.make(byteCount: 20) { text in
            text.add(date: civil, separator: "-")
            text.add(" ")
            text.add(time: civil, separator: ":")
            text.add("Z")
        }
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
    /// `20261121T070500Z`: sorts by time and is safe in file names.
    package var compactText: String {
        DigitText.make(byteCount: 16) { text in
            text.add(date: self)
            text.add("T")
            text.add(time: self)
            text.add("Z")
        }
    }
}

/// A text of digits of a known length, written in place: two of them stand in every line of a list.
private struct DigitText {
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private var byteCount = 0

    /// The text that `fill` adds, of at most `byteCount` bytes.
    static func make(byteCount: Int, _ fill: (inout Self) -> Void) -> String {
        String(unsafeUninitializedCapacity: byteCount) { bytes in
            var text = Self(bytes: bytes)
            fill(&text)
            return text.byteCount
        }
    }

    private init(bytes: UnsafeMutableBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func add(_ character: Unicode.Scalar) {
        bytes[byteCount] = UInt8(ascii: character)
        byteCount += 1
    }

    /// A number of at least 0 and at most `width` digits, with zeros in front.
    mutating func add(_ number: Int, width: Int) {
        var rest = number
        for index in (byteCount..<byteCount + width).reversed() {
            bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        byteCount += width
    }

    mutating func add(date civil: CivilTime, separator: Unicode.Scalar? = nil) {
        add(civil.year, width: 4)
        if let separator { add(separator) }
        add(civil.month, width: 2)
        if let separator { add(separator) }
        add(civil.day, width: 2)
    }

    mutating func add(time civil: CivilTime, separator: Unicode.Scalar? = nil) {
        add(civil.hour, width: 2)
        if let separator { add(separator) }
        add(civil.minute, width: 2)
        if let separator { add(separator) }
        add(civil.second, width: 2)
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
