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
        guard let (width, count) = bytes.readMultipleIntegers(endianness: .little, as: (UInt32, UInt32).self),
            [2, 4, 8].contains(width), bytes.readableBytes == Int(width) * Int(count)
        else { throw .malformed(.intset, offset: UInt64(bytes.readerIndex)) }
        return (0..<Int(count)).compactMap { _ in
            switch width {
            case 2: bytes.readInteger(endianness: .little, as: Int16.self).map { .decimal(Int64($0)) }
            case 4: bytes.readInteger(endianness: .little, as: Int32.self).map { .decimal(Int64($0)) }
            default: bytes.readInteger(endianness: .little, as: Int64.self).map { .decimal($0) }
            }
        }
    }
}
