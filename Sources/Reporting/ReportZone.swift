package import SnapshotModel

/// The zone in which a report shows dates: its name, and how far its clocks are ahead of UTC over the time it tells of.
package struct ReportZone: Hashable, Sendable {
    /// An offset and the instant from which it holds.
    package struct Change: Hashable, Sendable {
        package var from: UnixMilliseconds
        /// Positive east of Greenwich.
        package var offsetSeconds: Int64

        package init(from: UnixMilliseconds, offsetSeconds: Int64) {
            (self.from, self.offsetSeconds) = (from, offsetSeconds)
        }
    }

    /// An IANA name, as the page gives it.
    package var name: String
    /// Ascending; the first one also holds before its instant.
    private var changes: [Change]

    package init(name: String, changes: [Change]) {
        self.name = name
        self.changes = changes.sorted { $0.from < $1.from }
    }

    package static let utc = Self(name: "UTC", changes: [])

    private func offsetMilliseconds(at instant: UnixMilliseconds) -> Int64 {
        let change = changes.last { $0.from <= instant } ?? changes.first
        return (change?.offsetSeconds ?? 0) * 1000
    }

    /// What the wall clock shows, as the instant at which UTC shows the same.
    func wall(_ instant: UnixMilliseconds) -> UnixMilliseconds {
        instant.advanced(byMilliseconds: offsetMilliseconds(at: instant))
    }

    /// The instant at which the wall clock shows a time; in the hour that autumn repeats either of both.
    func instant(ofWall wall: UnixMilliseconds) -> UnixMilliseconds {
        let guess = wall.advanced(byMilliseconds: -offsetMilliseconds(at: wall))
        return wall.advanced(byMilliseconds: -offsetMilliseconds(at: guess))
    }

    func civil(_ instant: UnixMilliseconds) -> CivilTime? { wall(instant).civilTime }

    /// Days from 1970-01-01 of the wall clock's date.
    func day(_ instant: UnixMilliseconds) -> Int64 {
        let (quotient, remainder) = wall(instant).rawValue.quotientAndRemainder(dividingBy: Self.millisecondsPerDay)
        return remainder < 0 ? quotient - 1 : quotient
    }

    static let millisecondsPerDay: Int64 = 86_400_000

    /// `21 Nov 2026, 07:05`.
    func text(_ instant: UnixMilliseconds) -> String {
        guard let civil = civil(instant) else { return instant.description }
        return Self.date(civil) + ", " + Self.time(civil)
    }

    /// `21 Nov 2026`.
    static func date(_ civil: CivilTime) -> String { "\(civil.day) \(month(civil)) \(civil.year)" }

    /// `07:05`.
    static func time(_ civil: CivilTime) -> String { twoDigits(civil.hour) + ":" + twoDigits(civil.minute) }

    /// `Nov`.
    static func month(_ civil: CivilTime) -> String { String(monthName(civil.month).prefix(3)) }

    /// `November`, of 1 to 12.
    static func monthName(_ month: Int) -> String {
        [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ][month - 1]
    }

    private static func twoDigits(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }

    /// What a page says about its dates.
    var sentence: String { "All times in \(name)." }
}
