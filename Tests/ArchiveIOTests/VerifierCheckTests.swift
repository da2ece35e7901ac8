import ArchiveFormat
import ArchiveIO
import Memcached
import NIOCore
import SnapshotModel
import TestSupport
import Testing

/// Row 15 of the fault tests: each check is turned off in turn, and then some damage goes unnoticed.
@Suite("Checks of the verifier")
struct VerifierCheckTests {
    /// Compressed, with chains and superseded records; the chain's records lie in database 0.
    static func sample(_ codec: BlockCodec) async throws -> SampleArchive {
        var random = SeededGenerator(seed: 21)
        var records = SampleRecord.some(30, using: &random)
        for index in [2, 5] { records[index].kind = .key }
        records[7] = SampleRecord(key: Array("long".utf8), body: random.bytes(2000))
        return try await SampleArchive.make(records, codec: codec, targetByteCount: 300, superseded: [2, 5])
    }

    /// The same of Memcached: every body begins as that of an item.
    static func sampleOfItems() async throws -> SampleArchive {
        var random = SeededGenerator(seed: 22)
        let records = (0..<12).map { index in
            var body = ByteBuffer()
            MemcachedItem(clientFlags: UInt64(index), cas: 7).write(to: &body)
            body.writeBytes(random.bytes(index == 5 ? 2000 : 20))
            return SampleRecord(key: Array("item:\(index)".utf8), body: Array(body.readableBytesView))
        }
        return try await SampleArchive.make(records, format: MemcachedItem.format, targetByteCount: 300)
    }

    @Test("each check alone finds some damage: without it the archive passes", arguments: ArchiveCheck.allCases)
    func eachCheckIsNeeded(_ check: ArchiveCheck) async throws {
        let archive =
            check == .itemBody
            ? try await Self.sampleOfItems() : try await Self.sample(check == .decompression ? .zlib(level: 1) : .none)
        let object = MemoryObject(try Self.damage(for: check, archive))
        var part: PartDescriptor?
        if check == .manifest {
            part = archive.part
            part?.sha256 = String(repeating: "0", count: 64)
        }
        let found = try await ArchiveVerifier(parallelism: 1).verify(object, expecting: part)
        #expect(found.problems.isEmpty == false)
        #expect(found.problems.allSatisfy { $0.check == check || $0.check == nil }, "\(found.problems)")
        let others = ArchiveVerifier(parallelism: 1, checks: .allBut(check))
        #expect(try await others.verify(object, expecting: part).problems == [])
    }

    @Test("an archive that was only taken apart and put together again passes", arguments: [false, true])
    func undamaged(isOfItems: Bool) async throws {
        let archive = isOfItems ? try await Self.sampleOfItems() : try await Self.sample(.none)
        let object = MemoryObject(try ForgedArchive(archive.bytes).bytes())
        #expect(try await ArchiveVerifier().verify(object).problems == [])
    }

    /// Damage that only the one check can find: everything else is made to fit.
    private static func damage(for check: ArchiveCheck, _ archive: SampleArchive) throws -> ByteBuffer {
        var forged = try ForgedArchive(archive.bytes)
        let records = forged.first(.records)
        switch check {
        case .headerChecksum:
            return try ForgedArchive.resealed(archive.bytes.flipping(bit: 0, at: ArchiveHeader.Layout.reserved))
        case .blockHeaderChecksum:
            let offset = forged.header.readableBytes + BlockHeader.Layout.reserved
            return try ForgedArchive.resealed(archive.bytes.flipping(bit: 0, at: offset))
        case .trailerChecksum:
            let offset = archive.bytes.readableBytes - ArchiveTrailer.Layout.byteCount
            return archive.bytes.flipping(bit: 0, at: offset + ArchiveTrailer.Layout.reserved)
        case .descriptionChecksum: try forged.addFieldToDescription()
        case .tiling: forged.blocks[records].gap = 5
        case .blockTag: forged.blocks[records].header.archiveTag ^= 1
        case .blockSequence: forged.blocks[forged.first(.filters)].header.number = 5
        case .blockChecksum:
            forged.blocks[records].stored = forged.blocks[records].stored.flipping(bit: 3, at: 0)
            forged.blocks[records].renewsChecksum = false
        case .decompression:
            // The last bytes of a zlib stream are its own checksum.
            let stored = ByteBuffer(bytes: forged.blocks[records].stored.readableBytesView)
            forged.blocks[records].stored = stored.flipping(bit: 0, at: stored.readableBytes - 1)
        case .recordLayout: forged.addBodyByte(toBlock: records)
        case .recordCount: forged.blocks[records].header.recordCount += 1
        case .recordOrdinal: forged.blocks[records].header.firstRecord += 1
        case .chunkSequence: try forged.renumberChunk()
        case .indexEntry: forged.blocks[records].editEntry = { $0.header.tier = 3 }
        case .databaseRange: forged.blocks[records].databases = 3...4
        case .chainIndex: try forged.moveChain()
        case .keyFilter: try forged.clearFilters()
        case .supersededPlace:
            var content = try forged.content(ofBlock: forged.first(.superseded))
            content.writeInteger(UInt32(0), endianness: .little)
            content.writeInteger(UInt32(9999), endianness: .little)
            forged.setContent(content, ofBlock: forged.first(.superseded))
            forged.editTrailer = { $0.supersededCount += 1 }
        case .itemBody:
            var content = ByteBuffer(bytes: try forged.content(ofBlock: records).readableBytesView)
            content.setInteger(UInt8(0xFF), at: 0)
            forged.setContent(content, ofBlock: records)
        case .statistics: try forged.editClosing { $0.statistics.databases[0]?.keyCount += 1 }
        case .closingDescription: try forged.editClosing { $0.description.toolVersion = "9" }
        case .trailerCounts: forged.editTrailer = { $0.rawByteCount += 1 }
        case .fileByteCount: forged.editTrailer = { $0.fileByteCount += 1 }
        case .contentDigest: forged.editTrailer = { $0.contentDigest[0] ^= 1 }
        case .manifest: return archive.bytes
        }
        return try forged.bytes()
    }
}

extension ForgedArchive {
    /// Lets the description have one more field, which a reader ignores; its checksum is the old one.
    fileprivate mutating func addFieldToDescription() throws {
        let text = ByteBuffer(string: ",\"z\":1}")
        var bytes = header.getSlice(at: 0, length: header.readableBytes - 1) ?? ByteBuffer()
        bytes.writeImmutableBuffer(text)
        let growth = UInt32(bytes.readableBytes - header.readableBytes)
        for field in [ArchiveHeader.Layout.headerByteCount, ArchiveHeader.Layout.descriptionByteCount] {
            let old = bytes.getInteger(at: field, endianness: .little, as: UInt32.self) ?? 0
            bytes.setInteger(old + growth, at: field, endianness: .little)
        }
        let preamble = bytes.getSlice(at: 0, length: ArchiveHeader.Layout.preambleChecksum) ?? ByteBuffer()
        bytes.setInteger(
            try Self.checksum(preamble),
            at: ArchiveHeader.Layout.preambleChecksum,
            endianness: .little
        )
        header = bytes
    }

    /// Lets a block have a body byte that belongs to no record.
    fileprivate mutating func addBodyByte(toBlock index: Int) {
        let block = blocks[index]
        var bytes = block.stored
        guard let bodies = bytes.readSlice(length: block.header.bodyByteCount) else { return }
        var content = ByteBuffer(bytes: bodies.readableBytesView)
        content.writeInteger(UInt8(0))
        content.writeImmutableBuffer(bytes)
        setContent(content, ofBlock: index)
    }

    /// Gives the second chunk of a value the number of the third; database and key length are one zero byte each.
    fileprivate mutating func renumberChunk() throws {
        guard let index = blocks.firstIndex(where: { $0.header.flags.contains(.continued) }) else { return }
        var content = ByteBuffer(bytes: try self.content(ofBlock: index).readableBytesView)
        let chunkNumber = blocks[index].header.bodyByteCount + 4
        #expect(content.getInteger(at: chunkNumber, as: UInt8.self) == 1)
        content.setInteger(UInt8(2), at: chunkNumber)
        setContent(content, ofBlock: index)
    }

    fileprivate mutating func moveChain() throws {
        let index = first(.chains)
        var chains = try ValueChain.chains(decoding: try content(ofBlock: index), of: .trailer)
        chains[0].firstBlock += 1
        var content = ByteBuffer()
        for chain in chains { chain.encode(into: &content) }
        setContent(content, ofBlock: index)
    }

    fileprivate mutating func clearFilters() throws {
        let index = first(.filters)
        var group = try KeyFilterGroup(decoding: try content(ofBlock: index), of: .trailer)
        group.filters = group.filters.map { filter in
            KeyFilter(bits: ByteBuffer(repeating: 0, count: filter.bits.readableBytes))
        }
        setContent(group.encoded(), ofBlock: index)
    }

    fileprivate mutating func editClosing(_ edit: (inout ArchiveClosing) -> Void) throws {
        let index = first(.closing)
        var closing = try ArchiveClosing(decoding: try content(ofBlock: index), of: .trailer)
        edit(&closing)
        setContent(try closing.encoded(), ofBlock: index)
    }
}
