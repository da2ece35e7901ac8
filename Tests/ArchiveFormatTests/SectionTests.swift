import ArchiveFormat
import NIOCore
import TestSupport
import Testing

@Suite("Filters, chains and superseded records")
struct SectionTests {
    @Test("a filter knows each of its keys, and few others", arguments: [1, 2, 10, 500, 5000])
    func filter(_ count: Int) {
        var random = SeededGenerator.fromEnvironment("filter", fallback: 81)
        let hashes = (0..<count).map { KeyHash.hash(database: 0, key: ByteBuffer(string: "key:\($0)")) }
        let filter = KeyFilter(hashes: hashes)
        #expect(filter.bits.readableBytes == (count * KeyFilter.bitsPerKey + 7) / 8)
        #expect(hashes.allSatisfy(filter.mayContain))
        let strangers = (0..<10_000).filter { _ in filter.mayContain(random.next()) }.count
        #expect(strangers < (count < 10 ? 1200 : 200), "of 10,000")
    }

    @Test("a filter without keys knows none, and a key in another database is another key")
    func emptyFilter() {
        let key = ByteBuffer(string: "key")
        #expect(!KeyFilter(hashes: []).mayContain(KeyHash.hash(database: 0, key: key)))
        let hashes = (0..<1000).map { KeyHash.hash(database: $0, key: key) }
        #expect(Set(hashes).count == 1000)
        #expect(KeyHash.hash(database: 0, key: ByteBuffer()) != KeyHash.hash(database: 1, key: ByteBuffer()))
    }

    /// Computed apart from this code, from the check value of the CRC (0xE9C6_D914_C4B8_D9CA).
    @Test("the hash of a key is the one of the format")
    func hashIsFixed() {
        let hash = KeyHash.hash(database: 0, key: ByteBuffer(string: "123456789"))
        #expect(hash == 14_732_632_984_721_004_155)
    }

    @Test("groups of filters are read as they were written; cut or padded ones are refused")
    func filterGroups() throws {
        let filters = [[1, 2, 3], [], [4]].map { KeyFilter(hashes: $0) }
        let group = KeyFilterGroup(firstBlock: 7, filters: filters)
        var bytes = group.encoded()
        let read = try KeyFilterGroup(decoding: bytes, of: .trailer)
        #expect(read.firstBlock == 7)
        #expect(read.filters == filters)
        for length in 0..<bytes.readableBytes {
            let cut = try #require(bytes.getSlice(at: 0, length: length))
            #expect(throws: ArchiveError.self) { try KeyFilterGroup(decoding: cut, of: .trailer) }
        }
        bytes.writeInteger(UInt8(0))
        #expect(throws: ArchiveError.self) { try KeyFilterGroup(decoding: bytes, of: .trailer) }
    }

    @Test("chains are read as they were written; cut ones and wrong sums are refused")
    func chains() throws {
        let chains = [
            ValueChain(firstBlock: 0, chunkByteCounts: [1, 2]),
            ValueChain(firstBlock: 70_000, chunkByteCounts: [.max, .max, 0, 5]),
        ]
        var bytes = ByteBuffer()
        chains[0].encode(into: &bytes)
        let boundary = bytes.readableBytes
        chains[1].encode(into: &bytes)
        #expect(try ValueChain.chains(decoding: bytes, of: .trailer) == chains)
        for length in 1..<bytes.readableBytes where length != boundary {
            let cut = try #require(bytes.getSlice(at: 0, length: length))
            #expect(throws: ArchiveError.self, "\(length)") { try ValueChain.chains(decoding: cut, of: .trailer) }
        }
        for other in [[0, 2, 4, 1, 2], [0, 1, 1, 1], [0, 9, 3, 1, 2]] as [[UInt8]] {
            #expect(throws: ArchiveError.self) {
                try ValueChain.chains(decoding: ByteBuffer(bytes: other), of: .trailer)
            }
        }
    }

    @Test("superseded records are found by their place, in any order and over several blocks")
    func superseded() throws {
        var random = SeededGenerator.fromEnvironment("superseded", fallback: 82)
        let places = (0..<100_000).map { _ in
            RecordPlace(
                block: UInt32.random(in: 0...200, using: &random),
                ordinal: UInt32.random(in: 0...3000, using: &random)
            )
        }
        let records = SupersededRecords(places)
        #expect(records.count == Set(places).count)
        let contents = records.encoded()
        #expect(contents.count > 1)
        let read = try contents.flatMap { try SupersededRecords.places(decoding: $0, of: .trailer) }
        #expect(SupersededRecords(read) == records)
        let set = Set(places)
        for block in 0...201 as ClosedRange<UInt32> {
            #expect(Set(records.ordinals(inBlock: block)) == set.filter { $0.block == block })
        }
        #expect(places.prefix(100).allSatisfy(records.contains))
        #expect(!records.contains(RecordPlace(block: 0, ordinal: 9999)))
    }

    @Test("decoders of sections take no more memory than their bytes justify, whatever the bytes are")
    func randomBytes() {
        var random = SeededGenerator.fromEnvironment("sections", fallback: 83)
        for _ in 0..<5000 {
            let bytes = ByteBuffer(bytes: random.bytes(Int.random(in: 0..<40, using: &random)))
            _ = try? ValueChain.chains(decoding: bytes, of: .trailer)
            if let group = try? KeyFilterGroup(decoding: bytes, of: .trailer) {
                #expect(group.filters.count <= bytes.readableBytes / 4)
            }
            if let places = try? SupersededRecords.places(decoding: bytes, of: .trailer) {
                #expect(places.count == bytes.readableBytes / 8)
            }
            if let entries = try? IndexEntry.entries(decoding: bytes, archiveTag: 0, of: .trailer) {
                #expect(entries.count == bytes.readableBytes / IndexEntry.Layout.byteCount)
            }
        }
    }
}
