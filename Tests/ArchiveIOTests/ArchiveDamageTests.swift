import ArchiveFormat
import ArchiveIO
import NIOCore
import SnapshotModel
import TestSupport
import Testing

/// Rows 1 and 2 of the fault tests: every bit flipped, every length truncated.
@Suite("Damaged archives")
struct ArchiveDamageTests {
    static let codecs = [BlockCodec.none, .zlib(level: 1), .zstd(level: 1)]

    /// About 5 KB with several blocks of records, chains, superseded records and access data.
    static func small(_ codec: BlockCodec, count: Int = 40) async throws -> SampleArchive {
        var random = SeededGenerator(seed: 11)
        var records = SampleRecord.some(count, using: &random)
        for index in [2, 5] { records[index].kind = .key }
        records[7].body = random.bytes(900)
        return try await SampleArchive.make(records, codec: codec, targetByteCount: 300, superseded: [2, 5])
    }

    /// The digest over the file is turned off, so that this proves the finer checks: none of them leaves a gap.
    @Test("any flipped bit is found, even without the digest of the file", arguments: codecs)
    func everyBit(_ codec: BlockCodec) async throws {
        let archive = try await Self.small(codec)
        let verifier = ArchiveVerifier(parallelism: 1, checks: .allBut(.contentDigest))
        #expect(try await verifier.verify(archive.reader).isIntact)
        var random = SeededGenerator.fromEnvironment("flips", fallback: 12)
        var silent: [String] = []
        var triedCount = 0
        for offset in stride(
            from: TestExtent.isSoak ? 0 : Int(random.seed % 3),
            to: archive.bytes.readableBytes,
            by: TestExtent.isSoak ? 1 : 3
        ) {
            let bits = TestExtent.isSoak ? Array(0..<8) : [Int.random(in: 0..<8, using: &random)]
            for bit in bits {
                triedCount += 1
                let damaged = MemoryObject(archive.bytes.flipping(bit: bit, at: offset))
                if try await Self.isSilent(damaged, verifier) { silent.append("\(offset).\(bit)") }
            }
        }
        print("flips tried with \(codec): \(triedCount) in \(archive.bytes.readableBytes) bytes")
        #expect(silent == [])
    }

    private static func isSilent(_ object: MemoryObject, _ verifier: ArchiveVerifier) async throws -> Bool {
        do {
            return try await verifier.verify(object).isIntact
        } catch is ArchiveError {
            // A version or a feature that this program does not know.
            return false
        }
    }

    @Test("what is salvaged from an archive with a flipped bit is never wrong", arguments: codecs)
    func salvageOfFlips(_ codec: BlockCodec) async throws {
        let archive = try await Self.small(codec, count: 25)
        let original = Set(archive.records)
        var random = SeededGenerator.fromEnvironment("salvage of flips", fallback: 13)
        for offset in stride(from: 0, to: archive.bytes.readableBytes, by: TestExtent.isSoak ? 1 : 5) {
            let bit = Int.random(in: 0..<8, using: &random)
            let damaged = MemoryObject(archive.bytes.flipping(bit: bit, at: offset))
            do {
                let (reader, report) = try await ArchiveSalvage.open(damaged, expecting: archive.part)
                let salvaged = try await reader.sampleRecords()
                // Superseded records come back if their list is what was damaged, and that is then a problem.
                let isExplained = original.isSuperset(of: salvaged) || !report.problems.isEmpty
                #expect(isExplained, "bit \(bit) at \(offset)")
                let lost = try #require(report.lostRecordCount, "bit \(bit) at \(offset)")
                #expect(
                    report.intactRecordCount - report.brokenValueCount + lost == archive.part.recordCount,
                    "bit \(bit) at \(offset)"
                )
            } catch ArchiveError.unsupportedVersion {
                continue
            } catch ArchiveError.unsupportedFeatures {
                continue
            }
        }
    }

    @Test("truncated at any length it gives back exactly the records of the blocks before", arguments: codecs)
    func everyLength(_ codec: BlockCodec) async throws {
        let archive = try await Self.small(codec, count: 25)
        let whole = try await ArchiveReader.open(archive.reader)
        let description = whole.header.description
        let byteCount = archive.bytes.readableBytes
        let headerEnd = try #require(whole.index.records.first).offset
        for length in stride(from: 0, to: byteCount, by: TestExtent.isSoak || codec == .none ? 1 : 3) {
            let object = MemoryObject(try #require(archive.bytes.getSlice(at: 0, length: length)))
            await #expect(throws: ArchiveError.self, "\(length)") { try await ArchiveReader.open(object) }
            let oracle = whole.index.records.filter { $0.end <= UInt64(length) }
            let (salvaged, report) = try await ArchiveSalvage.open(
                object,
                expecting: archive.part,
                description: description
            )
            #expect(salvaged.index.records == oracle, "\(length)")
            #expect(report.lostBlockCount == UInt64(whole.index.records.count - oracle.count), "\(length)")
            let records = oracle.reduce(0) { $0 + UInt64($1.header.recordCount) }
            #expect(report.lostRecordCount == whole.recordCount - records + report.brokenValueCount, "\(length)")
            #expect(salvaged.header.description == description)
            guard UInt64(length) >= headerEnd else { continue }
            // Without the manifest the end is only known if something written after the last record is left.
            let (_, alone) = try await ArchiveSalvage.open(object)
            #expect(alone.isWhole == false, "\(length)")
            #expect(alone.intactBlockCount == UInt64(oracle.count), "\(length)")
        }
    }

    @Test("truncation is what the verifier reports, with the records that are lost", arguments: codecs)
    func verifyTruncated(_ codec: BlockCodec) async throws {
        let archive = try await Self.small(codec)
        let whole = try await ArchiveReader.open(archive.reader)
        let cutOff = try #require(whole.index.records.dropFirst(3).first)
        let object = MemoryObject(try #require(archive.bytes.getSlice(at: 0, length: Int(cutOff.end) - 1)))
        let verification = try await ArchiveVerifier().verify(object, expecting: archive.part)
        #expect(!verification.isIntact)
        #expect(verification.intactBlockCount == 3)
        let salvage = try #require(verification.salvage)
        let damaged = try #require(salvage.lost.first)
        #expect(damaged.firstNumber == 3)
        #expect(
            salvage.lostRecordCount == archive.part.recordCount - verification.intactRecordCount
                + salvage.brokenValueCount
        )
    }

    @Test("an archive without its header is read with the description of its end")
    func lostHeader() async throws {
        let archive = try await Self.small(.zlib(level: 1))
        var bytes = archive.bytes
        bytes.setRepeatingByte(0, count: 200, at: 0)
        let (reader, report) = try await ArchiveSalvage.open(MemoryObject(bytes))
        #expect(reader.header.description == (try SampleArchive.description(codec: .zlib(level: 1))))
        #expect(report.problems.isEmpty == false)
        #expect(report.lost == [])
        #expect(try await reader.sampleRecords() == archive.records)
    }

    @Test("bytes lost from the middle cost only the blocks that they were in")
    func lostMiddle() async throws {
        let archive = try await Self.small(.none)
        let whole = try await ArchiveReader.open(archive.reader)
        var random = SeededGenerator.fromEnvironment("lost bytes", fallback: 14)
        for entry in whole.index.records {
            let removed = Int.random(in: 1...entry.header.blockByteCount, using: &random)
            var bytes = try #require(archive.bytes.getSlice(at: 0, length: Int(entry.offset)))
            let rest = Int(entry.offset) + removed
            bytes.writeImmutableBuffer(
                try #require(archive.bytes.getSlice(at: rest, length: archive.bytes.readableBytes - rest))
            )
            let (salvaged, report) = try await ArchiveSalvage.open(MemoryObject(bytes))
            let numbers = salvaged.index.records.map(\.header.number)
            #expect(numbers == whole.index.records.map(\.header.number).filter { $0 != entry.header.number })
            #expect(report.lostBlockCount == 1)
            #expect(report.lost.map(\.recordCount) == [UInt64(entry.header.recordCount)])
        }
    }
}

extension ArchiveReader {
    fileprivate var recordCount: UInt64 { index.records.reduce(0) { $0 + UInt64($1.header.recordCount) } }
}

extension ByteBuffer {
    /// A copy with one bit changed.
    func flipping(bit: Int, at offset: Int) -> ByteBuffer {
        var copy = self
        copy.setInteger((copy.getInteger(at: offset, as: UInt8.self) ?? 0) ^ 1 << UInt8(bit), at: offset)
        return copy
    }
}
