/// How a record's head is coded in a block.
///
/// The names stand in the format article.
///
/// ```
/// flags, type: one byte each
/// database, keyByteCount: varints, then the key
/// access: nothing, the idle seconds (varint) or the frequency (one byte)
/// chunkNumber, chunkOffset: varints, only for a chunk of a value
/// bodyByteCount: varint, of this chunk
/// ```
enum RecordCoding {
    /// Bits 0 and 1: the record's kind.
    static let kindMask: UInt8 = 0b0000_0011
    /// Bit 2: the next one of the block's deadlines is this record's.
    static let hasDeadline: UInt8 = 0b0000_0100
    /// Bits 3 and 4: the access data, 0 none, 1 idle seconds, 2 frequency.
    static let accessMask: UInt8 = 0b0001_1000
    static let accessIdle: UInt8 = 0b0000_1000
    static let accessFrequency: UInt8 = 0b0001_0000
    /// Bit 5: a further chunk of a value that began in an earlier block; it has no key, deadline or access data.
    static let isContinued: UInt8 = 0b0010_0000
    /// Bit 6: the value goes on in the next block of records.
    static let continues: UInt8 = 0b0100_0000
    /// Bit 7 is reserved and zero.
    static let reservedMask: UInt8 = 0b1000_0000

    /// Flags, type, and one byte each for database, key length and body length.
    static let minimumHeadByteCount = 5
    /// A deadline: signed 64-bit Unix milliseconds; its bytes lie in as many planes, the lowest byte's first.
    static let deadlineByteCount = 8
    /// The most bytes of a head without its key and without chunk fields and body length.
    static let maximumHeadFieldByteCount = 2 + 5 + 5 + 10
    /// The most bytes of a varint of 64 bits.
    static let maximumVarintByteCount = 10
}
