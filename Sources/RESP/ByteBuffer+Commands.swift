package import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

// Commands as servers expect them: an array of bulk strings. Nothing here allocates but the buffer's own growth.

extension ByteBuffer {
    /// `*`, a decimal number of up to 20 characters, CR LF.
    private static var lengthLineByteLimit: Int { 24 }

    /// `*<argumentCount>`: this many `writeBulk…` calls must follow.
    package mutating func writeCommandHeader(argumentCount: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: Self.lengthLineByteLimit) { output in
            writeRESPLengthLine(marker: 0x2A, argumentCount, to: output)
        }
    }

    /// `$<byteCount>`: this many bytes and `writeBulkEnd()` must follow.
    package mutating func writeBulkHeader(byteCount: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: Self.lengthLineByteLimit) { output in
            writeRESPLengthLine(marker: 0x24, byteCount, to: output)
        }
    }

    /// The end of a bulk string whose bytes were written by other means.
    package mutating func writeBulkEnd() {
        writeInteger(0x0D0A as UInt16)
    }

    /// A whole bulk string.
    package mutating func writeBulk(_ bytes: UnsafeRawBufferPointer) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: Self.lengthLineByteLimit + bytes.count + 2) { output in
            var index = writeRESPLengthLine(marker: 0x24, bytes.count, to: output)
            if let source = bytes.baseAddress, let target = output.baseAddress {
                memcpy(target + index, source, bytes.count)
            }
            index += bytes.count
            output[index] = 0x0D
            output[index + 1] = 0x0A
            return index + 2
        }
    }

    package mutating func writeBulk(_ span: RawSpan) {
        span.withUnsafeBytes { writeBulk($0) }
    }

    package mutating func writeBulk(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { writeBulk($0) }
    }

    package mutating func writeBulk(_ text: StaticString) {
        writeBulk(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func writeBulk(_ text: String) {
        var text = text
        text.withUTF8 { writeBulk(UnsafeRawBufferPointer($0)) }
    }

    /// The number in decimal, as a bulk string.
    package mutating func writeBulkInteger(_ value: Int64) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            let count = writeRESPDecimal(value, to: digits)
            writeBulk(UnsafeRawBufferPointer(rebasing: digits[..<count]))
        }
    }

    package mutating func writeBulk(_ argument: RESPArgument) {
        switch argument {
        case .text(let text): writeBulk(text)
        case .bytes(let bytes): writeBulk(bytes)
        case .number(let value): writeBulkInteger(value)
        }
    }

    /// A whole command.
    package mutating func writeCommand(_ arguments: [RESPArgument]) {
        writeCommandHeader(argumentCount: arguments.count)
        for argument in arguments { writeBulk(argument) }
    }

    /// A whole command.
    package mutating func writeCommand(_ arguments: RESPArgument...) {
        writeCommand(arguments)
    }
}

/// Writes marker, decimal count and CR LF; returns the bytes written.
///
/// `output` has room for 24.
private func writeRESPLengthLine(marker: UInt8, _ count: Int, to output: UnsafeMutableRawBufferPointer) -> Int {
    output[0] = marker
    let digits = writeRESPDecimal(Int64(count), to: UnsafeMutableRawBufferPointer(rebasing: output[1...]))
    output[1 + digits] = 0x0D
    output[2 + digits] = 0x0A
    return digits + 3
}

/// Writes a decimal number of at most 20 characters; returns how many.
private func writeRESPDecimal(_ value: Int64, to output: UnsafeMutableRawBufferPointer) -> Int {
    var magnitude = value.magnitude
    var digitCount = 1
    var bound: UInt64 = 10
    while magnitude >= bound {
        digitCount += 1
        let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
        if overflow { break }
        bound = next
    }
    let total = digitCount + (value < 0 ? 1 : 0)
    if value < 0 { output[0] = 0x2D }
    var index = total
    repeat {
        index -= 1
        output[index] = UInt8(truncatingIfNeeded: magnitude % 10) &+ 0x30
        magnitude /= 10
    } while magnitude > 0
    return total
}
