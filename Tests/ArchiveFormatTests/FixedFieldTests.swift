import ArchiveFormat
import NIOCore
import SnapshotModel
import TestSupport
import Testing

@Suite("Headers, index and trailer")
struct FixedFieldTests {
    private static let header = BlockHeader(
        archiveTag: 0x0102_0304_0506_0708,
        number: 0x1112_1314,
        kind: .records,
        codec: .zlib,
        tier: 3,
        flags: [.continued, .continues],
        storedByteCount: 1000,
        rawByteCount: 2000,
        bodyByteCount: 1000,
        headByteCount: 200,
        recordCount: 17,
        storedChecksum: 0x2122_2324,
        firstRecord: 0x3132_3334_3536_3738
    )

    @Test("a block header is read as it was written, and any flipped bit is refused")
    func blockHeader() throws {
        let bytes = Self.header.encoded()
        #expect(bytes.readableBytes == BlockHeader.Layout.byteCount)
        #expect(try BlockHeader.decode(bytes, at: 0) == Self.header)
        for bit in 0..<bytes.readableBytes * 8 {
            #expect(throws: ArchiveError.self, "bit \(bit)") { try BlockHeader.decode(bytes.flipping(bit), at: 0) }
        }
        for length in 0..<bytes.readableBytes {
            let cut = try #require(bytes.getSlice(at: 0, length: length))
            #expect(throws: ArchiveError.self) { try BlockHeader.decode(cut, at: 0) }
        }
    }

    @Test(
        "a block header with impossible lengths is refused although its checksum is right",
        arguments: [
            { $0.rawByteCount = ArchiveLimits.maximumRawByteCount + 1 }, { $0.storedByteCount = 2000 },
            { $0.codec = .none }, { $0.bodyByteCount = 2001 }, { $0.headByteCount = 201 }, { $0.recordCount = 41 },
            { $0.flags = .sealed }, { $0.flags = BlockFlags(rawValue: 0x80) },
        ] as [@Sendable (inout BlockHeader) -> Void]
    )
    func impossible(_ edit: @Sendable (inout BlockHeader) -> Void) {
        var header = Self.header
        edit(&header)
        #expect(throws: ArchiveError.self) { try BlockHeader.decode(header.encoded(), at: 0) }
    }

    @Test("a trailer is read as it was written, and any flipped bit is refused")
    func trailer() throws {
        let trailer = ArchiveTrailer(
            archiveTag: 1,
            fileByteCount: 1000,
            indexOffset: 700,
            indexByteCount: 172,
            totals: ArchiveTotals(
                recordCount: 3,
                rawByteCount: 4,
                recordBlockCount: 5,
                otherBlockCount: 6,
                chainCount: 7,
                supersededCount: 8
            ),
            indexBlockCount: 9,
            contentDigest: Array(0..<32)
        )
        let bytes = trailer.encoded()
        #expect(bytes.readableBytes == ArchiveTrailer.Layout.byteCount)
        #expect(try ArchiveTrailer(decoding: bytes) == trailer)
        try trailer.check(fileByteCount: 1000)
        #expect(throws: ArchiveError.self) { try trailer.check(fileByteCount: 1001) }
        for bit in 0..<bytes.readableBytes * 8 {
            #expect(throws: ArchiveError.self, "bit \(bit)") { try ArchiveTrailer(decoding: bytes.flipping(bit)) }
        }
        var wrong = trailer
        (wrong.indexOffset, wrong.indexByteCount) = (.max, 2)
        #expect(throws: ArchiveError.self) { try wrong.check(fileByteCount: 1000) }
        wrong = trailer
        wrong.recordBlockCount = .max
        #expect(throws: ArchiveError.self) { try wrong.check(fileByteCount: 1000) }
    }

    @Test("index entries are read as they were written; a cut one is refused")
    func indexEntries() throws {
        let entries = [
            IndexEntry(offset: 64, header: Self.header, databases: 0...15),
            IndexEntry(offset: .max, header: Self.header, databases: .max ... .max),
            IndexEntry(offset: 0, header: Self.header, databases: nil),
        ]
        var bytes = ByteBuffer()
        for entry in entries { entry.encode(into: &bytes) }
        #expect(bytes.readableBytes == 3 * IndexEntry.Layout.byteCount)
        let tag = Self.header.archiveTag
        #expect(try IndexEntry.entries(decoding: bytes, archiveTag: tag, of: .trailer) == entries)
        bytes.moveReaderIndex(forwardBy: 1)
        #expect(throws: ArchiveError.self) {
            try IndexEntry.entries(decoding: bytes, archiveTag: tag, of: .trailer)
        }
    }

    @Test("an index with gaps finds the blocks that are there")
    func indexWithGaps() {
        var index = ArchiveIndex()
        for number in [0, 2, 3, 9] as [UInt32] {
            var header = Self.header
            header.number = number
            index.append(IndexEntry(offset: UInt64(number), header: header, databases: nil))
        }
        #expect((0...10).map { index.record($0)?.offset } == [0, nil, 2, 3, nil, nil, nil, nil, nil, 9, nil])
    }
}

@Suite("Archive headers")
struct ArchiveHeaderTests {
    private static func header() throws -> ArchiveHeader {
        let instant = UnixMilliseconds(1_795_244_700_000)
        return ArchiveHeader(
            archiveTag: 42,
            description: ArchiveDescription(
                snapshot: SnapshotID(instant: instant, random: 1),
                part: 0,
                source: SourceDescriptor(name: "ä/\"", engine: .valkey, serverVersion: "9.0", address: "[::1]:6379"),
                method: .scan,
                format: PayloadFormat(engine: .valkey, rdbVersion: 80),
                instant: instant,
                startedAt: instant,
                clocks: ClockComparison(differenceMilliseconds: -5, uncertaintyMilliseconds: 1),
                consistency: Consistency(isPointInTime: false, from: instant, to: instant),
                codec: .zstd(level: 3),
                toolVersion: "1.0"
            )
        )
    }

    @Test("are read as they were written, and any flipped bit is refused")
    func roundTrip() throws {
        let header = try Self.header()
        let bytes = try header.encoded()
        #expect(try ArchiveHeader(decoding: bytes) == header)
        for bit in 0..<bytes.readableBytes * 8 {
            #expect(throws: ArchiveError.self, "bit \(bit)") { try ArchiveHeader(decoding: bytes.flipping(bit)) }
        }
        for length in 0..<bytes.readableBytes {
            let cut = try #require(bytes.getSlice(at: 0, length: length))
            #expect(throws: ArchiveError.self) { try ArchiveHeader(decoding: cut) }
        }
    }

    @Test("keep key slots")
    func keySlots() throws {
        var header = try Self.header()
        header.keySlots = ByteBuffer(string: "a wrapped key")
        #expect(try ArchiveHeader(decoding: try header.encoded()) == header)
    }

    @Test("are refused when they need features that are not known")
    func features() throws {
        for features in [RequiredFeatures.sealedBlocks, .baseArchive, RequiredFeatures(rawValue: 1 << 63)] {
            var header = try Self.header()
            header.requiredFeatures = features
            let bytes = try header.encoded()
            #expect(throws: ArchiveError.unsupportedFeatures(bits: features.rawValue)) {
                try ArchiveHeader(decoding: bytes)
            }
        }
    }

    @Test("beyond their bound are neither written nor read")
    func tooLong() throws {
        var header = try Self.header()
        header.description.toolVersion = String(repeating: "x", count: ArchiveLimits.maximumHeaderByteCount)
        #expect(throws: ArchiveError.self) { try header.encoded() }
    }
}

extension ByteBuffer {
    /// A copy with one bit changed, counted from the first byte's lowest.
    func flipping(_ bit: Int) -> ByteBuffer {
        var copy = self
        let index = copy.readerIndex + bit / 8
        copy.setInteger((copy.getInteger(at: index, as: UInt8.self) ?? 0) ^ 1 << UInt8(bit % 8), at: index)
        return copy
    }
}
