/// An instant: whole milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Every instant inside Rewarm has this type, so that seconds and milliseconds cannot be confused.
/// Range: all of `Int64`; text in RFC 3339 covers the years 0 to 9999, what lies outside prints as a number.
package struct UnixMilliseconds: RawRepresentable, Hashable, Comparable, Sendable {
    /// Milliseconds since the epoch; negative before 1970.
    package var rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    package init(_ milliseconds: Int64) {
        self.rawValue = milliseconds
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The instant `milliseconds` later; saturates at the ends of `Int64`.
    package func advanced(byMilliseconds milliseconds: Int64) -> Self {
        let (sum, overflow) = rawValue.addingReportingOverflow(milliseconds)
        return Self(overflow ? (milliseconds < 0 ? .min : .max) : sum)
    }

    /// `self - other` in milliseconds; saturates at the ends of `Int64`.
    package func milliseconds(since other: Self) -> Int64 {
        let (difference, overflow) = rawValue.subtractingReportingOverflow(other.rawValue)
        return overflow ? (rawValue < other.rawValue ? .min : .max) : difference
    }
}

extension UnixMilliseconds: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
