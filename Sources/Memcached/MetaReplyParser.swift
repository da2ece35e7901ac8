package import NIOCore

/// Parses replies to meta commands from bytes as they come; what it returns shares their storage.
package struct MetaReplyParser: Sendable {
    /// Larger values are handed on in pieces, in bytes.
    private let wholeValueLimit: Int
    /// What a large value still owes, without its line end; nil between replies.
    private var remaining: Int?

    package init(wholeValueLimit: Int = 256 * 1024) {
        self.wholeValueLimit = wholeValueLimit
    }

    /// Whether a large value has begun and not ended.
    package var isInValue: Bool { remaining != nil }

    /// The next reply; nil, and nothing taken, if more bytes are needed.
    package mutating func next(_ input: inout ByteBuffer) throws(MemcachedError) -> MetaReply? {
        if let remaining { return try piece(&input, of: remaining) }
        let start = input.readerIndex
        let source = input
        let parsed = try input.withUnsafeReadableBytes { (bytes) throws(MemcachedError) -> Line? in
            guard let (line, byteCount) = try ProtocolLine.range(in: bytes) else { return nil }
            return try Self.line(
                UnsafeRawBufferPointer(rebasing: bytes[line]),
                byteCount: byteCount,
                at: start,
                of: source
            )
        }
        guard let parsed else { return nil }
        guard case .value(let flags, let byteCount) = parsed.content else {
            input.moveReaderIndex(forwardBy: parsed.byteCount)
            if case .reply(let reply) = parsed.content { return reply }
            return nil
        }
        if byteCount > wholeValueLimit {
            input.moveReaderIndex(forwardBy: parsed.byteCount)
            remaining = byteCount
            return .largeValue(flags, byteCount: byteCount)
        }
        guard input.readableBytes >= parsed.byteCount + byteCount + 2 else { return nil }
        input.moveReaderIndex(forwardBy: parsed.byteCount)
        guard let value = input.readSlice(length: byteCount) else { return nil }
        try Self.takeValueEnd(&input)
        return .value(flags, value)
    }

    private enum Content {
        case reply(MetaReply)
        case value(MetaFlags, byteCount: Int)
    }

    private struct Line {
        var content: Content
        var byteCount: Int
    }

    private mutating func piece(_ input: inout ByteBuffer, of remaining: Int) throws(MemcachedError) -> MetaReply? {
        // The last piece comes with its line end, so that nothing is left between replies.
        if input.readableBytes >= remaining + 2 {
            guard let bytes = input.readSlice(length: remaining) else { return nil }
            try Self.takeValueEnd(&input)
            self.remaining = nil
            return .piece(bytes, isLast: true)
        }
        let available = min(input.readableBytes, remaining)
        guard available > 0, let bytes = input.readSlice(length: available) else { return nil }
        self.remaining = remaining - available
        return .piece(bytes, isLast: false)
    }

    private static func takeValueEnd(_ input: inout ByteBuffer) throws(MemcachedError) {
        guard input.readInteger(as: UInt16.self) == 0x0D0A else {
            throw .malformed(reason: "a value that is not followed by the end of a line")
        }
    }

    private static func line(
        _ bytes: UnsafeRawBufferPointer,
        byteCount: Int,
        at start: Int,
        of source: ByteBuffer
    ) throws(MemcachedError) -> Line {
        var cursor = LineCursor(bytes)
        if cursor.skip("VA ") {
            guard let size = cursor.number().flatMap({ Int(exactly: $0) }), size < Int(UInt32.max) else {
                throw .malformed(reason: "a value's length that is no number")
            }
            guard cursor.isAtEnd || cursor.byte == 0x20 else {
                throw .malformed(reason: "a value's length that is no number")
            }
            let flags = try MetaFlags(&cursor, at: start, of: source)
            return Line(content: .value(flags, byteCount: size), byteCount: byteCount)
        }
        let reply = try reply(bytes, at: start, of: source)
        return Line(content: .reply(reply), byteCount: byteCount)
    }

    private static func reply(
        _ bytes: UnsafeRawBufferPointer,
        at start: Int,
        of source: ByteBuffer
    ) throws(MemcachedError) -> MetaReply {
        var cursor = LineCursor(bytes)
        let code = cursor.word()
        if code.count == 2 {
            switch (bytes[0], bytes[1]) {
            case (UInt8(ascii: "H"), UInt8(ascii: "D")): return .done(try MetaFlags(&cursor, at: start, of: source))
            case (UInt8(ascii: "E"), UInt8(ascii: "N")): return .miss
            case (UInt8(ascii: "M"), UInt8(ascii: "N")): return .noop
            case (UInt8(ascii: "N"), UInt8(ascii: "F")): return .notFound(try MetaFlags(&cursor, at: start, of: source))
            case (UInt8(ascii: "N"), UInt8(ascii: "S")):
                return .notStored(try MetaFlags(&cursor, at: start, of: source))
            case (UInt8(ascii: "E"), UInt8(ascii: "X")): return .exists(try MetaFlags(&cursor, at: start, of: source))
            default: break
            }
        }
        if let error = MetaError(line: String(decoding: bytes, as: UTF8.self)) { return .error(error) }
        throw .unexpectedLine(ProtocolLine.shown(bytes))
    }
}
