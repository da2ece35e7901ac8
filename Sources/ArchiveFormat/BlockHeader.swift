package import NIOCore

/// What a block holds.
package enum BlockKind: UInt8, Hashable, Sendable, CaseIterable {
    case records = 0
    case filters = 1
    case chains = 2
    case superseded = 3
    case closing = 4
    case index = 5

    package var name: String {
        switch self {
        case .records: "records"
        case .filters: "filters"
        case .chains: "chains"
        case .superseded: "superseded"
        case .closing: "closing"
        case .index: "index"
        }
    }
}

/// Properties of a block; a reader refuses bits that it does not know.
package struct BlockFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The stored bytes are sealed.
    ///
    /// Reserved; needs `RequiredFeatures.sealedBlocks`.
    package static let sealed = Self(rawValue: 1 << 0)
    /// The first record is a further chunk of a value that began in an earlier block.
    package static let continued = Self(rawValue: 1 << 1)
    /// The last record's value goes on in the next block of records.
    package static let continues = Self(rawValue: 1 << 2)

    package static let known: Self = [.continued, .continues]
}

/// The 64 bytes before each block's stored bytes.
///
/// Integers are little-endian.
package struct BlockHeader: Hashable, Sendable {
    /// Offsets in bytes from the start of the block; the same names stand in the format article.
    package enum Layout {
        package static let magic = 0
        package static let archiveTag = 8
        package static let number = 16
        package static let kind = 20
        package static let codec = 21
        package static let tier = 22
        package static let flags = 23
        package static let storedByteCount = 24
        package static let rawByteCount = 28
        package static let bodyByteCount = 32
        package static let headByteCount = 36
        package static let recordCount = 40
        package static let storedChecksum = 44
        package static let firstRecord = 48
        package static let reserved = 56
        package static let headerChecksum = 60
        package static let byteCount = 64
    }

    /// 0x89 'R' 'W' 'B' 'L' 'K' CR LF.
    package static let magic: [UInt8] = [0x89, 0x52, 0x57, 0x42, 0x4C, 0x4B, 0x0D, 0x0A]

    /// The archive's tag: a block of another archive is told by it.
    package var archiveTag: UInt64
    /// Counted from 0 among the blocks of the kind.
    package var number: UInt32
    package var kind: BlockKind
    package var codec: CodecIdentifier
    /// The temperature tier, 0 the hottest; 0 where tiers are not used.
    package var tier: UInt8
    package var flags: BlockFlags
    /// Bytes after this header.
    package var storedByteCount: Int
    /// Bytes after decompression.
    package var rawByteCount: Int
    /// Of the raw bytes: the first area, payload bodies.
    ///
    /// All of them in a block without records.
    package var bodyByteCount: Int
    /// Of the raw bytes: the second area, record heads.
    ///
    /// The rest are the deadlines.
    package var headByteCount: Int
    /// Records that begin in the block: further chunks are not counted.
    package var recordCount: Int
    /// CRC-32 of the stored bytes.
    package var storedChecksum: UInt32
    /// How many records begin in earlier blocks of the archive.
    package var firstRecord: UInt64

    package init(
        archiveTag: UInt64,
        number: UInt32,
        kind: BlockKind,
        codec: CodecIdentifier,
        tier: UInt8 = 0,
        flags: BlockFlags = [],
        storedByteCount: Int,
        rawByteCount: Int,
        bodyByteCount: Int,
        headByteCount: Int = 0,
        recordCount: Int = 0,
        storedChecksum: UInt32,
        firstRecord: UInt64
    ) {
        self.archiveTag = archiveTag
        self.number = number
        self.kind = kind
        self.codec = codec
        self.tier = tier
        self.flags = flags
        self.storedByteCount = storedByteCount
        self.rawByteCount = rawByteCount
        self.bodyByteCount = bodyByteCount
        self.headByteCount = headByteCount
        self.recordCount = recordCount
        self.storedChecksum = storedChecksum
        self.firstRecord = firstRecord
    }

    /// Bytes of header and stored bytes together.
    package var blockByteCount: Int { Layout.byteCount + storedByteCount }

    package func location(at offset: UInt64) -> BlockLocation {
        BlockLocation(kind: kind, number: number, offset: offset)
    }

    /// The header's 64 bytes, its checksum computed.
    package func encoded() -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(Layout.byteCount)
        bytes.writeBytes(Self.magic)
        bytes.writeInteger(archiveTag, endianness: .little)
        bytes.writeInteger(number, endianness: .little)
        bytes.writeInteger(kind.rawValue)
        bytes.writeInteger(codec.rawValue)
        bytes.writeInteger(tier)
        bytes.writeInteger(flags.rawValue)
        bytes.writeInteger(UInt32(storedByteCount), endianness: .little)
        bytes.writeInteger(UInt32(rawByteCount), endianness: .little)
        bytes.writeInteger(UInt32(bodyByteCount), endianness: .little)
        bytes.writeInteger(UInt32(headByteCount), endianness: .little)
        bytes.writeInteger(UInt32(recordCount), endianness: .little)
        bytes.writeInteger(storedChecksum, endianness: .little)
        bytes.writeInteger(firstRecord, endianness: .little)
        bytes.writeInteger(UInt32(0), endianness: .little)
        bytes.writeInteger(CRC32.checksum(bytes), endianness: .little)
        return bytes
    }
}
