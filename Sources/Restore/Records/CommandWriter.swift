#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// Writes the parts of commands to memory in which the caller has made room.
///
/// Not bounds-checked in release builds: `RecordEncoder.room` says how much a command can take.
struct CommandWriter {
    private let base: UnsafeMutableRawPointer
    private(set) var byteCount = 0

    init(_ base: UnsafeMutableRawPointer) {
        self.base = base
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        memcpy(base + byteCount, source, bytes.count)
        byteCount += bytes.count
    }

    @inline(__always)
    mutating func writeByte(_ byte: UInt8) {
        base.storeBytes(of: byte, toByteOffset: byteCount, as: UInt8.self)
        byteCount += 1
    }

    /// Little-endian.
    @inline(__always)
    mutating func writeInteger(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { write($0) }
    }

    @inline(__always)
    mutating func writeLineEnd() {
        base.storeBytes(of: (0x0A0D as UInt16).littleEndian, toByteOffset: byteCount, as: UInt16.self)
        byteCount += 2
    }

    /// `$<byteCount>` and the line's end.
    @inline(__always)
    mutating func writeBulkHeader(_ bulkByteCount: Int) {
        writeByte(UInt8(ascii: "$"))
        writeDecimal(UInt64(bulkByteCount))
        writeLineEnd()
    }

    @inline(__always)
    mutating func writeBulk(_ bytes: UnsafeRawBufferPointer) {
        writeBulkHeader(bytes.count)
        write(bytes)
        writeLineEnd()
    }

    /// The number in decimal as a bulk string.
    mutating func writeBulkDecimal(_ value: Int64) {
        let sign = value < 0 ? 1 : 0
        writeBulkHeader(Self.digitCount(value.magnitude) + sign)
        if sign == 1 { writeByte(UInt8(ascii: "-")) }
        writeDecimal(value.magnitude)
        writeLineEnd()
    }

    @inline(__always)
    mutating func writeDecimal(_ value: UInt64) {
        let digitCount = Self.digitCount(value)
        var rest = value
        var position = byteCount + digitCount
        repeat {
            position -= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            base.storeBytes(of: UInt8(truncatingIfNeeded: digit) &+ 0x30, toByteOffset: position, as: UInt8.self)
            rest = quotient
        } while rest > 0
        byteCount += digitCount
    }

    /// What was written from `start` on.
    func bytes(from start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + start, count: byteCount - start)
    }

    @inline(__always)
    private static func digitCount(_ value: UInt64) -> Int {
        var count = 1
        var bound: UInt64 = 10
        while value >= bound {
            count += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = next
        }
        return count
    }
}
