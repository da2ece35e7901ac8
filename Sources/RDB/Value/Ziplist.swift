import NIOCore

/// Reads the elements of a ziplist: the compact list before Redis 7.0 (redis:src/ziplist.c, header comment).
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 4 | total bytes, little-endian |
/// | 4 | 4 | offset of the last element, little-endian |
/// | 8 | 2 | elements, little-endian; 65535 if there are more |
/// | 10 | … | elements: length of the one before (1 byte, or 0xFE and 4), encoding, data |
/// | last | 1 | 0xFF |
struct Ziplist: PackedList {
    private var bytes: ByteBuffer

    var rest: ByteBuffer { bytes }

    init(_ bytes: ByteBuffer) throws(RDBError) {
        guard bytes.readableBytes >= 11 else { throw .malformed(.ziplist, offset: UInt64(bytes.readerIndex)) }
        self.bytes = bytes
        self.bytes.moveReaderIndex(forwardBy: 10)
    }

    init(rest: ByteBuffer) {
        bytes = rest
    }

    mutating func next() throws(RDBError) -> ByteBuffer? {
        guard let previousLength: UInt8 = bytes.readInteger() else { throw damaged }
        if previousLength == 0xFF { return nil }
        if previousLength == 0xFE { _ = try integer(UInt32.self) }
        return try element()
    }

    private mutating func element() throws(RDBError) -> ByteBuffer {
        let first = try integer(UInt8.self)
        switch first {
        case 0x00...0x3F: return try text(Int(first))
        case 0x40...0x7F: return try text(Int(first & 0x3F) << 8 | Int(try integer(UInt8.self)))
        case 0x80: return try text(Int(try integer(UInt32.self).byteSwapped))
        case 0xC0: return .decimal(Int64(try integer(Int16.self)))
        case 0xD0: return .decimal(Int64(try integer(Int32.self)))
        case 0xE0: return .decimal(try integer(Int64.self))
        case 0xF0:
            let low = Int64(try integer(UInt16.self))
            return .decimal(Int64(try integer(Int8.self)) << 16 | low)
        case 0xFE: return .decimal(Int64(try integer(Int8.self)))
        case 0xF1...0xFD: return .decimal(Int64(first & 0x0F) - 1)
        default: throw damaged
        }
    }

    private mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type) throws(RDBError) -> Integer {
        guard let number = bytes.readInteger(endianness: .little, as: Integer.self) else { throw damaged }
        return number
    }

    private mutating func text(_ byteCount: Int) throws(RDBError) -> ByteBuffer {
        guard let text = bytes.readSlice(length: byteCount) else { throw damaged }
        return text
    }

    private var damaged: RDBError { .malformed(.ziplist, offset: UInt64(bytes.readerIndex)) }
}
