/// `schedule:`, when snapshots are taken.
package struct PolicySchedule: PolicySection {
    package var every = ScheduleInterval.day
    /// nil for the standard time; see `effectiveTime`.
    package var at: ScheduleTime?
    /// nil for the standard day; see `effectiveWeekday` and `effectiveDayOfMonth`.
    package var on: ScheduleDay?
    /// nil for the standard one; see `effectiveRandomizedDelay`.
    package var randomizedDelay: Duration?

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "every",
            \.every,
            .interval,
            example: "day",
            "How often: hour, day, week, month, minutes that divide an hour, as 15min, or hours that divide a day, as 6h"
        ),
        .init(
            "at",
            \.at,
            .time,
            example: "\"02:30\"",
            standard: "\"03:30\"; \":00\" for hours",
            "The time of day, or of an hour its minute (\":07\"), in the zone of the machine that runs it"
        ),
        .init(
            "on",
            \.on,
            .day,
            example: "sunday",
            standard: "sunday, or the 1st",
            "The day: of a week its name, of a month a number from 1 to 28"
        ),
        .init(
            "randomized-delay",
            \.randomizedDelay,
            .precise(.zero ... .seconds(86_400)),
            example: "5min",
            standard: "5min, at most a tenth of the interval",
            "Start up to so much later, so that machines do not all start at once"
        ),
    ]

    package var contradictions: [PolicyContradiction] {
        var found: [PolicyContradiction] = []
        if let at {
            switch every {
            case .minutes:
                found.append(.init("at", value: at.description, "means nothing with minutes", hint: "remove it"))
            case .hours where at.hour != nil:
                let hint = "write only the minute: \":\(at.description.suffix(2))\""
                found.append(.init("at", value: at.description, "names an hour, but every is hours", hint: hint))
            case .day, .week, .month:
                if at.hour == nil {
                    let hint = "write hour and minute: \"03\(at.description)\""
                    found.append(.init("at", value: at.description, "names no hour", hint: hint))
                }
            case .hours: break
            }
        }
        switch (every, on) {
        case (_, nil), (.week, .weekday), (.month, .dayOfMonth): break
        case (.week, .dayOfMonth(let day)):
            found.append(.init("on", value: "\(day)", "is no day of a week", hint: "write its name: sunday"))
        case (.month, .weekday(let day)):
            found.append(.init("on", value: day.rawValue, "is no day of a month", hint: "write a number from 1 to 28"))
        case (_, .some(let day)):
            found.append(
                .init("on", value: day.description, "means nothing here", hint: "write every: week or every: month")
            )
        }
        if let randomizedDelay, randomizedDelay >= every.shortest {
            let hint = "write less than \(every)"
            found.append(.init("randomized-delay", "is as long as the interval", hint: hint))
        }
        return found
    }
}

extension PolicySchedule {
    /// Half past three is neither left out nor repeated when most zones change their clocks.
    package var effectiveTime: ScheduleTime {
        switch every {
        case .minutes, .hours: at ?? ScheduleTime(hour: nil, minute: 0)
        case .day, .week, .month: at ?? ScheduleTime(hour: 3, minute: 30)
        }
    }

    /// Of an interval of weeks.
    package var effectiveWeekday: ScheduleDay.Weekday {
        if case .weekday(let day) = on { day } else { .sunday }
    }

    /// Of an interval of months, from 1 to 28.
    package var effectiveDayOfMonth: Int {
        if case .dayOfMonth(let day) = on { day } else { 1 }
    }

    package var effectiveRandomizedDelay: Duration {
        randomizedDelay ?? min(.seconds(300), every.shortest / 10)
    }
}
