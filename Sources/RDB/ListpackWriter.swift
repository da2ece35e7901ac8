import NIOCore

/// Writes a listpack into a buffer.
struct ListpackWriter {
    private(set) var bytes: ByteBuffer
    private var entryCount = 0

    init(capacity: Int) {
        bytes = ByteBuffer()
        bytes.reserveCapacity(capacity)
        bytes.writeRepeatingByte(0, count: ListpackReader.headerByteCount)
    }

    mutating func append(_ entry: ListpackEntry) {
        let start = bytes.writerIndex
        switch entry {
        case .string(let content): write(content)
        case .integer(let value): write(value)
        }
        writeBackLength(bytes.writerIndex - start)
        entryCount += 1
    }

    /// Adds terminator and header; nil if the listpack is too large for its header.
    mutating func finish() -> ByteBuffer? {
        bytes.writeInteger(ListpackReader.terminator)
        guard let total = UInt32(exactly: bytes.readableBytes) else { return nil }
        bytes.setInteger(total, at: bytes.readerIndex, endianness: .little)
        bytes.setInteger(UInt16(min(entryCount, 0xFFFF)), at: bytes.readerIndex + 4, endianness: .little)
        return bytes
    }

    private mutating func write(_ content: UnsafeRawBufferPointer) {
        switch content.count {
        case 0..<64: bytes.writeInteger(0x80 | UInt8(content.count))
        case 64..<4096: bytes.writeInteger(0xE000 | UInt16(content.count))
        default:
            bytes.writeInteger(UInt8(0xF0))
            bytes.writeInteger(UInt32(clamping: content.count), endianness: .little)
        }
        bytes.writeBytes(content)
    }

    private mutating func write(_ value: Int64) {
        switch value {
        case 0...127: bytes.writeInteger(UInt8(value))
        case -4096...4095: bytes.writeInteger(0xC000 | UInt16(bitPattern: Int16(value)) & 0x1FFF)
        case Int64(Int16.min)...Int64(Int16.max): write(0xF1, value, byteCount: 2)
        case -8_388_608...8_388_607: write(0xF2, value, byteCount: 3)
        case Int64(Int32.min)...Int64(Int32.max): write(0xF3, value, byteCount: 4)
        default: write(0xF4, value, byteCount: 8)
        }
    }

    private mutating func write(_ encoding: UInt8, _ value: Int64, byteCount: Int) {
        bytes.writeInteger(encoding)
        for index in 0..<byteCount {
            bytes.writeInteger(UInt8(truncatingIfNeeded: value >> Int64(8 * index)))
        }
    }

    /// The entry's length in 7-bit groups, the highest first; all but the first have their highest bit set.
    private mutating func writeBackLength(_ count: Int) {
        let groups = ListpackReader.backLengthByteCount(count)
        for group in (0..<groups).reversed() {
            let bits = UInt8(count >> (7 * group) & 0x7F)
            bytes.writeInteger(group == groups - 1 ? bits : bits | 0x80)
        }
    }
}
