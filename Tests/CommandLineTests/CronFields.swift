import Foundation
import Testing

/// The five fields of a crontab line, as crontab(5) says what they mean: an oracle for schedules.
///
/// Knows numbers, `*` and `*/n`; minutes are tried one after the other.
struct CronFields {
    private let fields: [Substring]

    init(_ line: String) {
        fields = line.split(separator: " ", maxSplits: 5).prefix(5).map { $0 }
    }

    /// The first minutes after one, as `2026-02-20 11:11`.
    func minutes(after text: String, count: Int) -> [String] {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "yyyy-MM-dd HH:mm"
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        guard fields.count == 5, var date = formatter.date(from: text) else { return [] }
        var found: [String] = []
        // Two years are enough for twenty months.
        for _ in 0..<(2 * 366 * 1440) where found.count < count {
            date.addTimeInterval(60)
            let seconds = Int(date.timeIntervalSince1970)
            // Most minutes are out of the question, and calendars are slow.
            guard Self.matches(fields[0], seconds / 60 % 60), Self.matches(fields[1], seconds / 3600 % 24) else {
                continue
            }
            let parts = calendar.dateComponents([.day, .month, .weekday], from: date)
            let values = [parts.day, parts.month, parts.weekday.map { $0 - 1 }].map { $0 ?? -1 }
            if zip(fields[2...], values).allSatisfy({ Self.matches($0, $1) }) {
                found.append(formatter.string(from: date))
            }
        }
        return found
    }

    private static func matches(_ field: Substring, _ value: Int) -> Bool {
        if field == "*" { return true }
        if field.hasPrefix("*/"), let step = Int(field.dropFirst(2)) { return value % step == 0 }
        return Int(field) == value
    }
}
