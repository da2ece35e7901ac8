/// What the body of a plain string (RDB type 0) holds, told without copying it.
///
/// Layout: RDB length encoding (6, 14, 32 or 64 bits, big-endian) and the bytes, or 0xC0, 0xC1, 0xC2 and an integer of
/// 1, 2, 4 bytes, little-endian, that stands for its decimal text (redis:src/rdb.c, rdbLoadStringObject).
enum StringBody {
    case bytes(UnsafeRawBufferPointer)
    case integer(Int64)

    /// nil for anything else: LZF (which capture unwraps), or bytes that contradict their length.
    @inline(__always)
    init?(_ body: UnsafeRawBufferPointer) {
        guard let first = body.first else { return nil }
        let headByteCount: Int
        let byteCount: UInt64
        switch first {
        case 0x00...0x3F: (headByteCount, byteCount) = (1, UInt64(first))
        case 0x40...0x7F where body.count >= 2:
            (headByteCount, byteCount) = (2, UInt64(first & 0x3F) << 8 | UInt64(body[1]))
        case 0x80 where body.count >= 5:
            let length = body.loadUnaligned(fromByteOffset: 1, as: UInt32.self)
            (headByteCount, byteCount) = (5, UInt64(UInt32(bigEndian: length)))
        case 0x81 where body.count >= 9:
            (headByteCount, byteCount) = (9, UInt64(bigEndian: body.loadUnaligned(fromByteOffset: 1, as: UInt64.self)))
        case 0xC0 where body.count == 2:
            self = .integer(Int64(Int8(bitPattern: body[1])))
            return
        case 0xC1 where body.count == 3:
            self = .integer(Int64(Int16(littleEndian: body.loadUnaligned(fromByteOffset: 1, as: Int16.self))))
            return
        case 0xC2 where body.count == 5:
            self = .integer(Int64(Int32(littleEndian: body.loadUnaligned(fromByteOffset: 1, as: Int32.self))))
            return
        default: return nil
        }
        guard byteCount == UInt64(body.count - headByteCount) else { return nil }
        self = .bytes(UnsafeRawBufferPointer(rebasing: body[headByteCount...]))
    }
}
