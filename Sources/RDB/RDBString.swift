import ByteCoding
package import NIOCore

/// Decoding of one RDB string as it stands in a payload body: plain, a number of 8, 16 or 32 bits, or LZF.
package enum RDBString {
    /// Bytes of the string's plain form (of a number: of its decimal text); nil if the body is not exactly one string.
    package static func plainLength(of body: UnsafeRawBufferPointer) -> Int? {
        switch form(of: body) {
        case .plain(let bytes): return bytes.count
        case .integer(let value): return decimalDigitCount(value)
        case .compressed(_, let count): return count
        case nil: return nil
        }
    }

    package static func plainLength(of body: ByteBuffer) -> Int? {
        body.withUnsafeReadableBytes { plainLength(of: $0) }
    }

    /// Appends the plain form; false, and nothing appended, if the body is not exactly one string.
    @discardableResult
    package static func write(_ body: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) -> Bool {
        guard let form = form(of: body) else { return false }
        return write(form, into: &buffer)
    }

    @discardableResult
    package static func write(_ body: ByteBuffer, into buffer: inout ByteBuffer) -> Bool {
        body.withUnsafeReadableBytes { write($0, into: &buffer) }
    }

    /// Where the bytes of a plain string start in its body and how many there are; nil for a number or LZF.
    ///
    /// With it a command can be written straight from the body, without a copy between.
    package static func plainRange(of body: UnsafeRawBufferPointer) -> Range<Int>? {
        guard case .plain(let bytes) = form(of: body) else { return nil }
        return body.count - bytes.count..<body.count
    }

    /// The length in front of a plain string, told from the first bytes of a body: its own bytes, and those it says
    /// follow; nil for a number or LZF, or if the body's start is too short to tell.
    package static func plainPrefix(_ start: ByteBuffer) -> (byteCount: Int, contentByteCount: UInt64)? {
        start.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress, let first = bytes.first, first >> 6 != 3,
                let byteCount = RDBLength.byteCount(firstByte: first), byteCount <= bytes.count
            else { return nil }
            return (byteCount, RDBLength.value(base))
        }
    }

    /// Appends the length in front of a plain string, whose bytes must follow.
    package static func writeLength(_ byteCount: Int, into buffer: inout ByteBuffer) {
        RDBLength.write(UInt64(byteCount), into: &buffer)
    }

    /// Appends a plain string with its length in front.
    package static func writePlain(_ bytes: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        RDBLength.write(UInt64(bytes.count), into: &buffer)
        buffer.writeBytes(bytes)
    }

    /// A string in one of its forms, in place.
    package enum Form {
        case plain(UnsafeRawBufferPointer)
        case integer(Int64)
        case compressed(UnsafeRawBufferPointer, plainByteCount: Int)
    }

    /// The string that is all of a body; nil if the body is not exactly one string.
    ///
    /// It points into the body.
    package static func form(of body: UnsafeRawBufferPointer) -> Form? {
        guard let parsed = parse(body), parsed.byteCount == body.count else { return nil }
        return parsed.form
    }

    /// The string at the start of `bytes` and how many bytes it takes; nil if it is cut off or malformed.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> (form: Form, byteCount: Int)? {
        guard let start = bytes.baseAddress else { return nil }
        var next = start
        let end = start + bytes.count
        var lexer = RDBLexer()
        guard let token = lexer.length(&next, end), token.byteCount > 0 else { return nil }
        if token.isLength {
            guard let content = content(token.value, &next, end) else { return nil }
            return (.plain(content), next - start)
        }
        switch token.value {
        case 0, 1, 2:
            let width = 1 << Int(token.value)
            guard let number = lexer.fixed(width, &next, end) else { return nil }
            return (.integer(integer(number.low, byteCount: width)), next - start)
        case 3:
            guard let compressed = lexer.length(&next, end), compressed.isLength,
                let plain = lexer.length(&next, end), plain.isLength,
                let content = content(compressed.value, &next, end),
                plain.value <= UInt64(content.count) * UInt64(LZF.maximumRatio)
            else { return nil }
            return (.compressed(content, plainByteCount: Int(plain.value)), next - start)
        default: return nil
        }
    }

    private static func content(
        _ count: UInt64,
        _ next: inout UnsafeRawPointer,
        _ end: UnsafeRawPointer
    ) -> UnsafeRawBufferPointer? {
        guard count <= UInt64(end - next) else { return nil }
        defer { next += Int(count) }
        return UnsafeRawBufferPointer(start: next, count: Int(count))
    }

    /// Appends a form's plain bytes; false, and nothing appended, if it does not decompress.
    static func write(_ form: Form, into buffer: inout ByteBuffer) -> Bool {
        switch form {
        case .plain(let bytes):
            buffer.writeBytes(bytes)
            return true
        case .integer(let value):
            writeDecimal(value, into: &buffer)
            return true
        case .compressed(let bytes, let count):
            var isComplete = false
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { output in
                isComplete = LZF.decompress(bytes, into: UnsafeMutableRawBufferPointer(rebasing: output[..<count]))
                return isComplete ? count : 0
            }
            return isComplete
        }
    }

    /// The signed number in the lowest `byteCount` (1, 2 or 4) bytes.
    static func integer(_ low: UInt64, byteCount: Int) -> Int64 {
        switch byteCount {
        case 1: Int64(Int8(truncatingIfNeeded: low))
        case 2: Int64(Int16(truncatingIfNeeded: low))
        default: Int64(Int32(truncatingIfNeeded: low))
        }
    }

    /// Appends a number as decimal text.
    static func writeDecimal(_ value: Int64, into buffer: inout ByteBuffer) {
        let count = decimalDigitCount(value)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { output in
            var rest = value.magnitude
            var index = count
            repeat {
                index -= 1
                output[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            if value < 0 { output[0] = UInt8(ascii: "-") }
            return count
        }
    }

    /// Characters of a number's decimal text, its sign included.
    static func decimalDigitCount(_ value: Int64) -> Int {
        var rest = value.magnitude
        var count = value < 0 ? 2 : 1
        while rest >= 10 {
            rest /= 10
            count += 1
        }
        return count
    }
}
