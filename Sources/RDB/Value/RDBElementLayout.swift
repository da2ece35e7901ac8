import SnapshotModel

/// How the elements of a type lie in its body: what ``RDBElementReader`` follows.
enum RDBElementLayout: Sendable {
    /// What one element of a counted sequence consists of.
    enum Unit: Sendable {
        case item
        case field
        /// A member, then its score as text, or as eight bytes.
        case textScored
        case scored
        /// A deadline in front (a length, 0 for none): absolute, or relative to the earliest.
        case expiringField(isRelative: Bool)
        /// A deadline of eight bytes behind the value, -1 for none.
        case valkeyField
    }

    /// A compact form that holds many elements in one string.
    enum Packing: Sendable {
        case listpack
        case ziplist
        case zipmap
        case intset
        case streamNode
    }

    /// How the entries of a packed string make elements.
    enum Grouping: Sendable {
        case item
        case field
        case scored
        /// Field, value, deadline (0 for none).
        case expiringField
    }

    case string
    /// A count, then so many units.
    case counted(Unit)
    /// One packed string; `earliest` tells whether eight bytes stand before it.
    case packed(Packing, Grouping, earliest: Bool = false)
    /// A count, then so many packed strings; `containers` tells whether each says first what it is (quicklist nodes).
    case nodes(Packing, containers: Bool)
    case stream(StreamDecoder.Variant)

    /// nil for a type that is not decoded.
    init?(type: UInt8, format: PayloadFormat) {
        switch type {
        case 0: self = .string
        case 1, 2: self = .counted(.item)
        case 3: self = .counted(.textScored)
        case 4: self = .counted(.field)
        case 5: self = .counted(.scored)
        case 9: self = .packed(.zipmap, .field)
        case 10: self = .packed(.ziplist, .item)
        case 11: self = .packed(.intset, .item)
        case 12: self = .packed(.ziplist, .scored)
        case 13: self = .packed(.ziplist, .field)
        case 14: self = .nodes(.ziplist, containers: false)
        case 16: self = .packed(.listpack, .field)
        case 17: self = .packed(.listpack, .scored)
        case 18: self = .nodes(.listpack, containers: true)
        case 20: self = .packed(.listpack, .item)
        case 15: self = .stream(.first)
        case 19: self = .stream(.withEntryCounts)
        case 21: self = .stream(.withActiveTimes)
        default: self.init(newType: type, engine: format.engine)
        }
    }

    /// The types whose numbers mean different things to different engines.
    private init?(newType type: UInt8, engine: Engine) {
        switch (engine, type) {
        case (.redis, 22): self = .counted(.expiringField(isRelative: false))
        case (.redis, 23): self = .packed(.listpack, .expiringField)
        case (.redis, 24): self = .counted(.expiringField(isRelative: true))
        case (.redis, 25): self = .packed(.listpack, .expiringField, earliest: true)
        case (.redis, 26): self = .stream(.withProducers)
        case (.redis, 27): self = .stream(.withUnownedEntries)
        case (.valkey, 22): self = .counted(.valkeyField)
        default: return nil
        }
    }

    /// Whether eight bytes with the earliest deadline stand in front.
    var startsWithEarliest: Bool {
        switch self {
        case .counted(.expiringField(isRelative: true)), .packed(_, _, earliest: true): true
        default: false
        }
    }
}
