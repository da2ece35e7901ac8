import ArchiveFormat
import ArchiveIO
import NIOCore
import TestSupport
import Testing

/// Row 3 of the fault tests: blocks swapped, repeated, and taken from other archives.
@Suite("Spliced archives")
struct ArchiveSpliceTests {
    /// Finds splices by the fine checks alone: the digest of the file is turned off.
    private static let verifier = ArchiveVerifier(parallelism: 1, checks: .allBut(.contentDigest))

    private struct Spans {
        let bytes: ByteBuffer
        /// Header, every block, trailer.
        let ranges: [Range<Int>]

        init(_ archive: SampleArchive) throws {
            bytes = archive.bytes
            var ranges = [0..<(try ArchiveHeader.byteCount(preamble: archive.bytes))]
            while let start = ranges.last?.upperBound, start < bytes.readableBytes - ArchiveTrailer.Layout.byteCount {
                let block = try #require(bytes.getSlice(at: start, length: BlockHeader.Layout.byteCount))
                ranges.append(start..<start + (try BlockHeader.decode(block, at: 0)).blockByteCount)
            }
            ranges.append(bytes.readableBytes - ArchiveTrailer.Layout.byteCount..<bytes.readableBytes)
            self.ranges = ranges
        }

        /// The file made of these spans of this and another archive.
        func file(_ pieces: [(Spans, Int)]) -> ByteBuffer {
            var file = ByteBuffer()
            for (spans, index) in pieces {
                let range = spans.ranges[index]
                file.writeImmutableBuffer(
                    spans.bytes.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer()
                )
            }
            return file
        }

        var pieces: [(Spans, Int)] { ranges.indices.map { (self, $0) } }
    }

    private static func archive(seed: UInt64, tag: UInt64 = SampleArchive.tag) async throws -> SampleArchive {
        var random = SeededGenerator(seed: seed)
        return try await SampleArchive.make(
            SampleRecord.some(40, using: &random),
            targetByteCount: 300,
            tag: tag
        )
    }

    private static func expectFound(_ file: ByteBuffer, of archive: SampleArchive, _ comment: Comment) async throws {
        guard file != archive.bytes else { return }
        let verification = try await verifier.verify(MemoryObject(file))
        #expect(!verification.isIntact, comment)
    }

    @Test("any two pieces swapped are found, and salvage still gives only true records")
    func swaps() async throws {
        let archive = try await Self.archive(seed: 31)
        let spans = try Spans(archive)
        for first in spans.ranges.indices {
            for second in spans.ranges.indices where second > first {
                var pieces = spans.pieces
                pieces.swapAt(first, second)
                let file = spans.file(pieces)
                try await Self.expectFound(file, of: archive, "\(first) with \(second)")
                let (salvaged, _) = try await ArchiveSalvage.open(
                    MemoryObject(file),
                    description: try SampleArchive.description()
                )
                #expect(Set(archive.records).isSuperset(of: try await salvaged.sampleRecords()))
            }
        }
    }

    @Test("a piece repeated or left out anywhere is found")
    func repeats() async throws {
        let archive = try await Self.archive(seed: 32)
        let spans = try Spans(archive)
        for piece in spans.ranges.indices {
            var without = spans.pieces
            without.remove(at: piece)
            try await Self.expectFound(spans.file(without), of: archive, "without \(piece)")
            for place in spans.ranges.indices {
                var more = spans.pieces
                more.insert((spans, piece), at: place)
                try await Self.expectFound(spans.file(more), of: archive, "\(piece) at \(place)")
            }
        }
    }

    @Test(
        "a piece of another archive is found, even of one with the same tag",
        arguments: [SampleArchive.tag, SampleArchive.tag + 1]
    )
    func replays(_ tag: UInt64) async throws {
        let archive = try await Self.archive(seed: 33)
        let other = try await Self.archive(seed: 34, tag: tag)
        let (spans, foreign) = (try Spans(archive), try Spans(other))
        for place in spans.ranges.indices {
            for piece in foreign.ranges.indices {
                var pieces = spans.pieces
                pieces[place] = (foreign, piece)
                let file = spans.file(pieces)
                // The header of an archive with the same tag and description is the same header.
                try await Self.expectFound(file, of: archive, "\(piece) of the other at \(place)")
            }
        }
    }

    @Test("random splices of two archives are found")
    func randomSplices() async throws {
        let archive = try await Self.archive(seed: 35)
        let other = try await Self.archive(seed: 36)
        var random = SeededGenerator.fromEnvironment("splices", fallback: 37)
        for number in 0..<(TestExtent.isSoak ? 1000 : 150) {
            let byteCount = min(archive.bytes.readableBytes, other.bytes.readableBytes)
            let start = Int.random(in: 0..<byteCount, using: &random)
            let end = Int.random(in: start..<byteCount, using: &random) + 1
            let target = Bool.random(using: &random) ? start : Int.random(in: 0..<byteCount, using: &random)
            var file = try #require(archive.bytes.getSlice(at: 0, length: target))
            file.writeImmutableBuffer(try #require(other.bytes.getSlice(at: start, length: end - start)))
            let rest = min(target + end - start, archive.bytes.readableBytes)
            file.writeImmutableBuffer(
                try #require(archive.bytes.getSlice(at: rest, length: archive.bytes.readableBytes - rest))
            )
            try await Self.expectFound(file, of: archive, "splice \(number) of seed \(random.seed)")
        }
    }
}
