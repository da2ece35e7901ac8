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
enum Ziplist {
    /// All elements in order; integers as decimal text.
    static func elements(of blob: ByteBuffer) throws(RDBError) -> [ByteBuffer] {
        var bytes = blob
        guard bytes.readableBytes >= 11 else { throw damaged(bytes) }
        bytes.moveReaderIndex(forwardBy: 10)
        var elements: [ByteBuffer] = []
        while true {
            guard let previousLength: UInt8 = bytes.readInteger() else { throw damaged(bytes) }
            if previousLength == 0xFF { return elements }
            if previousLength == 0xFE { _ = try integer(&bytes, UInt32.self) }
            elements.append(try element(&bytes))
        }
    }

    private static func element(_ bytes: inout ByteBuffer) throws(RDBError) -> ByteBuffer {
        let first = try integer(&bytes, UInt8.self)
        switch first {
        case 0x00...0x3F: return try text(&bytes, Int(first))
        case 0x40...0x7F: return try text(&bytes, Int(first & 0x3F) << 8 | Int(try integer(&bytes, UInt8.self)))
        case 0x80: return try text(&bytes, Int(try integer(&bytes, UInt32.self).byteSwapped))
        case 0xC0: return .decimal(Int64(try integer(&bytes, Int16.self)))
        case 0xD0: return .decimal(Int64(try integer(&bytes, Int32.self)))
        case 0xE0: return .decimal(try integer(&bytes, Int64.self))
        case 0xF0:
            let low = Int64(try integer(&bytes, UInt16.self))
            return .decimal(Int64(try integer(&bytes, Int8.self)) << 16 | low)
        case 0xFE: return .decimal(Int64(try integer(&bytes, Int8.self)))
        case 0xF1...0xFD: return .decimal(Int64(first & 0x0F) - 1)
        default: throw damaged(bytes)
        }
    }

    private static func integer<Integer: FixedWidthInteger>(
        _ bytes: inout ByteBuffer,
        _: Integer.Type
    ) throws(RDBError) -> Integer {
        guard let number = bytes.readInteger(endianness: .little, as: Integer.self) else { throw damaged(bytes) }
        return number
    }

    private static func text(_ bytes: inout ByteBuffer, _ byteCount: Int) throws(RDBError) -> ByteBuffer {
        guard let text = bytes.readSlice(length: byteCount) else { throw damaged(bytes) }
        return text
    }

    private static func damaged(_ bytes: ByteBuffer) -> RDBError {
        .malformed(.ziplist, offset: UInt64(bytes.readerIndex))
    }
}
