import ArchiveFormat
import NIOCore
import TestSupport
import Testing

@Suite("Block codecs")
struct BlockCodecTests {
    @Test(
        "are written as on the command line",
        arguments: [
            ("none", BlockCodec.none, "none"), ("zlib", .zlib(level: 1), "zlib:1"),
            ("zlib:9", .zlib(level: 9), "zlib:9"),
            ("zstd", .zstd(level: 1), "zstd:1"), ("zstd:19", .zstd(level: 19), "zstd:19"),
        ]
    )
    func text(_ text: String, _ codec: BlockCodec, _ description: String) {
        #expect(BlockCodec(text) == codec)
        #expect(codec.description == description)
    }

    @Test(
        "are asked for with a level, without one, or with an automatic one",
        arguments: [("zlib:auto", "zlib:1"), ("zstd:auto", "zstd:1"), ("zstd:7", "zstd:7"), ("none", "none")]
    )
    func request(_ text: String, _ first: String) {
        #expect(CodecRequest(text)?.description == text)
        #expect(CodecRequest(text)?.firstCodec.description == first)
        #expect(CodecRequest("none:auto") == nil)
        #expect(CodecRequest("zlib:Auto") == nil)
    }

    @Test(
        "refuse every other text",
        arguments: [
            "", "zip", "zlib:", "zlib:0", "zlib:10", "zlib:-1", "zlib:+1", "zstd:20", "none:1", "ZLIB", "zlib:1:2",
        ]
    )
    func refuses(_ text: String) {
        #expect(BlockCodec(text) == nil)
    }

    private static let codecs: [BlockCodec] = [
        .none, .zlib(level: 1), .zlib(level: 6), .zlib(level: 9), .zstd(level: 1), .zstd(level: 3), .zstd(level: 19),
    ]

    @Test("give back what they took, one block after the other with the same contexts", arguments: codecs)
    func roundTrip(_ codec: BlockCodec) throws {
        var random = SeededGenerator(seed: 71)
        let encoder = BlockEncoder(archiveTag: 5)
        let decoder = BlockDecoder()
        for byteCount in [0, 1, 2, 100, 5000, 1 << 20, 3] {
            for isRandom in [true, false] {
                let content = ByteBuffer(
                    bytes: isRandom ? random.bytes(byteCount) : Array(repeating: 65, count: byteCount)
                )
                let block = RawBlock(kind: .closing, bytes: content)
                let encoded = try encoder.encode(block, codec: codec, number: 2, firstRecord: 3)
                let shrinks = !isRandom && byteCount >= 100 && codec != .none
                #expect(encoded.header.codec == (shrinks ? codec.identifier : .none))
                let (header, stored) = try Self.parts(encoded)
                #expect(try decoder.decode(header, stored: stored, at: 0).bytes == content)
            }
        }
    }

    @Test("change the level from block to block")
    func changesLevel() throws {
        let encoder = BlockEncoder(archiveTag: 5)
        var random = SeededGenerator(seed: 72)
        let words = (0..<200).map { _ in String(random.next() % 100_000) }
        let content = ByteBuffer(string: (0..<5000).map { _ in words.randomElement(using: &random) ?? "" }.joined())
        func byteCount(_ level: Int, _ encoder: BlockEncoder) throws -> Int {
            let block = RawBlock(kind: .closing, bytes: content)
            return try encoder.encode(block, codec: .zlib(level: level), number: 0, firstRecord: 0).bytes.readableBytes
        }
        let alone = try [1, 9].map { try byteCount($0, BlockEncoder(archiveTag: 5)) }
        #expect(alone[0] != alone[1])
        #expect(try [1, 9, 1, 9].map { try byteCount($0, encoder) } == alone + alone)
    }

    @Test("find every flipped bit of the stored bytes", arguments: [BlockCodec.none, .zlib(level: 1), .zstd(level: 1)])
    func flips(_ codec: BlockCodec) throws {
        let content = ByteBuffer(string: (0..<60).map { "\($0) " }.joined())
        let encoder = BlockEncoder(archiveTag: 5)
        let (header, stored) = try Self.parts(
            try encoder.encode(RawBlock(kind: .closing, bytes: content), codec: codec, number: 0, firstRecord: 0)
        )
        let decoder = BlockDecoder()
        for offset in 0..<stored.readableBytes {
            for bit in 0..<8 {
                var damaged = stored
                let index = damaged.readerIndex + offset
                damaged.setInteger((damaged.getInteger(at: index, as: UInt8.self) ?? 0) ^ 1 << UInt8(bit), at: index)
                #expect(throws: ArchiveError.self) { try decoder.decode(header, stored: damaged, at: 0) }
            }
        }
    }

    @Test(
        "refuse stored bytes of another length than declared",
        arguments: [BlockCodec.zlib(level: 1), .zstd(level: 1)]
    )
    func wrongLength(_ codec: BlockCodec) throws {
        let encoder = BlockEncoder(archiveTag: 5)
        let content = ByteBuffer(repeating: 9, count: 1000)
        let (header, stored) = try Self.parts(
            try encoder.encode(RawBlock(kind: .closing, bytes: content), codec: codec, number: 0, firstRecord: 0)
        )
        let checks = ArchiveChecks.allBut(.blockChecksum)
        for growth in [-1, 1, 500] {
            var other = header
            other.rawByteCount += growth
            #expect(throws: ArchiveError.self) {
                try BlockDecoder().decode(other, stored: stored, at: 0, checks: checks)
            }
        }
        var shorter = header
        shorter.storedByteCount -= 1
        #expect(throws: ArchiveError.self) {
            try BlockDecoder().decode(shorter, stored: stored, at: 0, checks: checks)
        }
        let cut = try #require(stored.getSlice(at: stored.readerIndex, length: stored.readableBytes - 1))
        let location = BlockLocation(kind: .closing, number: 0, offset: 4)
        #expect(throws: ArchiveError.truncated(.block(location), neededByteCount: UInt64(header.storedByteCount))) {
            try BlockDecoder().decode(header, stored: cut, at: 4)
        }
    }

    @Test("give the same zlib streams to either library to read", arguments: ZlibLibrary.allCases, ZlibLibrary.allCases)
    func libraries(_ writer: ZlibLibrary, _ reader: ZlibLibrary) throws {
        var random = SeededGenerator(seed: 73)
        let words = (0..<300).map { _ in random.bytes(Int.random(in: 1...9, using: &random)) }
        let encoder = BlockEncoder(archiveTag: 5, library: writer)
        let decoder = BlockDecoder(library: reader)
        for level in BlockCodec.zlibLevels {
            for wordCount in [1, 40, 3000, 200_000] {
                let content = ByteBuffer(
                    bytes: (0..<wordCount).flatMap { _ in words.randomElement(using: &random) ?? [] }
                )
                let block = RawBlock(kind: .closing, bytes: content)
                let encoded = try encoder.encode(block, codec: .zlib(level: level), number: 0, firstRecord: 0)
                #expect(encoded.header.codec == (wordCount > 40 ? .zlib : encoded.header.codec))
                let (header, stored) = try Self.parts(encoded)
                #expect(try decoder.decode(header, stored: stored, at: 0).bytes == content)
                try decoder.prove(encoded, madeOf: content)
            }
        }
    }

    @Test("have the same checksum by either library", arguments: ZlibLibrary.allCases)
    func checksum(_ library: ZlibLibrary) {
        #expect(Array("123456789".utf8).withUnsafeBytes { library.checksum($0) } == 0xCBF4_3926)
        #expect(library.checksum(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
        var random = SeededGenerator(seed: 73)
        let bytes = random.bytes(5000)
        for count in Array(0...70) + [511, 512, 513, 4999, 5000] {
            let checksum = bytes.withUnsafeBytes { library.checksum(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            // Bit by bit, from the definition.
            var expected = UInt32.max
            for byte in bytes[..<count] {
                expected ^= UInt32(byte)
                for _ in 0..<8 { expected = expected & 1 == 1 ? expected >> 1 ^ 0xEDB8_8320 : expected >> 1 }
            }
            #expect(checksum == ~expected, "\(count)")
        }
    }

    @Test("refuse damaged zlib streams with either library", arguments: ZlibLibrary.allCases)
    func damagedStreams(_ library: ZlibLibrary) throws {
        let content = ByteBuffer(string: (0..<400).map { "\($0) " }.joined())
        let (header, stored) = try Self.parts(
            try BlockEncoder(archiveTag: 5, library: library)
                .encode(RawBlock(kind: .closing, bytes: content), codec: .zlib(level: 1), number: 0, firstRecord: 0)
        )
        let decoder = BlockDecoder(library: library)
        for index in 0..<stored.readableBytes {
            var damaged = stored
            let place = damaged.readerIndex + index
            damaged.setInteger((damaged.getInteger(at: place, as: UInt8.self) ?? 0) ^ 0x41, at: place)
            // The stream's own Adler-32 has to find it where the block's checksum is left out; bits of the two bytes
            // before the stream only say how it was made.
            let found = try? decoder.decode(header, stored: damaged, at: 0, checks: .allBut(.blockChecksum)).bytes
            #expect(found == nil || found == content, "byte \(index)")
        }
    }

    @Test("an encoded block that is not what it was made of is found out")
    func proof() throws {
        var random = SeededGenerator(seed: 74)
        let content = ByteBuffer(bytes: random.bytes(1000) + Array(repeating: 7, count: 1000))
        var other = content
        other.setInteger(UInt8(8), at: 1500)
        for codec in [BlockCodec.none, .zlib(level: 1), .zstd(level: 1)] {
            let encoder = BlockEncoder(archiveTag: 5)
            let block = RawBlock(kind: .closing, bytes: content)
            var encoded = try encoder.encode(block, codec: codec, number: 0, firstRecord: 0)
            try BlockDecoder().prove(encoded, madeOf: content)
            #expect(throws: ArchiveError.self) { try BlockDecoder().prove(encoded, madeOf: other) }
            encoded.header.number = 1
            #expect(throws: ArchiveError.self) { try BlockDecoder().prove(encoded, madeOf: content) }
        }
    }

    private static func parts(_ block: EncodedBlock) throws -> (BlockHeader, stored: ByteBuffer) {
        var stored = block.bytes
        stored.moveReaderIndex(forwardBy: BlockHeader.Layout.byteCount)
        return (try BlockHeader.decode(block.bytes, at: 0), stored)
    }
}
