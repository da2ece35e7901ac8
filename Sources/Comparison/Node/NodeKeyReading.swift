package import NIOCore
package import RDB
package import SnapshotModel

/// A key that a node is asked about, and what is to be expected.
package struct NodeKeyRequest: Sendable {
    package var database: UInt32
    package var key: ByteBuffer
    /// What users call the type; one that is not of the server's own is read by its payload.
    package var typeName: String
    /// Bytes of the value as an archive has it: decides whether it is read at once or in pieces.
    package var bodyByteCount: UInt64

    package init(database: UInt32, key: ByteBuffer, typeName: String, bodyByteCount: UInt64) {
        self.database = database
        self.key = key
        self.typeName = typeName
        self.bodyByteCount = bodyByteCount
    }

    /// nil for a module's value, and for an item of Memcached.
    package var kind: RDBElement.Kind? { RDBElement.Kind(rawValue: typeName) }
}

/// What a node told of one key by the commands of its type.
package struct NodeKeyReading: Sendable {
    package enum State: Hashable, Sendable {
        case present
        case missing
        /// It has another type than was expected: the node's name of it.
        case otherType(String)
        /// The node did not let it be read: its words.
        case refused(String)
    }

    package var state = State.present
    /// The earliest and the latest instant that the deadline can be, by the node's clock: equal where the node tells
    /// deadlines.
    ///
    /// Nil for a key without one.
    package var deadline: ClosedRange<UnixMilliseconds>?
    package var access = AccessData.none
    /// Of a module's value that of the payload's bytes; nil of one that cannot be read, and of a key that is not there.
    package var value: ValueFingerprint?
    /// Nil of any engine but Memcached.
    package var item: ItemTraits?
    /// False where the times at which pending entries were delivered could not be read.
    package var hasDeliveryTimes = true

    package init() {}

    /// How far the deadline is from an expected one in milliseconds, 0 within what is known of it; nil if only one of
    /// both has one.
    package func deadlineError(against expected: UnixMilliseconds) -> Int64? {
        guard let deadline else { return nil }
        if expected < deadline.lowerBound { return deadline.lowerBound.milliseconds(since: expected) }
        if expected > deadline.upperBound { return deadline.upperBound.milliseconds(since: expected) }
        return 0
    }
}

/// What of a node's answers there is to be had.
package struct NodeReadingDialect: Hashable, Sendable {
    /// Whose payloads DUMP answers.
    package var engine: Engine
    /// PEXPIRETIME (Redis 7.0); else the rest of the life is asked for, and the clock before and after.
    package var knowsExpireTime: Bool
    /// HPEXPIRETIME (Redis 7.4, Valkey 9.0).
    package var knowsFieldDeadlines: Bool
    /// XINFO STREAM … FULL (Redis 6.0).
    package var tellsStreamsInFull: Bool
    /// Which access data is asked for.
    package var access: AccessUse

    package enum AccessUse: Hashable, Sendable {
        case none
        case idle
        case frequency
    }

    package init(
        engine: Engine,
        knowsExpireTime: Bool = true,
        knowsFieldDeadlines: Bool = true,
        tellsStreamsInFull: Bool = true,
        access: AccessUse = .none
    ) {
        self.engine = engine
        self.knowsExpireTime = knowsExpireTime
        self.knowsFieldDeadlines = knowsFieldDeadlines
        self.tellsStreamsInFull = tellsStreamsInFull
        self.access = access
    }
}
