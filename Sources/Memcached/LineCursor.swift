/// Reads words and numbers from one line of the text protocol, without taking memory.
///
/// The bytes belong to somebody else, who keeps them alive.
struct LineCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    /// The byte at the position; nil at the end.
    var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func advance(by count: Int = 1) {
        position = min(position + count, bytes.count)
    }

    mutating func skipSpaces() {
        while position < bytes.count, bytes[position] == 0x20 { position += 1 }
    }

    /// Passes over `prefix` if it is what comes next.
    mutating func skip(_ prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        for index in 0..<count where bytes[position + index] != prefix.utf8Start[index] { return false }
        position += count
        return true
    }

    /// The offsets of what comes before the next space or the end.
    mutating func word() -> Range<Int> {
        let start = position
        while position < bytes.count, bytes[position] != 0x20 { position += 1 }
        return start..<position
    }

    /// A decimal number of 64 bits; nil, and somewhere within it, if it is none.
    mutating func number() -> UInt64? {
        let start = position
        var value: UInt64 = 0
        while position < bytes.count {
            let digit = bytes[position] &- 0x30
            guard digit < 10 else { break }
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            value = sum
            position += 1
        }
        return position > start ? value : nil
    }

    /// A decimal number with a sign or none.
    mutating func signedNumber() -> Int64? {
        guard byte == 0x2D else { return number().flatMap { Int64(exactly: $0) } }
        advance()
        return number().flatMap { Int64(exactly: $0) }.map { -$0 }
    }
}
