package import SnapshotModel

/// What is counted of a key's record: its head without the key's bytes, so that it refers to no memory.
package struct KeyTraits: Hashable, Sendable {
    package var database: UInt32
    package var type: UInt8
    package var expiry: Expiry
    package var access: AccessData
    package var keyByteCount: Int
    /// Whether it is what a snapshot wrote to the source, this one or one of some minutes ago.
    package var isSentinel: Bool

    package init(_ head: borrowing RecordHead) {
        self = head.withRawHead { Self($0) }
    }

    package init(_ head: RawRecordHead) {
        database = head.database
        type = head.type
        expiry = head.expiry
        access = head.access
        keyByteCount = head.key.count
        isSentinel = keyByteCount == SnapshotSentinel.keyByteCount && SnapshotSentinel.isKey(head.key)
    }
}
