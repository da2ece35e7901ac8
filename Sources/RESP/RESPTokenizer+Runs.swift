package import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

// Sequences that come for every key of a pipeline, taken in one look at the bytes. What is not all there, or is anything
// else, is left for `next`, token by token.

extension RESPTokenizer {
    /// Passes over lines that are all `line`, its end included, at most `limit` of them; returns how many.
    package mutating func skipLines(_ line: StaticString, atMost limit: Int, _ input: inout ByteBuffer) -> Int {
        guard !isInsideString else { return 0 }
        let byteCount = line.utf8CodeUnitCount
        let count = input.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress else { return 0 }
            let available = min(limit, bytes.count / byteCount)
            var count = 0
            while count < available, memcmp(base + count * byteCount, line.utf8Start, byteCount) == 0 { count += 1 }
            return count
        }
        passed(count * byteCount, of: &input)
        return count
    }

    /// Takes an integer and the string behind it; nil, and nothing taken, unless both are there whole.
    ///
    /// The string is a slice of `input`; one above the limit for whole strings is not taken.
    package mutating func integerAndString(_ input: inout ByteBuffer) -> (integer: Int64, string: ByteBuffer)? {
        guard !isInsideString else { return nil }
        let found = input.withUnsafeReadableBytes { bytes -> (integer: Int64, start: Int, byteCount: Int)? in
            var lines = NumberLines(bytes)
            guard let integer = lines.next(marker: 0x3A), let length = lines.next(marker: 0x24),
                length >= 0, length <= Int64(wholeStringLimit)
            else { return nil }
            let end = lines.position + Int(length)
            guard end + 2 <= bytes.count, bytes[end] == 0x0D, bytes[end + 1] == 0x0A else { return nil }
            return (integer, lines.position, Int(length))
        }
        guard let found, let string = input.getSlice(at: input.readerIndex + found.start, length: found.byteCount)
        else { return nil }
        passed(found.start + found.byteCount + 2, of: &input)
        return (found.integer, string)
    }
}

/// Reads lines of a marker and a decimal number.
private struct NumberLines {
    /// More digits than these might not fit; no length and no time has them.
    private static let digitLimit = 18

    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// nil for any other line, and for one that is not whole.
    mutating func next(marker: UInt8) -> Int64? {
        var index = position
        guard index < bytes.count, bytes[index] == marker else { return nil }
        index += 1
        let isNegative = index < bytes.count && bytes[index] == 0x2D
        if isNegative { index += 1 }
        let start = index
        var magnitude: Int64 = 0
        while index < bytes.count, index - start <= Self.digitLimit {
            let digit = bytes[index] &- 0x30
            guard digit <= 9 else { break }
            magnitude = magnitude &* 10 &+ Int64(digit)
            index += 1
        }
        guard index > start, index - start <= Self.digitLimit, index + 1 < bytes.count,
            bytes[index] == 0x0D, bytes[index + 1] == 0x0A
        else { return nil }
        position = index + 2
        return isNegative ? -magnitude : magnitude
    }
}
