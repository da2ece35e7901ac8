import ByteCoding
package import NIOCore
package import RDB
package import SnapshotModel

/// Encodes records as commands: `SET` for plain strings, `RESTORE` for everything else.
///
/// ```
/// SET key text [PXAT ms] [NX]
/// RESTORE key ms payload ABSTTL [REPLACE] [IDLETIME s | FREQ n]      payload = type, body, RDB version, CRC-64
/// ```
/// Nothing is allocated but the growth of the output.
package struct RecordEncoder: Sendable {
    /// Everything of a command but key and value: names, options, lengths, footer.
    private static let overheadByteCount = 256
    /// Bytes of the length in front of a string of more than 16 KiB and less than 4 GiB.
    private static let largeStringLengthByteCount = 5
    /// The RDB type of a plain string, in every engine.
    private static let stringType: UInt8 = 0

    package let dialect: CommandDialect

    package init(_ dialect: CommandDialect) {
        self.dialect = dialect
    }

    /// Whether the value is small enough for the target: its payload, or the string itself where SET can say it.
    ///
    /// A string of exactly the target's limit is such a case: what RESTORE puts around it is too much.
    package func fits(type: UInt8, bodyByteCount: Int, deadline: Int64?, access: AccessData) -> Bool {
        if fitsRestore(bodyByteCount: bodyByteCount) { return true }
        let string = bodyByteCount - Self.largeStringLengthByteCount
        return canSet(type, deadline, access) && string <= dialect.largestArgumentByteCount
    }

    /// Whether the payload of a body is small enough for the target.
    package func fitsRestore(bodyByteCount: Int) -> Bool {
        DumpPayload.byteCount(bodyByteCount: bodyByteCount) <= dialect.largestArgumentByteCount
    }

    /// How many bytes to leave out of a body, which begins with `start`, so that what remains is the argument of SET;
    /// nil if only RESTORE can say the record.
    package func lengthToSkip(
        type: UInt8,
        start: ByteBuffer,
        bodyByteCount: UInt64,
        deadline: Int64?,
        access: AccessData
    ) -> Int? {
        guard canSet(type, deadline, access), let prefix = RDBString.plainPrefix(start),
            UInt64(prefix.byteCount) + prefix.contentByteCount == bodyByteCount
        else { return nil }
        return prefix.byteCount
    }

    /// Appends SET up to and including the line of the string's length; the string and `writeSetEnd` must follow.
    package func writeSetStart(
        key: UnsafeRawBufferPointer,
        stringByteCount: Int,
        deadline: Int64?,
        into output: inout ByteBuffer
    ) {
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room(key.count, 0)) { target in
            guard let base = target.baseAddress else { return 0 }
            var writer = CommandWriter(base)
            writeSetStart(key, deadline, &writer)
            writer.writeBulkHeader(stringByteCount)
            return writer.byteCount
        }
    }

    /// Appends what of SET follows a string that was streamed.
    package func writeSetEnd(deadline: Int64?, into output: inout ByteBuffer) {
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.overheadByteCount) { target in
            guard let base = target.baseAddress else { return 0 }
            var writer = CommandWriter(base)
            writer.writeLineEnd()
            writeSetEnd(deadline, &writer)
            return writer.byteCount
        }
    }

    /// Appends one command.
    ///
    /// `deadline` is in Unix milliseconds, above 0; nil for none. A payload is stamped with `rdbVersion`, nil for that of
    /// the dialect.
    package func write(
        key: UnsafeRawBufferPointer,
        type: UInt8,
        body: UnsafeRawBufferPointer,
        deadline: Int64?,
        access: AccessData,
        rdbVersion: UInt16? = nil,
        into output: inout ByteBuffer
    ) {
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room(key.count, body.count)) { target in
            guard let base = target.baseAddress else { return 0 }
            var writer = CommandWriter(base)
            if let string = stringToSet(type, body, deadline, access) {
                writeSet(key, string, deadline, &writer)
            } else {
                writeRestore(key, type, body, deadline, access, rdbVersion ?? dialect.rdbVersion, &writer)
            }
            return writer.byteCount
        }
    }

    /// Appends RESTORE up to and including the payload's type byte; the body and `writeChainEnd` must follow.
    ///
    /// - Returns: the payload's writer, to be told of every part of the body
    package func writeChainStart(
        key: UnsafeRawBufferPointer,
        type: UInt8,
        bodyByteCount: Int,
        deadline: Int64?,
        access: AccessData,
        into output: inout ByteBuffer
    ) -> DumpPayloadWriter {
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room(key.count, 0)) { target in
            guard let base = target.baseAddress else { return 0 }
            var writer = CommandWriter(base)
            writeRestoreStart(key, bodyByteCount, deadline, access, &writer)
            return writer.byteCount
        }
        return DumpPayloadWriter(type: type, into: &output)
    }

    /// Appends the payload's footer and what of RESTORE follows the payload.
    package func writeChainEnd(
        _ payload: DumpPayloadWriter,
        access: AccessData,
        rdbVersion: UInt16? = nil,
        into output: inout ByteBuffer
    ) {
        var payload = payload
        payload.finish(rdbVersion: Int(rdbVersion ?? dialect.rdbVersion), into: &output)
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.overheadByteCount) { target in
            guard let base = target.baseAddress else { return 0 }
            var writer = CommandWriter(base)
            writeRestoreEnd(access, &writer)
            return writer.byteCount
        }
    }

    private func room(_ keyByteCount: Int, _ bodyByteCount: Int) -> Int {
        keyByteCount + bodyByteCount + Self.overheadByteCount
    }

    /// The text to set, if SET can say all of the record; access data only RESTORE carries.
    @inline(__always)
    private func stringToSet(
        _ type: UInt8,
        _ body: UnsafeRawBufferPointer,
        _ deadline: Int64?,
        _ access: AccessData
    ) -> StringBody? {
        canSet(type, deadline, access) ? StringBody(body) : nil
    }

    @inline(__always)
    func canSet(_ type: UInt8, _ deadline: Int64?, _ access: AccessData) -> Bool {
        type == Self.stringType && (deadline == nil || dialect.knowsSetDeadline) && !dialect.uses(access)
    }

    private func writeSet(
        _ key: UnsafeRawBufferPointer,
        _ string: StringBody,
        _ deadline: Int64?,
        _ writer: inout CommandWriter
    ) {
        writeSetStart(key, deadline, &writer)
        switch string {
        case .bytes(let bytes): writer.writeBulk(bytes)
        case .integer(let value): writer.writeBulkDecimal(value)
        }
        writeSetEnd(deadline, &writer)
    }

    private func writeSetStart(_ key: UnsafeRawBufferPointer, _ deadline: Int64?, _ writer: inout CommandWriter) {
        switch (deadline == nil, dialect.replacesKeys) {
        case (true, true): writer.write("*3\r\n$3\r\nSET\r\n")
        case (true, false): writer.write("*4\r\n$3\r\nSET\r\n")
        case (false, true): writer.write("*5\r\n$3\r\nSET\r\n")
        case (false, false): writer.write("*6\r\n$3\r\nSET\r\n")
        }
        writer.writeBulk(key)
    }

    /// What follows the string.
    private func writeSetEnd(_ deadline: Int64?, _ writer: inout CommandWriter) {
        if let deadline {
            writer.write("$4\r\nPXAT\r\n")
            writer.writeBulkDecimal(deadline)
        }
        if !dialect.replacesKeys { writer.write("$2\r\nNX\r\n") }
    }

    private func writeRestore(
        _ key: UnsafeRawBufferPointer,
        _ type: UInt8,
        _ body: UnsafeRawBufferPointer,
        _ deadline: Int64?,
        _ access: AccessData,
        _ rdbVersion: UInt16,
        _ writer: inout CommandWriter
    ) {
        writeRestoreStart(key, body.count, deadline, access, &writer)
        let payloadStart = writer.byteCount
        writer.writeByte(type)
        writer.write(body)
        writer.writeInteger(rdbVersion)
        writer.writeInteger(CRC64.of(writer.bytes(from: payloadStart)))
        writeRestoreEnd(access, &writer)
    }

    /// Up to and including the line of the payload's length.
    private func writeRestoreStart(
        _ key: UnsafeRawBufferPointer,
        _ bodyByteCount: Int,
        _ deadline: Int64?,
        _ access: AccessData,
        _ writer: inout CommandWriter
    ) {
        switch (dialect.replacesKeys, dialect.uses(access)) {
        case (false, false): writer.write("*5\r\n$7\r\nRESTORE\r\n")
        case (true, false): writer.write("*6\r\n$7\r\nRESTORE\r\n")
        case (false, true): writer.write("*7\r\n$7\r\nRESTORE\r\n")
        case (true, true): writer.write("*8\r\n$7\r\nRESTORE\r\n")
        }
        writer.writeBulk(key)
        writer.writeBulkDecimal(deadline ?? 0)
        writer.writeBulkHeader(DumpPayload.byteCount(bodyByteCount: bodyByteCount))
    }

    /// What follows the payload's last byte.
    private func writeRestoreEnd(_ access: AccessData, _ writer: inout CommandWriter) {
        writer.write("\r\n$6\r\nABSTTL\r\n")
        if dialect.replacesKeys { writer.write("$7\r\nREPLACE\r\n") }
        guard dialect.uses(access) else { return }
        switch access {
        case .none: break
        case .idle(let seconds):
            writer.write("$8\r\nIDLETIME\r\n")
            writer.writeBulkDecimal(Int64(clamping: seconds))
        case .frequency(let frequency):
            writer.write("$4\r\nFREQ\r\n")
            writer.writeBulkDecimal(Int64(frequency))
        }
    }
}
