package import NIOCore
package import SnapshotModel

/// One step of a value told as a sequence, so that a value of any size can be written by the commands of its type.
///
/// A value is the elements of one ``Kind`` in order: a string's parts, a list from head to tail, a stream's entries by
/// id and then its end. The order of a set, hash or sorted set means nothing.
package enum RDBElement: Sendable {
    /// A piece of a string; their concatenation is the value, and one without bytes is an empty string.
    case stringPart(ByteBuffer)
    /// An element of a list or a member of a set.
    case item(ByteBuffer)
    /// A member of a sorted set.
    case scored(member: ByteBuffer, score: Double)
    /// A field of a hash, with its own deadline.
    case field(ByteBuffer, value: ByteBuffer, expiry: Expiry)
    /// A live entry of a stream.
    case streamEntry(StreamValue.ID, fields: [(name: ByteBuffer, value: ByteBuffer)])
    /// What is left to say of a stream after its entries: last id, counters, groups; `entries` is empty.
    case streamEnd(StreamValue)

    /// The types of values that there are elements of; the raw value is the type's name in the type table.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case string
        case list
        case set
        case hash
        case sortedSet = "zset"
        case stream
    }
}

extension RDBValue {
    /// Which elements the value has; nil for a value that is not decoded.
    package var elementKind: RDBElement.Kind? {
        switch self {
        case .string: .string
        case .list: .list
        case .set: .set
        case .hash: .hash
        case .sortedSet: .sortedSet
        case .stream: .stream
        case .opaque: nil
        }
    }

    /// Tells the value as elements, in order; a value that is not decoded has none.
    package func forEachElement<Failure: Error>(
        _ body: (RDBElement) throws(Failure) -> Void
    ) throws(Failure) {
        switch self {
        case .string(let bytes): try body(.stringPart(bytes))
        case .list(let items), .set(let items):
            for item in items { try body(.item(item)) }
        case .hash(let fields):
            for field in fields { try body(.field(field.field, value: field.value, expiry: field.expiry)) }
        case .sortedSet(let members):
            for member in members { try body(.scored(member: member.member, score: member.score)) }
        case .stream(var stream):
            for entry in stream.entries { try body(.streamEntry(entry.id, fields: entry.fields)) }
            stream.entries = []
            try body(.streamEnd(stream))
        case .opaque: break
        }
    }
}
