/// A bounds-checked reader over bytes that somebody else owns and keeps alive: no read goes past the end.
///
/// Every `read…` returns nil and leaves the position as it was if the bytes that are left do not suffice. It is public, as
/// only what is public gets inlined in other modules: `package` does not, `@inlinable` or not (Swift 6.3).
public struct ByteCursor {
    @usableFromInline let bytes: UnsafeRawBufferPointer
    /// Bytes read so far.
    public var position: Int

    /// `bytes` must stay valid for as long as the cursor is used.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        position = 0
    }

    /// Bytes that are left to read.
    @inlinable
    public var remainingByteCount: Int { bytes.count - position }
    /// Whether nothing is left.
    @inlinable
    public var isAtEnd: Bool { position == bytes.count }

    /// What is left to read.
    @inlinable
    public var remaining: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[position...]) }

    /// The next byte.
    @inlinable
    public mutating func readByte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    /// An integer of the type's width, little-endian.
    @inlinable
    public mutating func readLittleEndian<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
        let width = MemoryLayout<T>.size
        guard remainingByteCount >= width else { return nil }
        defer { position += width }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    /// An integer of the type's width, big-endian.
    @inlinable
    public mutating func readBigEndian<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
        let width = MemoryLayout<T>.size
        guard remainingByteCount >= width else { return nil }
        defer { position += width }
        return T(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    /// An unsigned LEB128 number of at most ten bytes; nil also for one that does not fit 64 bits.
    @inlinable
    public mutating func readVarint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var index = position
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                position = index
                return value
            }
            shift += 7
            if shift > 63 { return nil }
        }
        return nil
    }

    /// The next `count` bytes, in place.
    @inlinable
    public mutating func readBytes(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, remainingByteCount >= count else { return nil }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// Passes over `count` bytes; false, and nothing passed, if there are fewer.
    @inlinable
    public mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, remainingByteCount >= count else { return false }
        position += count
        return true
    }
}
