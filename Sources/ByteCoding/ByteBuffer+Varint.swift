package import NIOCore

extension ByteBuffer {
    /// Appends an unsigned LEB128 number: seven bits a byte, the lowest first; one to ten bytes.
    /// - Returns: the number of bytes written.
    @discardableResult
    package mutating func writeVarint(_ value: UInt64) -> Int {
        var rest = value
        var count = 1
        while rest >= 0x80 {
            writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
            count += 1
        }
        writeInteger(UInt8(rest))
        return count
    }

    /// Appends an integer of its own width, little-endian.
    @discardableResult
    package mutating func writeLittleEndian(_ value: some FixedWidthInteger) -> Int {
        writeInteger(value, endianness: .little)
    }

    /// Reads an unsigned LEB128 number; nil, and nothing read, if it is cut off or does not fit 64 bits.
    package mutating func readVarint() -> UInt64? {
        let result: (value: UInt64, count: Int)? = withUnsafeReadableBytes { bytes in
            var cursor = ByteCursor(bytes)
            return cursor.readVarint().map { ($0, cursor.position) }
        }
        guard let result else { return nil }
        moveReaderIndex(forwardBy: result.count)
        return result.value
    }
}
