import ByteCoding
package import NIOCore
package import SnapshotModel

/// Writes an RDB stream: what redis-server loads at its start, and what a primary sends to a replica.
///
/// ```
/// header        magic and version: REDIS0010, VALKEY080
/// fields        250 name value                                              (from RDB 7)
/// libraries     245 code                                                    (from RDB 10)
/// database      254 number, 251 keys expiring-keys                          (the second from RDB 7, a hint)
/// key           [252 deadline] [248 idle | 249 frequency] [243 metadata] type key body
/// end           255 CRC-64 over everything before
/// ```
/// Source: redis/redis `src/rdb.c`, `rdbSaveRio`, `rdbSaveKeyValuePair` (4f8cdc2a). Bodies are those of records: plain
/// strings in them are as good to a server as compressed ones.
///
/// What is written collects in `pending` until it is taken; the checksum runs over what was taken. Keys must be
/// unique per database: a server that meets one twice stops.
package struct RDBStreamWriter: Sendable {
    /// What a key takes beside key and body: opcodes, deadline, access data, type, length of the key.
    private static let overheadByteCount = 40

    package let format: PayloadFormat
    package private(set) var pending = ByteBuffer()
    private var takenByteCount: UInt64 = 0
    private var crc = CRC64()
    private let conversion: RDBConversion
    private let mayHaveMetadata: Bool

    /// Writes the header of a stream of the conversion's destination.
    package init(_ conversion: RDBConversion) {
        self.conversion = conversion
        format = conversion.destination
        mayHaveMetadata = KeyMetadata.isMarked(by: RDBOpcode.keyMetadataOrSlotImport, conversion.source)
        let isOwnOfValkey = format.rdbVersion >= RDBValueTypes.firstOwnValkeyVersion
        let digits = String(format.rdbVersion)
        let width = isOwnOfValkey ? 3 : 4
        let zeros = String(repeating: "0", count: max(0, width - digits.count))
        pending.writeString((isOwnOfValkey ? "VALKEY" : "REDIS") + zeros + digits)
    }

    /// Bytes of the stream so far.
    package var byteCount: UInt64 { takenByteCount + UInt64(pending.readableBytes) }

    /// Takes what has collected out of the writer.
    package mutating func take() -> ByteBuffer {
        pending.withUnsafeReadableBytes { crc.update($0) }
        takenByteCount += UInt64(pending.readableBytes)
        var taken = ByteBufferAllocator().buffer(capacity: pending.storageCapacity)
        swap(&taken, &pending)
        return taken
    }

    /// A field of the header; left out where the format knows none.
    package mutating func writeField(_ name: String, _ value: String) {
        guard conversion.holdsAuxiliaryFields else { return }
        pending.writeInteger(RDBOpcode.auxiliary)
        for text in [name, value] {
            ByteBuffer(string: text).withUnsafeReadableBytes { RDBString.writePlain($0, into: &pending) }
        }
    }

    /// A function library; `body` is its code as an RDB string, or the first part of it.
    package mutating func writeFunctionLibrary(_ body: ByteBuffer) {
        pending.writeInteger(RDBOpcode.function)
        pending.writeImmutableBuffer(body)
    }

    /// Auxiliary data of a module: what follows the opcode, or the first part of it.
    package mutating func writeModuleAuxiliary(_ body: ByteBuffer) {
        pending.writeInteger(RDBOpcode.moduleAuxiliary)
        pending.writeImmutableBuffer(body)
    }

    /// The keys that follow are of this database; `size` is what the server makes room for.
    package mutating func select(_ database: UInt32, size: SnapshotStatistics.DatabaseCounts?) {
        pending.writeInteger(RDBOpcode.selectDatabase)
        RDBLength.write(UInt64(database), into: &pending)
        guard let size, conversion.holdsAuxiliaryFields else { return }
        pending.writeInteger(RDBOpcode.resizeDatabase)
        RDBLength.write(size.keyCount, into: &pending)
        RDBLength.write(size.expiringKeyCount, into: &pending)
    }

    /// A key with its value, or with the first part of its value, to be continued by `writePart`.
    ///
    /// `deadline` is in Unix milliseconds; nil for none.
    ///
    /// - Throws: `RDBError` if the metadata in front of a value of type 243 is malformed
    package mutating func writeKey(
        _ key: UnsafeRawBufferPointer,
        type: UInt8,
        body: UnsafeRawBufferPointer,
        deadline: Int64?,
        access: AccessData
    ) throws(RDBError) {
        guard mayHaveMetadata, type == RDBOpcode.keyMetadataOrSlotImport else {
            write(key, type, body, deadline, access, metadata: nil)
            return
        }
        let parts = try KeyMetadata(body: ByteBuffer(bytes: body))
        // The type stands behind the metadata in a payload, and behind the opcode's metadata here, too; the key follows.
        let metadata = parts.prefix.getSlice(at: parts.prefix.readerIndex, length: parts.prefix.readableBytes - 1)
        parts.value.withUnsafeReadableBytes { write(key, parts.type, $0, deadline, access, metadata: metadata) }
    }

    /// More of the body that was begun last.
    package mutating func writePart(_ part: ByteBuffer) {
        pending.writeImmutableBuffer(part)
    }

    /// Ends the stream; what is pending then is its end.
    package mutating func end() {
        pending.writeInteger(RDBOpcode.end)
        var whole = crc
        pending.withUnsafeReadableBytes { whole.update($0) }
        pending.writeLittleEndian(whole.value)
    }

    @inline(__always)
    private mutating func write(
        _ key: UnsafeRawBufferPointer,
        _ type: UInt8,
        _ body: UnsafeRawBufferPointer,
        _ deadline: Int64?,
        _ access: AccessData,
        metadata: ByteBuffer?
    ) {
        let metadataByteCount = metadata.map { $0.readableBytes + 1 } ?? 0
        let room = Self.overheadByteCount + metadataByteCount + key.count + body.count
        let holdsAccessData = conversion.holdsAccessData
        pending.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { output in
            guard let start = output.baseAddress else { return 0 }
            var next = start
            if let deadline {
                Self.store(RDBOpcode.expiryMilliseconds, &next)
                Self.store(deadline.littleEndian, &next)
            }
            if holdsAccessData { Self.store(access, &next) }
            if let metadata {
                Self.store(RDBOpcode.keyMetadataOrSlotImport, &next)
                metadata.withUnsafeReadableBytes { Self.store($0, &next) }
            }
            Self.store(type, &next)
            next += RDBLength.store(UInt64(key.count), to: next)
            Self.store(key, &next)
            Self.store(body, &next)
            return next - start
        }
    }

    @inline(__always)
    private static func store(_ access: AccessData, _ next: inout UnsafeMutableRawPointer) {
        switch access {
        case .none: return
        case .idle(let seconds):
            store(RDBOpcode.idle, &next)
            next += RDBLength.store(seconds, to: next)
        case .frequency(let counter):
            store(RDBOpcode.frequency, &next)
            store(counter, &next)
        }
    }

    @inline(__always)
    private static func store(_ value: some FixedWidthInteger, _ next: inout UnsafeMutableRawPointer) {
        withUnsafeBytes(of: value) { store($0, &next) }
    }

    @inline(__always)
    private static func store(_ bytes: UnsafeRawBufferPointer, _ next: inout UnsafeMutableRawPointer) {
        guard let source = bytes.baseAddress else { return }
        next.copyMemory(from: source, byteCount: bytes.count)
        next += bytes.count
    }
}
