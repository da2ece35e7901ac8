/// How often a schedule fires.
package enum ScheduleInterval: Hashable, Sendable {
    /// A divisor of 60.
    case minutes(Int)
    /// A divisor of 24; 1 is `hour`.
    case hours(Int)
    case day
    case week
    case month

    /// The shortest that the interval can be.
    package var shortest: Duration {
        switch self {
        case .minutes(let count): .seconds(60 * count)
        case .hours(let count): .seconds(3600 * count)
        case .day: .seconds(86_400)
        case .week: .seconds(7 * 86_400)
        case .month: .seconds(28 * 86_400)
        }
    }
}

extension ScheduleInterval: CustomStringConvertible {
    package var description: String {
        switch self {
        case .minutes(let count): "\(count)min"
        case .hours(1): "hour"
        case .hours(let count): "\(count)h"
        case .day: "day"
        case .week: "week"
        case .month: "month"
        }
    }
}

/// A time of day, or a minute of every hour.
package struct ScheduleTime: Hashable, Sendable {
    /// nil: of every hour.
    package var hour: Int?
    package var minute: Int

    package init(hour: Int?, minute: Int) {
        (self.hour, self.minute) = (hour, minute)
    }
}

extension ScheduleTime: CustomStringConvertible {
    /// `02:30`, or `:07`.
    package var description: String { (hour.map(Self.twoDigits) ?? "") + ":" + Self.twoDigits(minute) }

    private static func twoDigits(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
}

/// The day of a week or of a month.
package enum ScheduleDay: Hashable, Sendable {
    package enum Weekday: String, CaseIterable, Hashable, Sendable {
        case monday
        case tuesday
        case wednesday
        case thursday
        case friday
        case saturday
        case sunday
    }

    case weekday(Weekday)
    /// From 1 to 28, so that every month has it.
    case dayOfMonth(Int)
}

extension ScheduleDay: CustomStringConvertible {
    package var description: String {
        switch self {
        case .weekday(let day): day.rawValue
        case .dayOfMonth(let day): String(day)
        }
    }
}

extension PolicyValue<ScheduleInterval> {
    private static let pattern = "^(hour|day|week|month|([1-6]|1[025]|20|30)min|(1|2|3|4|6|8|12)h)$"

    static let interval = scalar("interval", .pattern(pattern), text: \.description) { scalar, _ throws(PolicyFault) in
        switch scalar.text {
        case "hour", "1h", "60min": return .hours(1)
        case "day", "24h", "1d": return .day
        case "week", "7d", "1w": return .week
        case "month", "1mo": return .month
        default: break
        }
        let digits = scalar.text.prefix { $0.isASCII && $0.isNumber }
        let unit = scalar.text.dropFirst(digits.count)
        let count =
            try digits.isEmpty ? 0 : PolicyNumber.whole(.init(text: String(digits), isPlain: true), in: 0...1440)
        switch unit {
        case "min" where count > 0:
            if 60 % count == 0 { return .minutes(count) }
            throw PolicyFault("does not divide an hour", hint: "possible are 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30min")
        case "h" where count > 0:
            if 24 % count == 0 { return .hours(count) }
            throw PolicyFault("does not divide a day", hint: "possible are 1, 2, 3, 4, 6, 8, 12h")
        case "m":
            throw PolicyFault("has the unit 'm', which could be minutes or months", hint: "write \(digits)min or month")
        default:
            let words = ["hour", "day", "week", "month"]
            let near = NearestName.of(scalar.text, in: words).map { "did you mean \($0)? " } ?? ""
            throw PolicyFault("is no interval", hint: near + "possible are hour, day, week, month, 15min, 6h")
        }
    }
}

extension PolicyValue<ScheduleTime> {
    static let time = scalar("time of day", .pattern("^([01][0-9]|2[0-3])?:[0-5][0-9]$"), text: { "\"\($0)\"" }) {
        scalar,
        _ throws(PolicyFault) in
        guard let match = scalar.text.wholeMatch(of: /([0-9]{0,2}):([0-9]{2})/) else {
            throw PolicyFault("is no time of day", hint: "write \"02:30\", or \":07\" for a minute of every hour")
        }
        let hour = match.output.1.isEmpty ? nil : Int(match.output.1)
        let minute = Int(match.output.2) ?? 60
        guard hour ?? 0 < 24, minute < 60 else {
            throw PolicyFault("is no time of day", hint: "hours go from 00 to 23, minutes from 00 to 59")
        }
        guard match.output.1.count != 1 else {
            throw PolicyFault("has an hour of one digit", hint: "write \"0\(scalar.text)\"")
        }
        return ScheduleTime(hour: hour, minute: minute)
    }
}

extension PolicyValue<ScheduleDay> {
    static let day = PolicyValue(
        name: "day",
        schema: .any(of: [.integer(1, 28), .oneOf(ScheduleDay.Weekday.allCases.map(\.rawValue))]),
        read: { node, reading in
            guard case .scalar(let scalar) = node.content else {
                if !node.isRefused { reading.report(PolicyFault("is \(node.kind), not a day"), at: node.place) }
                return nil
            }
            if scalar.text.first?.isNumber == true {
                return PolicyValue<Int>.whole(1...28).read(node, &reading).map { .dayOfMonth($0) }
            }
            return PolicyValue<ScheduleDay.Weekday>.choice.read(node, &reading).map { .weekday($0) }
        },
        text: \.description
    )
}
