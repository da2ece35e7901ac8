internal import Foundation
package import SnapshotModel

/// A time zone of the IANA database: what clocks on the wall showed, and show, at an instant.
///
/// Offsets come from Foundation's data, whose version is `dataVersion`; all arithmetic on them is Rewarm's own.
package struct CivilZone: Hashable, Sendable {
    /// The name as the policy gives it.
    package let identifier: String
    private let zone: TimeZone

    /// The zone of an IANA name such as `Europe/Rome` or `UTC`; nil for every other text, offsets and the host's zone included.
    package init?(identifier: String) {
        guard Self.isName(identifier), let zone = TimeZone(identifier: identifier) else { return nil }
        (self.identifier, self.zone) = (identifier, zone)
    }

    private init(_ zone: TimeZone) {
        (identifier, self.zone) = ("UTC", zone)
    }

    package static let utc = CivilZone(.gmt)

    /// The version of the time zone data, `2025b`.
    package static var dataVersion: String { TimeZone.timeZoneDataVersion }

    private static let names = Set(TimeZone.knownTimeZoneIdentifiers)

    /// Known names, and older ones of the form `Area/Place`; `GMT+2` is none, because it has no history.
    private static func isName(_ identifier: String) -> Bool {
        identifier == "UTC" || names.contains(identifier)
            || (identifier.contains("/") && TimeZone(identifier: identifier)?.identifier == identifier)
    }

    /// Outside these instants, the years 0 to 9999, an offset is that of the nearer end.
    private static let range = Int64(-62_167_219_200)...253_402_300_799

    /// How far the wall clock is ahead of UTC, in seconds; negative west of Greenwich.
    ///
    /// Costs about a microsecond: `CivilClock` remembers.
    package func offset(at instant: UnixMilliseconds) -> Int64 {
        let seconds = instant.rawValue.floorDivided(by: 1000).quotient
        return offset(atSecond: seconds)
    }

    /// `offset(at:)` for a second since 1970.
    func offset(atSecond second: Int64) -> Int64 {
        let inside = min(max(second, Self.range.lowerBound), Self.range.upperBound)
        return Int64(zone.secondsFromGMT(for: .init(timeIntervalSince1970: Double(inside))))
    }
}
