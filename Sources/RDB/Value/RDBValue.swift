package import NIOCore
package import SnapshotModel

/// A value decoded into what users see of it: for looking inside and for comparing, never on the data path.
package enum RDBValue: Equatable, Sendable {
    case string(ByteBuffer)
    /// From head to tail.
    case list([ByteBuffer])
    /// In the order of the payload, which means nothing.
    case set([ByteBuffer])
    /// In the order of the payload, which means nothing.
    case hash([HashField])
    /// In the order of the payload: ascending by score in listpack form, none in particular otherwise.
    case sortedSet([ScoredMember])
    case stream(StreamValue)
    /// A module's value, or one of a type for which there is no decoder; `encoding` is its name in the type table.
    case opaque(encoding: String)

    /// One field of a hash and its own deadline.
    package struct HashField: Equatable, Sendable {
        package var field: ByteBuffer
        package var value: ByteBuffer
        package var expiry: Expiry

        package init(field: ByteBuffer, value: ByteBuffer, expiry: Expiry = .never) {
            self.field = field
            self.value = value
            self.expiry = expiry
        }
    }

    /// One member of a sorted set.
    package struct ScoredMember: Equatable, Sendable {
        package var member: ByteBuffer
        package var score: Double

        package init(member: ByteBuffer, score: Double) {
            self.member = member
            self.score = score
        }
    }
}
