import ArchiveFormat
import ByteCoding
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel

/// Entries as records of an external sort, ordered by database and key.
///
/// | what | bytes |
/// |---|---|
/// | record's and key's bytes (see ``ExternalSortLayout``) | 8 |
/// | database: below 255 one byte, else 255 and four, big-endian | 1 or 5 |
/// | the key; of a longer one its first bytes, and a digest of all | at most 16 KiB |
/// | flags, and what they tell of: see `Flags` | the rest |
enum ComparisonRecord {
    /// Bytes of a key that stand in the record; a longer one lies in a file of its own.
    static let inlineKeyLimit = 16 << 10
    static let digestByteCount = 16
    /// Head, database, key, and the most that follows.
    static let largestByteCount = inlineKeyLimit + 512

    struct Flags: OptionSet {
        let rawValue: UInt8

        /// Eight bytes of deadline.
        static let deadline = Self(rawValue: 1)
        /// Eight bytes: when the last field ends.
        static let fieldEnd = Self(rawValue: 2)
        /// Kind, and 16 bytes of content.
        static let value = Self(rawValue: 4)
        /// Earliest, weight, weighted sum: eight bytes each.
        static let fieldDeadlines = Self(rawValue: 8)
        /// Eight bytes.
        static let streamCounters = Self(rawValue: 16)
        /// Part, block, ordinal: four bytes each.
        static let place = Self(rawValue: 32)
        /// Offset in the file of long keys, and bytes: eight bytes each.
        static let longKey = Self(rawValue: 64)
        /// Client flags, and the CAS behind a byte that tells whether it is known: 17 bytes.
        static let item = Self(rawValue: 128)
    }

    /// Where a long key lies.
    struct LongKey {
        var offset: UInt64
        var byteCount: UInt64
    }

    /// Appends the record of an entry; `longKey` is where its key lies if that is longer than `inlineKeyLimit`.
    static func write(
        _ entry: ComparisonEntry,
        longKey: LongKey? = nil,
        secret: SipHasher.Secret,
        into buffer: inout ByteBuffer
    ) {
        let start = buffer.writerIndex
        buffer.writeRepeatingByte(0, count: ExternalSortLayout.variableHeadByteCount)
        if entry.database < 255 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: entry.database))
        } else {
            buffer.writeInteger(UInt8(255))
            buffer.writeInteger(entry.database)
        }
        if longKey != nil {
            buffer.writeImmutableBuffer(
                entry.key.getSlice(at: entry.key.readerIndex, length: inlineKeyLimit) ?? entry.key
            )
            var hasher = SipHasher(secret)
            entry.key.withUnsafeReadableBytes { hasher.append($0) }
            let digest = hasher.finish()
            buffer.writeMultipleIntegers(digest.first, digest.second)
        } else {
            buffer.writeImmutableBuffer(entry.key)
        }
        let keyEnd = buffer.writerIndex
        writeRest(entry, longKey, into: &buffer)
        let head = start + ExternalSortLayout.variableHeadByteCount
        buffer.setInteger(UInt32(buffer.writerIndex - start), at: start, endianness: .host)
        buffer.setInteger(UInt32(keyEnd - head), at: start + 4, endianness: .host)
    }

    private static func writeRest(_ entry: ComparisonEntry, _ longKey: LongKey?, into buffer: inout ByteBuffer) {
        var flags: Flags = []
        let flagsIndex = buffer.writerIndex
        buffer.writeInteger(flags.rawValue)
        if case .at(let deadline) = entry.expiry {
            flags.insert(.deadline)
            buffer.writeInteger(deadline.rawValue)
        }
        if let end = entry.fieldEnd {
            flags.insert(.fieldEnd)
            buffer.writeInteger(end.rawValue)
        }
        if let value = entry.value {
            flags.insert(.value)
            buffer.writeMultipleIntegers(value.kind.rawValue, value.content.first, value.content.second)
            if let fields = value.fieldDeadlines {
                flags.insert(.fieldDeadlines)
                buffer.writeMultipleIntegers(fields.earliest.rawValue, fields.weight, fields.weightedSum)
            }
            if let counters = value.streamCounters {
                flags.insert(.streamCounters)
                buffer.writeInteger(counters)
            }
        }
        if let place = entry.place {
            flags.insert(.place)
            buffer.writeMultipleIntegers(place.part, place.record.block, place.record.ordinal)
        }
        if let longKey {
            flags.insert(.longKey)
            buffer.writeMultipleIntegers(longKey.offset, longKey.byteCount)
        }
        if let item = entry.item {
            flags.insert(.item)
            buffer.writeMultipleIntegers(item.clientFlags, UInt8(item.cas == nil ? 0 : 1), item.cas ?? 0)
        }
        buffer.setInteger(flags.rawValue, at: flagsIndex)
        // A module's name has nine letters; a type without a name its number.
        buffer.writeString(String(entry.typeName.prefix(255)))
    }

    /// The entry of a record; of a long key only the bytes in front, and where all of it lies.
    static func read(_ record: ByteBuffer) -> (entry: ComparisonEntry, longKey: LongKey?)? {
        var record = record
        guard record.readInteger(endianness: .host, as: UInt32.self) != nil,
            let keyByteCount = record.readInteger(endianness: .host, as: UInt32.self),
            var key = record.readSlice(length: Int(keyByteCount)), let first: UInt8 = key.readInteger(),
            let database = first < 255 ? UInt32(first) : key.readInteger(), let flagBits: UInt8 = record.readInteger()
        else { return nil }
        let flags = Flags(rawValue: flagBits)
        var entry = ComparisonEntry(database: database, key: key)
        if flags.contains(.deadline) { entry.expiry = .at(UnixMilliseconds(record.readInteger() ?? 0)) }
        if flags.contains(.fieldEnd) { entry.fieldEnd = UnixMilliseconds(record.readInteger() ?? 0) }
        if flags.contains(.value) { entry.value = readValue(&record, flags) }
        if flags.contains(.place), let place = record.readMultipleIntegers(as: (UInt32, UInt32, UInt32).self) {
            entry.place = .init(part: place.0, record: RecordPlace(block: place.1, ordinal: place.2))
        }
        var longKey: LongKey?
        if flags.contains(.longKey), let place = record.readMultipleIntegers(as: (UInt64, UInt64).self) {
            longKey = LongKey(offset: place.0, byteCount: place.1)
        }
        if flags.contains(.item), let item = record.readMultipleIntegers(as: (UInt64, UInt8, UInt64).self) {
            entry.item = ItemTraits(clientFlags: item.0, cas: item.1 == 0 ? nil : item.2)
        }
        entry.typeName = record.readString(length: record.readableBytes) ?? ""
        return (entry, longKey)
    }

    private static func readValue(_ record: inout ByteBuffer, _ flags: Flags) -> ValueFingerprint? {
        guard let value = record.readMultipleIntegers(as: (UInt8, UInt64, UInt64).self),
            let kind = ValueFingerprint.Kind(rawValue: value.0)
        else { return nil }
        var fingerprint = ValueFingerprint(kind: kind, content: Digest128(first: value.1, second: value.2))
        if flags.contains(.fieldDeadlines), let fields = record.readMultipleIntegers(as: (Int64, UInt64, UInt64).self) {
            fingerprint.fieldDeadlines = FieldDeadlineFingerprint(
                earliest: UnixMilliseconds(fields.0),
                weight: fields.1,
                weightedSum: fields.2
            )
        }
        if flags.contains(.streamCounters) { fingerprint.streamCounters = record.readInteger() }
        return fingerprint
    }
}
