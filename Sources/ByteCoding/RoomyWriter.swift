/// Writes at a place where the caller has made room.
///
/// It is public, as only what is public gets inlined in other modules: `package` does not, `@inlinable` or not (Swift 6.3).
public struct RoomyWriter {
    @usableFromInline let base: UnsafeMutableRawPointer
    /// Bytes written so far.
    public var byteCount: Int

    /// There must be room from `base` on for all that is going to be written.
    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) {
        self.base = base
        byteCount = 0
    }

    /// One byte.
    @inlinable @inline(__always)
    public mutating func writeByte(_ byte: UInt8) {
        base.storeBytes(of: byte, toByteOffset: byteCount, as: UInt8.self)
        byteCount += 1
    }

    /// An unsigned LEB128 number, one to ten bytes.
    @inlinable @inline(__always)
    public mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            writeByte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writeByte(UInt8(truncatingIfNeeded: rest))
    }

    /// Bytes as they are.
    @inlinable @inline(__always)
    public mutating func writeBytes(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        (base + byteCount).copyMemory(from: source, byteCount: bytes.count)
        byteCount += bytes.count
    }

    /// An integer of its own width, little-endian.
    @inlinable @inline(__always)
    public mutating func writeLittleEndian<Number: FixedWidthInteger>(_ value: Number) {
        (base + byteCount).storeBytes(of: value.littleEndian, as: Number.self)
        byteCount += MemoryLayout<Number>.size
    }

    /// Text in ASCII.
    @inlinable @inline(__always)
    public mutating func writeText(_ text: StaticString) {
        (base + byteCount).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        byteCount += text.utf8CodeUnitCount
    }
}
