import NIOCore

/// Reads an intset: integers of 2, 4 or 8 bytes, ascending (redis:src/intset.c).
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 4 | bytes per integer, little-endian |
/// | 4 | 4 | integers, little-endian |
/// | 8 | … | the integers, little-endian |
enum Intset {
    /// The members as decimal text.
    static func members(of blob: ByteBuffer) throws(RDBError) -> [ByteBuffer] {
        var bytes = blob
        let (width, count) = try header(&bytes)
        guard bytes.readableBytes == width * count else { throw damaged(bytes) }
        var members: [ByteBuffer] = []
        for _ in 0..<count { members.append(try member(&bytes, width: width)) }
        return members
    }

    /// Bytes per integer, and integers.
    static func header(_ bytes: inout ByteBuffer) throws(RDBError) -> (width: Int, count: Int) {
        guard let (width, count) = bytes.readMultipleIntegers(endianness: .little, as: (UInt32, UInt32).self),
            [2, 4, 8].contains(width)
        else { throw damaged(bytes) }
        return (Int(width), Int(count))
    }

    static func member(_ bytes: inout ByteBuffer, width: Int) throws(RDBError) -> ByteBuffer {
        let member: Int64? =
            switch width {
            case 2: bytes.readInteger(endianness: .little, as: Int16.self).map(Int64.init)
            case 4: bytes.readInteger(endianness: .little, as: Int32.self).map(Int64.init)
            default: bytes.readInteger(endianness: .little, as: Int64.self)
            }
        guard let member else { throw damaged(bytes) }
        return .decimal(member)
    }

    private static func damaged(_ bytes: ByteBuffer) -> RDBError {
        .malformed(.intset, offset: UInt64(bytes.readerIndex))
    }
}
