/// A period of the calendar of which a policy keeps one snapshot each.
///
/// The order of the cases is from fine to coarse.
package enum RetentionTier: String, CaseIterable, Hashable, Comparable, Sendable {
    case minutely
    case hourly
    case daily
    case weekly
    case monthly
    case quarterly
    case yearly

    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .minutely: 0
        case .hourly: 1
        case .daily: 2
        case .weekly: 3
        case .monthly: 4
        case .quarterly: 5
        case .yearly: 6
        }
    }
}

/// How many: a number, or all of them.
package enum RetentionCount: Hashable, Sendable {
    /// The newest so many; 0 turns the rule off.
    case limited(Int)
    case all

    package var isOff: Bool { self == .limited(0) }
}

extension RetentionCount: CustomStringConvertible {
    /// `7` or `all`.
    package var description: String {
        switch self {
        case .limited(let count): String(count)
        case .all: "all"
        }
    }
}

/// What a policy says about one tier: a count or a window, never both.
///
/// A file that gives both is read into both fields, so that the validation can say so.
package struct RetentionTierRule: Hashable, Sendable {
    /// The newest so many periods that hold a candidate.
    package var count: RetentionCount?
    /// Every period whose representative lies in the window before the anchor.
    package var within: CivilDuration?

    package init(count: RetentionCount? = nil, within: CivilDuration? = nil) {
        (self.count, self.within) = (count, within)
    }

    /// Keeps nothing.
    package var isOff: Bool { within == nil && (count?.isOff ?? true) }
}
