import NIOCore

/// All of a record but its payload body, with the key in memory that somebody else owns.
///
/// For one record after the other: a `RecordHead` holds a reference to its key's memory, which costs for each of them.
package struct RawRecordHead {
    package var kind: RecordKind
    package var database: UInt32
    package var type: UInt8
    package var expiry: Expiry
    package var access: AccessData
    package var key: UnsafeRawBufferPointer

    package init(
        kind: RecordKind = .key,
        database: UInt32,
        type: UInt8,
        expiry: Expiry,
        access: AccessData,
        key: UnsafeRawBufferPointer
    ) {
        self.kind = kind
        self.database = database
        self.type = type
        self.expiry = expiry
        self.access = access
        self.key = key
    }
}

extension RecordHead {
    /// Gives the head with its key's bytes, which stay where they are meanwhile.
    package borrowing func withRawHead<Value, Failure: Error>(
        _ body: (RawRecordHead) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let (kind, database, type, expiry, access) = (kind, database, type, expiry, access)
        return try key.withUnsafeReadableBytes { (bytes) throws(Failure) in
            try body(
                RawRecordHead(kind: kind, database: database, type: type, expiry: expiry, access: access, key: bytes)
            )
        }
    }
}
