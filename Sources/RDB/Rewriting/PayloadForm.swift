/// A form that a value is rewritten to for servers that do not know its own.
///
/// The plain forms are the oldest: elements one after the other. A server gives a value the encoding of its own choice
/// when it loads one.
package enum PayloadForm: Hashable, Sendable, CaseIterable {
    case plainList
    case plainSet
    case plainSortedSet
    /// Scores as text, before RDB 8.
    case plainSortedSetOfText
    /// A hash whose fields have no deadlines.
    case plainHash
    /// A hash with deadlines, as Redis has it since 7.4.
    case redisFieldTable
    /// A hash with deadlines, as Valkey has it since 9.0.
    case valkeyFieldTable
    case stream1
    case stream2
    case stream3

    /// The type number of the form.
    package var type: UInt8 {
        switch self {
        case .plainList: 1
        case .plainSet: 2
        case .plainSortedSet: 5
        case .plainSortedSetOfText: 3
        case .plainHash: 4
        case .redisFieldTable: 24
        case .valkeyFieldTable: 22
        case .stream1: 15
        case .stream2: 19
        case .stream3: 21
        }
    }

    /// The oldest RDB version that knows the type: what its payload is stamped with.
    package var rdbVersion: UInt16 {
        switch self {
        case .plainList, .plainSet, .plainSortedSetOfText, .plainHash: PayloadRoute.oldestVersion
        case .plainSortedSet: 8
        case .redisFieldTable: 12
        case .valkeyFieldTable: UInt16(RDBValueTypes.firstOwnValkeyVersion)
        case .stream1: 9
        case .stream2: 10
        case .stream3: 11
        }
    }
}

/// What of a value its new form has no words for.
package struct PayloadLosses: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// A stream's entries ever added, greatest deleted id, and what its groups have read of it: servers before 7.0 keep
    /// none of it, and work the same.
    package static let streamCounters = Self(rawValue: 1 << 0)
    /// When consumers were last given something: servers before 7.2 take the time when they were last seen for it.
    package static let consumerTimes = Self(rawValue: 1 << 1)
    /// Which messages idempotent producers sent (Redis 8.6).
    package static let producers = Self(rawValue: 1 << 2)
    /// Pending entries that no consumer owns (Redis 8.8).
    package static let unownedEntries = Self(rawValue: 1 << 3)
    /// What modules noted of a key (Redis 8.6).
    package static let keyMetadata = Self(rawValue: 1 << 4)
    /// Pending entries whose entry is deleted: they cannot be claimed, which is how commands make them.
    package static let deletedPendingEntries = Self(rawValue: 1 << 5)

    /// Each by the name that reports have for it.
    package static let names: [(loss: Self, name: String)] = [
        (.streamCounters, "streamCounters"), (.consumerTimes, "consumerTimes"), (.producers, "producers"),
        (.unownedEntries, "unownedEntries"), (.keyMetadata, "keyMetadata"),
        (.deletedPendingEntries, "deletedPendingEntries"),
    ]
}
