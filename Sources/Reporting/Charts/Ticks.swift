import SnapshotModel

/// A place on an axis that has a label.
struct Tick: Hashable, Sendable {
    var value: Double
    var text: String
}

/// Round places on axes: steps of 1, 2 and 5, of clocks and calendars where time is shown.
enum Ticks {
    /// From 0 to the first round place that is not below `largest`, in at most `count` steps.
    static func counts(upTo largest: Double, count: Int) -> [Tick] {
        let step = max(1, decimalStep(largest / Double(count)))
        return places(largest, step: step).map { Tick(value: $0, text: Figures.count(UInt64($0.rounded()))) }
    }

    /// Decimal units, as everywhere.
    static func bytes(upTo largest: Double, count: Int) -> [Tick] {
        let step = max(1, decimalStep(largest / Double(count)))
        return places(largest, step: step).map { value in
            let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
            var (scaled, unit) = (value, 0)
            while scaled >= 1000, unit < units.count - 1 { (scaled, unit) = (scaled / 1000, unit + 1) }
            return Tick(value: value, text: value == 0 ? "0" : decimal(scaled) + " " + units[unit])
        }
    }

    /// Shares from 0 to 1 as percent.
    static func shares(count: Int) -> [Tick] {
        let step = count >= 5 ? 20 : 50
        return stride(from: 0, through: 100, by: step).map { Tick(value: Double($0) / 100, text: "\($0) %") }
    }

    /// Ratios from 0 on, with as many digits as the step has.
    static func ratios(upTo largest: Double, count: Int) -> [Tick] {
        let step = decimalStep(largest / Double(count))
        return places(largest, step: step).map { Tick(value: $0, text: decimal($0)) }
    }

    /// Milliseconds in the unit that the steps are round in.
    static func durations(upTo largest: Double, count: Int) -> [Tick] {
        let wanted = max(1, largest / Double(count))
        let step = clockSteps.first { $0 >= wanted } ?? decimalStep(wanted / day) * day
        let (unit, name) = units.last { $0.0 <= step } ?? (1, "ms")
        return places(largest, step: step).map {
            Tick(value: $0, text: $0 == 0 ? "0" : decimal($0 / unit) + " " + name)
        }
    }

    private static let day = 86_400_000.0
    private static let units: [(Double, String)] = [
        (1, "ms"), (1000, "s"), (60_000, "min"), (3_600_000, "h"), (day, "d"),
    ]
    private static let clockSteps: [Double] =
        [1, 2, 5, 10, 20, 50, 100, 200, 500] + [1, 2, 5, 10, 15, 30].map { $0 * 1000 }
        + [1, 2, 5, 10, 15, 30].map { $0 * 60_000 } + [1, 2, 3, 6, 12].map { $0 * 3_600_000 }
        + [1, 2, 5, 10, 20, 50, 100].map { $0 * day }

    private static func places(_ largest: Double, step: Double) -> [Double] {
        let count = max(1, Int((largest / step - 1e-9).rounded(.up)))
        return (0...count).map { Double($0) * step }
    }

    /// The smallest of 1, 2, 5, 10, 20… and 0.5, 0.2… that is not below `wanted`.
    private static func decimalStep(_ wanted: Double) -> Double {
        guard wanted.isFinite, wanted > 1e-6 else { return 1e-6 }
        var power = 1.0
        while power > wanted { power /= 10 }
        while power * 10 <= wanted { power *= 10 }
        return [1, 2, 5, 10].lazy.map { $0 * power }.first { $0 >= wanted * (1 - 1e-9) } ?? power * 10
    }

    /// Without digits that say nothing.
    private static func decimal(_ value: Double) -> String {
        var text = Figures.fixed(value, digits: 3)
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }
}

extension Ticks {
    /// Places of a calendar within a span, at most `count`; hours, days or months that a wall clock shows as round.
    static func dates(_ span: ClosedRange<UnixMilliseconds>, zone: ReportZone, count: Int) -> [Tick] {
        let wall =
            zone.wall(span.lowerBound)
            .rawValue...max(
                zone.wall(span.lowerBound).rawValue,
                zone.wall(span.upperBound).rawValue
            )
        let hour: Int64 = 3_600_000
        for step in [hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour] {
            if let ticks = aligned(wall, step: step, zone, count, text: clockText) { return ticks }
        }
        for days in [1, 2, 7, 14] as [Int64] {
            // 1970-01-05 was a Monday.
            let monday = 4 * ReportZone.millisecondsPerDay
            let step = days * ReportZone.millisecondsPerDay
            if let ticks = aligned(wall, step: step, from: monday, zone, count, text: dayText) { return ticks }
        }
        for months in [1, 2, 3, 6, 12, 24, 60, 120] {
            let ticks = monthly(wall, step: months, zone)
            if ticks.count <= count { return ticks }
        }
        return []
    }

    /// nil if there are too many.
    private static func aligned(
        _ wall: ClosedRange<Int64>,
        step: Int64,
        from origin: Int64 = 0,
        _ zone: ReportZone,
        _ count: Int,
        text: (CivilTime) -> String
    ) -> [Tick]? {
        guard (wall.upperBound - wall.lowerBound) / step <= Int64(count) else { return nil }
        let before = (wall.lowerBound - origin) % step
        var place = wall.lowerBound - before - (before < 0 ? step : 0)
        if place < wall.lowerBound { place += step }
        let values = stride(from: place, through: wall.upperBound, by: Int64.Stride(step))
        let ticks = values.map { UnixMilliseconds($0) }.compactMap { wall in
            wall.civilTime.map { Tick(value: Double(zone.instant(ofWall: wall).rawValue), text: text($0)) }
        }
        return ticks.count <= count ? ticks : nil
    }

    private static func monthly(_ wall: ClosedRange<Int64>, step: Int, _ zone: ReportZone) -> [Tick] {
        guard let first = UnixMilliseconds(wall.lowerBound).civilTime,
            let last = UnixMilliseconds(wall.upperBound).civilTime
        else { return [] }
        let earliest = first.year * 12 + first.month - 1
        let months = earliest...max(earliest, last.year * 12 + last.month - 1)
        return months.filter { $0 % step == 0 }.compactMap { number in
            let (year, month) = (number / 12, number % 12 + 1)
            let civil = CivilTime(year: year, month: month, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0)
            guard let place = UnixMilliseconds(civilTime: civil), wall.contains(place.rawValue) else { return nil }
            let text = step % 12 == 0 ? String(civil.year) : "\(ReportZone.month(civil)) \(civil.year)"
            return Tick(value: Double(zone.instant(ofWall: place).rawValue), text: text)
        }
    }

    /// The hour; at midnight the day.
    private static func clockText(_ civil: CivilTime) -> String {
        civil.hour == 0 ? dayText(civil) : ReportZone.time(civil)
    }

    private static func dayText(_ civil: CivilTime) -> String { "\(civil.day) \(ReportZone.month(civil))" }
}
