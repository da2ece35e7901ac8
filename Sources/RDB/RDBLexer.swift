/// A small item of a stream with its raw bytes: a length, or a number of fixed width.
struct RDBToken {
    /// The first eight bytes, the first one lowest.
    var low: UInt64
    var ninth: UInt8
    /// How many bytes it takes; 0 for a length of unknown encoding.
    var byteCount: Int

    /// A length, not the number of a string encoding.
    @inline(__always)
    var isLength: Bool { low & 0xC0 != 0xC0 && byteCount > 0 }

    /// The length, or the number of the string encoding.
    @inline(__always)
    var value: UInt64 {
        let first = low & 0xFF
        switch first >> 6 {
        case 0, 3: return first & 0x3F
        case 1: return (first & 0x3F) << 8 | low >> 8 & 0xFF
        default:
            if first == 0x80 { return UInt64(UInt32(truncatingIfNeeded: low >> 8).byteSwapped) }
            return (low >> 8 | UInt64(ninth) << 56).byteSwapped
        }
    }
}

/// Reads items of up to nine bytes that may be split anywhere; keeps the first part meanwhile.
struct RDBLexer: Sendable {
    private var low: UInt64 = 0
    private var ninth: UInt8 = 0
    private var heldByteCount = 0

    init() {}

    /// A length, or nil if the input ended first (all of it is used then).
    @inline(__always)
    mutating func length(_ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> RDBToken? {
        if heldByteCount == 0, end - next >= RDBLength.maximumByteCount {
            let low = UInt64(littleEndian: next.loadUnaligned(as: UInt64.self))
            let count = RDBLength.byteCount(firstByte: UInt8(truncatingIfNeeded: low)) ?? 0
            let token = RDBToken(low: low, ninth: next.load(fromByteOffset: 8, as: UInt8.self), byteCount: count)
            next += count
            return token
        }
        return splitLength(&next, end)
    }

    /// A number of `count` bytes (1 to 9) in the token's `low` and `ninth`, or nil if the input ended first.
    mutating func fixed(_ count: Int, _ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> RDBToken? {
        while heldByteCount < count {
            guard hold(&next, end) else { return nil }
        }
        return release()
    }

    private mutating func splitLength(_ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> RDBToken? {
        if heldByteCount == 0, !hold(&next, end) { return nil }
        guard let count = RDBLength.byteCount(firstByte: UInt8(truncatingIfNeeded: low)) else {
            return RDBToken(low: low, ninth: 0, byteCount: 0)
        }
        return fixed(count, &next, end)
    }

    private mutating func hold(_ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> Bool {
        guard next < end else { return false }
        let byte = next.load(as: UInt8.self)
        next += 1
        if heldByteCount < 8 {
            low |= UInt64(byte) << UInt64(8 * heldByteCount)
        } else {
            ninth = byte
        }
        heldByteCount += 1
        return true
    }

    private mutating func release() -> RDBToken {
        defer {
            low = 0
            ninth = 0
            heldByteCount = 0
        }
        return RDBToken(low: low, ninth: ninth, byteCount: heldByteCount)
    }
}
