package import NIOCore

/// The length encoding of RDB: 1, 2, 5 or 9 bytes.
///
/// ```
/// 00nnnnnn                    6 bits
/// 01nnnnnn nnnnnnnn           14 bits, big-endian
/// 10000000 + 4 bytes          32 bits, big-endian
/// 10000001 + 8 bytes          64 bits, big-endian
/// 11eeeeee                    not a length: string encoding e (0 int8, 1 int16, 2 int32, 3 LZF)
/// ```
/// Source: redis/redis `src/rdb.h`, `rdbLoadLenByRef` in `src/rdb.c` (4f8cdc2a).
package enum RDBLength {
    package static let maximumByteCount = 9

    /// Bytes that a length takes, told from its first byte; nil for an encoding that does not exist.
    @inline(__always)
    static func byteCount(firstByte: UInt8) -> Int? {
        switch firstByte >> 6 {
        case 0, 3: 1
        case 1: 2
        default: firstByte == 0x80 ? 5 : firstByte == 0x81 ? 9 : nil
        }
    }

    /// The value of a complete length; of a string encoding its number.
    @inline(__always)
    static func value(_ bytes: UnsafeRawPointer) -> UInt64 {
        let first = bytes.load(as: UInt8.self)
        switch first >> 6 {
        case 0, 3: return UInt64(first & 0x3F)
        case 1: return UInt64(first & 0x3F) << 8 | UInt64(bytes.load(fromByteOffset: 1, as: UInt8.self))
        default:
            if first == 0x80 {
                return UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
            }
            return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
        }
    }

    /// Appends the shortest encoding, as the servers write it.
    @discardableResult
    package static func write(_ length: UInt64, into buffer: inout ByteBuffer) -> Int {
        if length < 1 << 6 { return buffer.writeInteger(UInt8(length)) }
        if length < 1 << 14 { return buffer.writeInteger(UInt16(length) | 0x4000) }
        if length <= UInt64(UInt32.max) {
            return buffer.writeInteger(UInt8(0x80)) + buffer.writeInteger(UInt32(length))
        }
        return buffer.writeInteger(UInt8(0x81)) + buffer.writeInteger(length)
    }

    /// Bytes of the shortest encoding.
    package static func encodedByteCount(_ length: UInt64) -> Int {
        length < 1 << 6 ? 1 : length < 1 << 14 ? 2 : length <= UInt64(UInt32.max) ? 5 : 9
    }

    /// Writes the shortest encoding to memory with room for nine bytes; returns how many it took.
    @inline(__always)
    static func store(_ length: UInt64, to bytes: UnsafeMutableRawPointer) -> Int {
        if length < 1 << 6 {
            bytes.storeBytes(of: UInt8(length), as: UInt8.self)
            return 1
        }
        if length < 1 << 14 {
            bytes.storeBytes(of: (UInt16(length) | 0x4000).bigEndian, as: UInt16.self)
            return 2
        }
        if length <= UInt64(UInt32.max) {
            bytes.storeBytes(of: 0x80, as: UInt8.self)
            bytes.storeBytes(of: UInt32(length).bigEndian, toByteOffset: 1, as: UInt32.self)
            return 5
        }
        bytes.storeBytes(of: 0x81, as: UInt8.self)
        bytes.storeBytes(of: length.bigEndian, toByteOffset: 1, as: UInt64.self)
        return 9
    }
}
