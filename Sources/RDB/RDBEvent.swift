package import NIOCore
package import SnapshotModel

/// What ``RDBSkimmer/next(_:into:outputLimit:)`` found.
package enum RDBEvent: Hashable, Sendable {
    /// All input was used (its reader index stands at the end); go on with the next bytes.
    case needsInput
    /// The output holds as many readable bytes as it may; take them away and go on.
    case outputFull
    /// The magic. A stream that says REDIS and 11 or less may come from Valkey: then an auxiliary `valkey-ver` follows.
    case header(PayloadFormat)
    /// A named field about the stream, both parts decoded (`redis-ver`, `valkey-ver`, `ctime`, `repl-id`, …).
    case auxiliary(name: ByteBuffer, value: ByteBuffer)
    /// Keys from here on are in this database.
    case selectDatabase(UInt32)
    /// A record starts: its body flows into the output with the following calls, until `endRecord`.
    ///
    /// The head's key shares the storage of the input: let go of it before the input is written to again, or the write
    /// copies.
    case beginRecord(RecordHead)
    case endRecord
    /// Something that needs no keeping; may be passed over.
    case information(RDBInformation)
    /// The end. Bytes after it, if any, are left in the input.
    case end(checksum: RDBChecksum)
}

/// What a stream tells about itself between the keys.
package enum RDBInformation: Hashable, Sendable {
    /// How many keys, and keys with an expiry, the selected database holds (opcode 251). A hint, not a promise.
    case databaseSize(keyCount: UInt64, expiringKeyCount: UInt64)
    /// The same of one cluster slot (opcode 244).
    case slotSize(slot: UInt64, keyCount: UInt64, expiringKeyCount: UInt64)
    /// The server was taking slots over from another node (Valkey opcode 243): keys of these slots may be incomplete.
    case slotImport
    /// A field set that hashes refer to (Redis opcode 242); such hashes come out with the fields written in.
    case hashTemplate
}

/// The CRC-64 at the end of a stream.
package enum RDBChecksum: Hashable, Sendable {
    /// Stored and equal to what was computed.
    case verified(UInt64)
    /// The server had its checksums switched off (stored as zero), or the version is older than 5, or it is one value.
    case absent
}
