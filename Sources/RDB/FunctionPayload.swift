import ByteCoding
package import NIOCore
import SnapshotModel

/// What FUNCTION DUMP answers and FUNCTION RESTORE takes: per library opcode 245 and its code as an RDB string, then the
/// footer of a DUMP payload.
///
/// Source: redis/redis `src/functions.c`, `functionDumpCommand`; `rdbSaveFunctions` in `src/rdb.c` (4f8cdc2a).
package enum FunctionPayload {
    /// The version that brought function libraries: what a payload of them is stamped with.
    package static let rdbVersion = 10

    /// A payload of libraries; `bodies` are the bodies of records of kind `functionLibrary`.
    package static func make(bodies: [ByteBuffer], rdbVersion: Int) -> ByteBuffer {
        var payload = ByteBuffer()
        payload.reserveCapacity(bodies.reduce(DumpPayload.footerByteCount) { $0 + 1 + $1.readableBytes })
        for body in bodies {
            payload.writeInteger(RDBOpcode.function)
            payload.writeImmutableBuffer(body)
        }
        var crc = CRC64()
        payload.writeLittleEndian(UInt16(rdbVersion))
        payload.withUnsafeReadableBytes { crc.update($0) }
        payload.writeLittleEndian(crc.value)
        return payload
    }

    /// The libraries of a payload as bodies of records, LZF unwrapped.
    package static func bodies(of payload: ByteBuffer) throws(RDBError) -> [ByteBuffer] {
        let (content, version) = try DumpPayload.parseFooter(payload)
        var rest = content
        var bodies: [ByteBuffer] = []
        while let opcode: UInt8 = rest.readInteger() {
            let offset = UInt64(content.readableBytes - rest.readableBytes)
            guard opcode == RDBOpcode.function else {
                let format = PayloadFormat(engine: .redis, rdbVersion: version)
                throw .unknownOpcode(opcode: opcode, format: format, offset: offset)
            }
            guard let string = rest.withUnsafeReadableBytes({ RDBString.parse($0).map(Self.plainBody) }) else {
                throw .truncated(offset: offset)
            }
            guard let body = string.body else { throw .malformed(.compressedString, offset: offset) }
            bodies.append(body)
            rest.moveReaderIndex(forwardBy: string.byteCount)
        }
        return bodies
    }

    private static func plainBody(
        _ string: (form: RDBString.Form, byteCount: Int)
    ) -> (body: ByteBuffer?, byteCount: Int) {
        var text = ByteBuffer()
        guard RDBString.write(string.form, into: &text) else { return (nil, string.byteCount) }
        var body = ByteBuffer()
        text.withUnsafeReadableBytes { RDBString.writePlain($0, into: &body) }
        return (body, string.byteCount)
    }
}
