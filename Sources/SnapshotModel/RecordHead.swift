package import NIOCore

/// What a record of an archive holds.
///
/// Only keys count as keys.
package enum RecordKind: UInt8, Hashable, Sendable, CaseIterable {
    /// A key with its value.
    case key = 0
    /// One function library: the body is the RDB string after opcode 245; `key` is empty.
    case functionLibrary = 1
    /// Auxiliary data of a module: the body is what follows opcode 247; `key` is empty.
    case moduleAuxiliary = 2
}

/// All of a record but its payload body.
package struct RecordHead: Hashable, Sendable {
    package var kind: RecordKind
    package var database: UInt32
    /// The RDB value type of the body (`RDB_TYPE_…`), in the archive's payload format; 0 where the kind has none.
    package var type: UInt8
    package var expiry: Expiry
    package var access: AccessData
    /// The key's bytes: a slice that shares the storage of the buffer it was read from.
    package var key: ByteBuffer

    package init(
        kind: RecordKind = .key,
        database: UInt32,
        type: UInt8,
        expiry: Expiry = .never,
        access: AccessData = .none,
        key: ByteBuffer
    ) {
        self.kind = kind
        self.database = database
        self.type = type
        self.expiry = expiry
        self.access = access
        self.key = key
    }
}
