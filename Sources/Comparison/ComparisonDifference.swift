package import NIOCore
package import SnapshotModel

/// What is wrong with one thing that both sides should have.
package enum DifferenceKind: String, Hashable, Sendable, CaseIterable {
    /// Only the left side has it.
    case missing
    /// Only the right side has it.
    case extra
    /// Both have it, with other values.
    case changed
    /// Both have it with equal values, and other deadlines.
    case drift
}

/// A key that is not the same on both sides.
package struct ComparisonDifference: Hashable, Sendable {
    /// What differs of a key that both sides have.
    package enum Aspect: String, Hashable, Sendable, CaseIterable {
        case type
        case value
        /// Of a hash's fields.
        case fieldDeadlines
        /// Client flags of an item of Memcached.
        case flags
        case cas
        case deadline
    }

    package var kind: DifferenceKind
    /// As the right side numbers it.
    package var database: UInt32
    package var key: ByteBuffer
    package var leftType: String?
    package var rightType: String?
    package var leftExpiry: Expiry?
    package var rightExpiry: Expiry?
    package var leftItem: ItemTraits?
    package var rightItem: ItemTraits?
    package var aspects: [Aspect] = []
    /// Milliseconds by which the deadline is later on the right side; nil unless both have one.
    package var drift: Int64?
    /// Milliseconds by which the deadlines of all fields are later on the right side; nil unless that is all.
    package var fieldDrift: Int64?

    init(kind: DifferenceKind, _ pair: ComparisonPair) {
        self.kind = kind
        let entry = pair.left ?? pair.right
        database = entry?.database ?? 0
        key = entry?.key ?? ByteBuffer()
        leftType = pair.left?.typeName
        rightType = pair.right?.typeName
        leftExpiry = pair.left?.expiry
        rightExpiry = pair.right?.expiry
        leftItem = pair.left?.item
        rightItem = pair.right?.item
    }
}
