package import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Splits RESP2 and RESP3 bytes into tokens, incrementally: nil asks for more bytes.
///
/// Nothing is allocated for a length that is only declared. Strings above `wholeStringLimit` are handed on in pieces
/// as they arrive, so that the memory taken does not follow the largest value.
/// Source: the Redis serialization protocol specification, versions 2 and 3.
package struct RESPTokenizer: Sendable {
    /// The longest line, its marker and end included.
    package static let lineByteLimit = 64 * 1024
    /// The longest string: what one `ByteBuffer` can surely hold.
    package static let stringByteLimit = Int64(2) * 1024 * 1024 * 1024
    /// The most elements of one aggregate.
    package static let elementLimit = Int64(1) << 31

    /// Strings of more bytes than this come in pieces.
    let wholeStringLimit: Int
    /// Bytes of the current string that have not come yet; nil between tokens.
    private var pieceByteCount: Int?
    /// Bytes consumed so far.
    package private(set) var offset: UInt64 = 0

    package init(wholeStringLimit: Int = .max) {
        self.wholeStringLimit = wholeStringLimit
    }

    /// True while a string has begun and not ended.
    package var isInsideString: Bool { pieceByteCount != nil }

    /// Bytes of `input` were used.
    mutating func passed(_ byteCount: Int, of input: inout ByteBuffer) {
        input.moveReaderIndex(forwardBy: byteCount)
        offset += UInt64(byteCount)
    }

    /// Takes the next token from `input` and moves its reader index; nil (and nothing moved) if more bytes are needed.
    package mutating func next(_ input: inout ByteBuffer) throws(RESPError) -> RESPToken? {
        if let remaining = pieceByteCount { return try piece(&input, remaining: remaining) }
        guard let marker = input.getInteger(at: input.readerIndex, as: UInt8.self) else { return nil }
        guard let kind = Kind(rawValue: marker) else { throw .unexpectedByte(marker, offset: offset) }
        guard let lineByteCount = try lineByteCount(input) else { return nil }
        switch kind {
        case .string, .blobError, .verbatim:
            return try string(kind, &input, lineByteCount: lineByteCount)
        case .array, .set, .map, .push, .attribute:
            return try aggregate(kind, &input, lineByteCount: lineByteCount)
        default:
            return try scalar(kind, &input, lineByteCount: lineByteCount)
        }
    }
}

extension RESPTokenizer {
    fileprivate enum Kind: UInt8 {
        case simpleString = 0x2B  // +
        case error = 0x2D  // -
        case integer = 0x3A  // :
        case string = 0x24  // $
        case array = 0x2A  // *
        case null = 0x5F  // _
        case boolean = 0x23  // #
        case double = 0x2C  // ,
        case bigNumber = 0x28  // (
        case blobError = 0x21  // !
        case verbatim = 0x3D  // =
        case map = 0x25  // %
        case set = 0x7E  // ~
        case push = 0x3E  // >
        case attribute = 0x7C  // |
    }

    /// Bytes between the marker and CR LF; nil if the end has not come.
    private func lineByteCount(_ input: ByteBuffer) throws(RESPError) -> Int? {
        enum Search {
            case found(Int)
            case missing
            case malformed
        }
        let search: Search = input.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress else { return .missing }
            let limit = min(bytes.count, Self.lineByteLimit)
            guard let found = memchr(base, 0x0D, limit) else {
                return bytes.count >= Self.lineByteLimit ? .malformed : .missing
            }
            let index = UnsafeRawPointer(found) - base
            guard index + 1 < bytes.count else { return .missing }
            return bytes[index + 1] == 0x0A ? .found(index - 1) : .malformed
        }
        switch search {
        case .found(let count): return count
        case .missing: return nil
        case .malformed:
            throw input.readableBytes >= Self.lineByteLimit
                ? .lineTooLong(offset: offset) : .malformedLine(offset: offset)
        }
    }

    /// The whole decimal number of the line; the sign may be `-` or `+`.
    private func number(_ input: ByteBuffer, lineByteCount: Int) throws(RESPError) -> Int64 {
        let value = input.withUnsafeReadableBytes { bytes in
            Self.decimal(UnsafeRawBufferPointer(rebasing: bytes[1..<1 + lineByteCount]))
        }
        guard let value else { throw .malformedLine(offset: offset) }
        return value
    }

    private static func decimal(_ digits: UnsafeRawBufferPointer) -> Int64? {
        guard let first = digits.first else { return nil }
        let isNegative = first == 0x2D
        let start = isNegative || first == 0x2B ? 1 : 0
        guard digits.count > start, digits.count - start <= 19 else { return nil }
        var magnitude: UInt64 = 0
        for byte in digits[start...] {
            let digit = byte &- 0x30
            guard digit <= 9 else { return nil }
            magnitude = magnitude &* 10 &+ UInt64(digit)
        }
        if isNegative { return magnitude <= UInt64(Int64.max) + 1 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }

    private mutating func take(_ input: inout ByteBuffer, lineByteCount: Int) {
        passed(lineByteCount + 3, of: &input)
    }

    private mutating func scalar(
        _ kind: Kind,
        _ input: inout ByteBuffer,
        lineByteCount: Int
    ) throws(RESPError) -> RESPToken {
        let line = input.getSlice(at: input.readerIndex + 1, length: lineByteCount) ?? ByteBuffer()
        let token: RESPToken
        switch kind {
        case .simpleString: token = .simpleString(line)
        case .error: token = .error(line)
        case .bigNumber: token = .bigNumber(line)
        case .integer: token = .integer(try number(input, lineByteCount: lineByteCount))
        case .null where lineByteCount == 0: token = .null
        case .boolean where line.readableBytesView.elementsEqual([0x74]): token = .boolean(true)
        case .boolean where line.readableBytesView.elementsEqual([0x66]): token = .boolean(false)
        case .double:
            guard let value = Double(String(buffer: line)) else { throw .malformedLine(offset: offset) }
            token = .double(value)
        default: throw .malformedLine(offset: offset)
        }
        take(&input, lineByteCount: lineByteCount)
        return token
    }

    private mutating func aggregate(
        _ kind: Kind,
        _ input: inout ByteBuffer,
        lineByteCount: Int
    ) throws(RESPError) -> RESPToken {
        let count = try number(input, lineByteCount: lineByteCount)
        guard count <= Self.elementLimit else { throw .tooLong(declared: count, offset: offset) }
        guard count >= 0 || (count == -1 && kind == .array) else { throw .malformedLine(offset: offset) }
        take(&input, lineByteCount: lineByteCount)
        guard count >= 0 else { return .null }
        switch kind {
        case .set: return .aggregate(.set, count: Int(count))
        case .push: return .aggregate(.push, count: Int(count))
        case .map: return .aggregate(.map, count: Int(count) * 2)
        case .attribute: return .aggregate(.attribute, count: Int(count) * 2)
        default: return .aggregate(.array, count: Int(count))
        }
    }

    private mutating func string(
        _ kind: Kind,
        _ input: inout ByteBuffer,
        lineByteCount: Int
    ) throws(RESPError) -> RESPToken? {
        let declared = try number(input, lineByteCount: lineByteCount)
        guard declared <= Self.stringByteLimit else { throw .tooLong(declared: declared, offset: offset) }
        if declared == -1, kind == .string {
            take(&input, lineByteCount: lineByteCount)
            return .null
        }
        // A verbatim string carries its format, three letters and a colon, before the text.
        guard declared >= (kind == .verbatim ? 4 : 0) else { throw .malformedLine(offset: offset) }
        let byteCount = Int(declared)
        if kind == .string, byteCount > wholeStringLimit {
            take(&input, lineByteCount: lineByteCount)
            pieceByteCount = byteCount
            return .stringBegins(byteCount: byteCount)
        }
        let start = input.readerIndex + lineByteCount + 3
        guard input.writerIndex >= start + byteCount + 2 else { return nil }
        guard input.getInteger(at: start + byteCount, as: UInt16.self) == 0x0D0A else {
            throw .missingTerminator(offset: offset + UInt64(lineByteCount + 3 + byteCount))
        }
        let skipped = kind == .verbatim ? 4 : 0
        let bytes = input.getSlice(at: start + skipped, length: byteCount - skipped) ?? ByteBuffer()
        take(&input, lineByteCount: lineByteCount)
        passed(byteCount + 2, of: &input)
        return kind == .blobError ? .error(bytes) : .string(bytes)
    }

    /// The last piece is handed on only together with the string's end.
    private mutating func piece(_ input: inout ByteBuffer, remaining: Int) throws(RESPError) -> RESPToken? {
        if input.readableBytes >= remaining + 2 {
            guard input.getInteger(at: input.readerIndex + remaining, as: UInt16.self) == 0x0D0A,
                let bytes = input.readSlice(length: remaining)
            else { throw .missingTerminator(offset: offset + UInt64(remaining)) }
            input.moveReaderIndex(forwardBy: 2)
            offset += UInt64(remaining + 2)
            pieceByteCount = nil
            return .stringPiece(bytes, isLast: true)
        }
        // At least one byte stays for the last piece, so that no piece is empty.
        let byteCount = min(input.readableBytes, remaining - 1)
        guard byteCount > 0, let bytes = input.readSlice(length: byteCount) else { return nil }
        offset += UInt64(byteCount)
        pieceByteCount = remaining - byteCount
        return .stringPiece(bytes, isLast: false)
    }
}
