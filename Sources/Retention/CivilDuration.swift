/// A length of time as an operator writes it: `36h`, `7d`, `4w`, `12mo`, `1y6mo`, `30min`.
///
/// Hours, minutes and what is shorter are absolute. Days, weeks, months and years are civil: how long they are depends on
/// the time zone and on the day from which they are taken.
package struct CivilDuration: Hashable, Sendable {
    /// A unit of a duration, longest first.
    package enum Unit: String, CaseIterable, Sendable {
        case years = "y"
        case months = "mo"
        case weeks = "w"
        case days = "d"
        case hours = "h"
        case minutes = "min"
        case seconds = "s"
        case milliseconds = "ms"
    }

    /// Which units a place accepts.
    package enum Units: Sendable {
        /// `y mo w d h min`: windows of retention, ages.
        case civil
        /// Those and `s ms`: time-outs and tolerances.
        case precise
    }

    /// Why a text is no duration.
    package struct ParseProblem: Error, Hashable, Sendable {
        /// What is wrong, as the predicate of a sentence: `has the unit 'm', which could be minutes or months`.
        package var problem: String
        /// What would be right.
        package var hint: String
    }

    /// How many of each unit, all at least 0; units that the text did not name are absent.
    package let counts: [Unit: Int64]
    /// Years and months together, in months.
    package let months: Int64
    /// Weeks and days together, in days.
    package let days: Int64
    /// Hours, minutes, seconds and milliseconds together, in milliseconds.
    package let milliseconds: Int64

    /// The largest count of one unit: far beyond every calendar, small enough for all arithmetic on 64 bits.
    package static let largestCount: Int64 = 9_999_999_999

    /// A duration of one unit; a count outside 0 to `largestCount` is brought into that range.
    package init(_ count: Int64, _ unit: Unit) {
        self.init([unit: min(max(count, 0), Self.largestCount)])
    }

    private init(_ counts: [Unit: Int64]) {
        func count(_ unit: Unit) -> Int64 { counts[unit] ?? 0 }
        self.counts = counts
        months = count(.years) * 12 + count(.months)
        days = count(.weeks) * 7 + count(.days)
        let seconds = count(.hours) * 3600 + count(.minutes) * 60 + count(.seconds)
        milliseconds = seconds * 1000 + count(.milliseconds)
    }

    /// Reads `1y6mo`, `36h`, `0d`: numbers with units, each unit at most once, in any order, without spaces or signs.
    package init(parsing text: some StringProtocol, units: Units = .civil) throws(ParseProblem) {
        var counts: [Unit: Int64] = [:]
        var rest = Substring(text).utf8
        guard !rest.isEmpty else { throw Self.problem("is empty") }
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(digits.count)
            let name = String(Substring(rest.prefix { !(0x30...0x39).contains($0) }))
            rest = rest.dropFirst(name.utf8.count)
            guard !digits.isEmpty else { throw Self.problem("does not begin with a number") }
            guard !name.isEmpty else { throw Self.problem("has a number without a unit", "write 7d for seven days") }
            let unit = try Self.unit(named: name, units)
            guard counts[unit] == nil else { throw Self.problem("names the unit '\(name)' twice") }
            guard let count = Int64(Substring(digits)), count <= Self.largestCount else {
                throw Self.problem("has a number that is too large", "the largest is \(Self.largestCount)")
            }
            counts[unit] = count
        }
        self.init(counts)
    }

    private static func unit(named name: String, _ units: Units) throws(ParseProblem) -> Unit {
        if name == "m" {
            throw problem(
                "has the unit 'm', which could be minutes or months",
                "write 'min' for minutes or 'mo' for months"
            )
        }
        guard let unit = Unit(rawValue: name) else { throw problem("has the unknown unit '\(name)'") }
        if units == .civil, unit == .seconds || unit == .milliseconds {
            throw problem("has the unit '\(name)', too short for this place")
        }
        return unit
    }

    private static func problem(_ problem: String, _ hint: String? = nil) -> ParseProblem {
        ParseProblem(
            problem: problem,
            hint: hint ?? "durations look like 36h, 7d, 4w, 12mo, 1y, 30min, or combined 1y6mo"
        )
    }
}

extension CivilDuration {
    package var isZero: Bool { months == 0 && days == 0 && milliseconds == 0 }

    /// The duration in milliseconds where days are 24 hours; nil with months or years, whose length varies.
    ///
    /// For time-outs and ages, where no time zone is at hand. The largest counts of all units together fit into 64 bits.
    package var fixedMilliseconds: Int64? {
        months == 0 ? days * 86_400_000 + milliseconds : nil
    }

    /// The fewest and the most days that the civil part can last, and the absolute part in milliseconds with them.
    ///
    /// A window is shorter than another for certain only if its longest is shorter than the other's shortest.
    var extent: (shortest: Int64, longest: Int64) {
        var range = (shortest: Int64.max, longest: Int64.min)
        // Four years hold every combination of month lengths but for those around a year like 1900 or 2100.
        for start in 0..<48 {
            let end = CivilDate(year: 2024 + Int64(start / 12), month: start % 12 + 1, day: 1)
            let length = end.dayNumber - end.subtracting(months: months).dayNumber
            range = (min(range.shortest, length), max(range.longest, length))
        }
        func total(_ civilDays: Int64) -> Int64 {
            let (product, overflow) = (civilDays + days).multipliedReportingOverflow(by: 86_400_000)
            let (sum, carry) = product.addingReportingOverflow(milliseconds)
            return overflow || carry ? .max : sum
        }
        return (total(range.shortest), total(range.longest))
    }
}

extension CivilDuration: CustomStringConvertible {
    /// Longest unit first, as written: `36h` stays `36h`.
    package var description: String {
        let parts = Unit.allCases.compactMap { unit in counts[unit].map { "\($0)\(unit.rawValue)" } }
        return parts.joined()
    }
}

extension CivilDuration {
    package static func == (left: Self, right: Self) -> Bool { left.counts == right.counts }

    /// Equal durations have equal sums; those are cheaper to hash than the units.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(months)
        hasher.combine(days)
        hasher.combine(milliseconds)
    }
}
