import NIOCore

/// Reads a zipmap: the compact hash of RDB files before version 4, which later servers still load (redis:src/zipmap.c).
///
/// One byte of count, then per field: length, field, length, one byte of free space, value, free space; 0xFF ends.
/// A length is one byte below 254, or 254 and four bytes, little-endian.
enum Zipmap {
    static func fields(of blob: ByteBuffer) throws(RDBError) -> [RDBValue.HashField] {
        var bytes = blob
        var fields: [RDBValue.HashField] = []
        try readCount(&bytes)
        while let field = try field(&bytes) { fields.append(field) }
        return fields
    }

    /// The byte in front, which says nothing above 253.
    static func readCount(_ bytes: inout ByteBuffer) throws(RDBError) {
        guard bytes.readInteger(as: UInt8.self) != nil else { throw damaged(bytes) }
    }

    /// The next field, or nil at the end mark.
    static func field(_ bytes: inout ByteBuffer) throws(RDBError) -> RDBValue.HashField? {
        guard let nameLength = try length(&bytes) else { return nil }
        guard let name = bytes.readSlice(length: nameLength), let valueLength = try length(&bytes),
            let free: UInt8 = bytes.readInteger(), let value = bytes.readSlice(length: valueLength),
            bytes.readSlice(length: Int(free)) != nil
        else { throw damaged(bytes) }
        return RDBValue.HashField(field: name, value: value)
    }

    /// A length, or nil at the end mark.
    private static func length(_ bytes: inout ByteBuffer) throws(RDBError) -> Int? {
        guard let first: UInt8 = bytes.readInteger() else { throw damaged(bytes) }
        if first == 0xFF { return nil }
        if first < 254 { return Int(first) }
        guard let long = bytes.readInteger(endianness: .little, as: UInt32.self) else { throw damaged(bytes) }
        return Int(long)
    }

    private static func damaged(_ bytes: ByteBuffer) -> RDBError {
        .malformed(.zipmap, offset: UInt64(bytes.readerIndex))
    }
}
