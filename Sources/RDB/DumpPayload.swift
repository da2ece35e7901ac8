import ByteCoding
package import NIOCore

/// What DUMP answers and RESTORE takes: type, body, RDB version, CRC-64.
///
/// | bytes | what |
/// |---|---|
/// | 1 | value type; 243 if metadata of the key stand before type and value (Redis 8.6) |
/// | n | the body, as after the key in an RDB stream |
/// | 2 | RDB version, little-endian |
/// | 8 | CRC-64 of everything before, little-endian; 0 if the server left it out |
///
/// Source: redis/redis `src/cluster.c`, `createDumpPayload`, `verifyDumpPayload` (4f8cdc2a); the 0: redis/redis#15364.
package enum DumpPayload {
    package static let footerByteCount = 10
    /// Bytes that a payload has more than its body.
    package static let overheadByteCount = 11

    package struct Parsed: Hashable, Sendable {
        package var type: UInt8
        /// A slice of the payload.
        package var body: ByteBuffer
        package var version: Int

        package init(type: UInt8, body: ByteBuffer, version: Int) {
            self.type = type
            self.body = body
            self.version = version
        }
    }

    /// Checks a payload's checksum and takes it apart.
    ///
    /// Whether the version and type are known is not looked at.
    package static func parse(_ payload: ByteBuffer) throws(RDBError) -> Parsed {
        let (contentByteCount, version) = try checkFooter(payload)
        guard contentByteCount > 0, let type: UInt8 = payload.getInteger(at: payload.readerIndex),
            let body = payload.getSlice(at: payload.readerIndex + 1, length: contentByteCount - 1)
        else { throw .payloadTooShort(byteCount: payload.readableBytes) }
        return Parsed(type: type, body: body, version: version)
    }

    /// The bytes before the footer, with the checksum checked, and the version.
    static func parseFooter(_ payload: ByteBuffer) throws(RDBError) -> (content: ByteBuffer, version: Int) {
        let (contentByteCount, version) = try checkFooter(payload)
        guard let content = payload.getSlice(at: payload.readerIndex, length: contentByteCount) else {
            throw .payloadTooShort(byteCount: payload.readableBytes)
        }
        return (content, version)
    }

    /// How many bytes stand before the footer, whose checksum is right, and its version.
    private static func checkFooter(
        _ payload: ByteBuffer
    ) throws(RDBError) -> (contentByteCount: Int, version: Int) {
        let contentByteCount = payload.readableBytes - footerByteCount
        guard contentByteCount >= 0 else { throw .payloadTooShort(byteCount: payload.readableBytes) }
        // In one look: each access to a buffer's storage costs some.
        let (version, stored, computed) = payload.withUnsafeReadableBytes { bytes in
            let version = bytes.loadUnaligned(fromByteOffset: contentByteCount, as: UInt16.self)
            let stored = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: contentByteCount + 2, as: UInt64.self)
            )
            let checked = UnsafeRawBufferPointer(rebasing: bytes[..<(contentByteCount + 2)])
            // A server may leave the checksum out.
            return (UInt16(littleEndian: version), stored, stored == 0 ? 0 : CRC64.of(checked))
        }
        guard stored == computed else {
            throw .checksumMismatch(stored: stored, computed: computed, offset: UInt64(payload.readableBytes))
        }
        return (contentByteCount, Int(version))
    }

    /// Bytes of the payload of a body.
    package static func byteCount(bodyByteCount: Int) -> Int { bodyByteCount + overheadByteCount }

    /// Appends the payload of a body: one copy, nothing between.
    /// - Precondition: `rdbVersion` fits 16 bits.
    package static func write(
        type: UInt8,
        body: UnsafeRawBufferPointer,
        rdbVersion: Int,
        into buffer: inout ByteBuffer
    ) {
        buffer.reserveCapacity(minimumWritableBytes: byteCount(bodyByteCount: body.count))
        var writer = DumpPayloadWriter(type: type, into: &buffer)
        writer.append(body, into: &buffer)
        writer.finish(rdbVersion: rdbVersion, into: &buffer)
    }

    package static func write(type: UInt8, body: ByteBuffer, rdbVersion: Int, into buffer: inout ByteBuffer) {
        body.withUnsafeReadableBytes { write(type: type, body: $0, rdbVersion: rdbVersion, into: &buffer) }
    }

    package static func write(type: UInt8, body: ByteBufferView, rdbVersion: Int, into buffer: inout ByteBuffer) {
        write(type: type, body: ByteBuffer(body), rdbVersion: rdbVersion, into: &buffer)
    }

    package static func write(type: UInt8, body: RawSpan, rdbVersion: Int, into buffer: inout ByteBuffer) {
        body.withUnsafeBytes { write(type: type, body: $0, rdbVersion: rdbVersion, into: &buffer) }
    }
}

/// Writes a payload whose body comes in parts: a value that lies over several blocks.
///
/// The parts may go to different buffers, as long as they arrive at the server in this order.
package struct DumpPayloadWriter: Sendable {
    private var crc = CRC64()

    /// Appends the type byte.
    package init(type: UInt8, into buffer: inout ByteBuffer) {
        buffer.writeInteger(type)
        withUnsafeBytes(of: type) { crc.update($0) }
    }

    package mutating func append(_ part: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        buffer.writeBytes(part)
        crc.update(part)
    }

    package mutating func append(_ part: ByteBuffer, into buffer: inout ByteBuffer) {
        part.withUnsafeReadableBytes { append($0, into: &buffer) }
    }

    /// Takes a part into account that the caller sends itself.
    package mutating func account(for part: UnsafeRawBufferPointer) {
        crc.update(part)
    }

    /// Appends the ten bytes of the footer.
    package mutating func finish(rdbVersion: Int, into buffer: inout ByteBuffer) {
        let version = UInt16(rdbVersion).littleEndian
        withUnsafeBytes(of: version) { crc.update($0) }
        buffer.writeLittleEndian(UInt16(rdbVersion))
        buffer.writeLittleEndian(crc.value)
    }
}
