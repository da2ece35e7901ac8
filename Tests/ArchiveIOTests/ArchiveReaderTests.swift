import ArchiveFormat
import ArchiveIO
import NIOCore
import SnapshotModel
import TestSupport
import Testing

@Suite("Reading archives")
struct ArchiveReaderTests {
    @Test("every key is found by its name and database, and no other")
    func lookup() async throws {
        var random = SeededGenerator.fromEnvironment("lookup", fallback: 41)
        let records = SampleRecord.some(200, using: &random)
        let archive = try await SampleArchive.make(records, codec: .zstd(level: 1))
        let reader = try await ArchiveReader.open(archive.reader)
        for record in records where record.kind == .key {
            let found = try #require(
                try await reader.lookup(database: record.database, key: ByteBuffer(bytes: record.key))
            )
            #expect(found.layout.head(in: found.block.bytes) == record.head)
            #expect(Array(found.layout.body(in: found.block.bytes).readableBytesView) == record.body)
            #expect(try await reader.lookup(database: 77, key: ByteBuffer(bytes: record.key)) == nil)
        }
        #expect(try await reader.lookup(database: 0, key: ByteBuffer()) == nil)
    }

    @Test("a value over many blocks comes back chunk by chunk")
    func chunks() async throws {
        var random = SeededGenerator(seed: 42)
        var records = SampleRecord.some(20, using: &random)
        records[9] = SampleRecord(key: Array("long".utf8), body: random.bytes(9999))
        records[10] = SampleRecord(key: Array("longer".utf8), body: random.bytes(20_000))
        let archive = try await SampleArchive.make(records)
        let reader = try await ArchiveReader.open(archive.reader)
        for record in records[9...10] {
            let found = try #require(try await reader.lookup(database: 0, key: ByteBuffer(bytes: record.key)))
            let chain = try #require(found.chain)
            #expect(chain.totalByteCount == UInt64(record.body.count))
            var stream = reader.chunks(of: chain)
            var body: [UInt8] = []
            while let chunk = try await stream.next() { body += chunk.readableBytesView }
            #expect(body == record.body)
        }
    }

    @Test("chosen blocks are read, and reading may stop early")
    func someBlocks() async throws {
        var random = SeededGenerator(seed: 43)
        let archive = try await SampleArchive.make(SampleRecord.some(100, using: &random))
        let reader = try await ArchiveReader.open(archive.reader)
        let numbers = try await reader.withBlocks([1, 3, 4], parallelism: 4) { blocks in
            var numbers: [UInt32] = []
            while let block = try await blocks.next() { numbers.append(block.header.number) }
            return numbers
        }
        #expect(numbers == [1, 3, 4])
        let first = try await reader.withBlocks { try await $0.next()?.header.number }
        #expect(first == 0)
    }

    @Test("a damaged block is lost alone, with its number of records")
    func damagedBlock() async throws {
        var random = SeededGenerator(seed: 44)
        let archive = try await SampleArchive.make(SampleRecord.some(100, using: &random))
        let whole = try await ArchiveReader.open(archive.reader)
        let victim = whole.index.records[2]
        let offset = Int(victim.offset) + BlockHeader.Layout.byteCount
        let reader = try await ArchiveReader.open(MemoryObject(archive.bytes.flipping(bit: 1, at: offset)))
        let (intact, lost) = try await reader.withBlocks { blocks in
            var intact: [UInt32] = []
            var lost: [IndexEntry] = []
            while let outcome = try await blocks.nextOutcome() {
                switch outcome {
                case .decoded(let block): intact.append(block.header.number)
                case .lost(let entry, _): lost.append(entry)
                }
            }
            return (intact, lost)
        }
        #expect(lost == [victim])
        #expect(intact == whole.index.records.map(\.header.number).filter { $0 != 2 })
        await #expect(throws: ArchiveError.self) { try await reader.block(2) }
    }

    @Test("what is not an archive is refused by name", arguments: [0, 1, 63, 64, 500])
    func notAnArchive(_ byteCount: Int) async throws {
        await #expect(throws: ArchiveError.notAnArchive) {
            try await ArchiveReader.open(MemoryObject(ByteBuffer(repeating: 7, count: byteCount)))
        }
    }
}
