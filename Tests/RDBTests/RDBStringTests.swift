import NIOCore
import RDB
import Testing

@Suite("RDB strings and lengths")
struct RDBStringTests {
    private func plain(_ body: [UInt8]) -> String? {
        var text = ByteBuffer()
        let isComplete = RDBString.write(ByteBuffer(bytes: body), into: &text)
        let length = RDBString.plainLength(of: ByteBuffer(bytes: body))
        #expect(isComplete == (length != nil) || !isComplete)
        if isComplete { #expect(length == text.readableBytes) }
        return isComplete ? String(buffer: text) : nil
    }

    @Test("every form gives its plain text")
    func forms() {
        #expect(plain(RDBBytes.build { $0.string("abc") }) == "abc")
        #expect(plain([0]) == "")
        #expect(plain(RDBBytes.build { $0.compressed(0x61, count: 12) }) == "aaaaaaaaaaaa")
        let long = String(repeating: "x", count: 20_000)
        #expect(plain(RDBBytes.build { $0.string(long) }) == long)
    }

    @Test("numbers of every width become decimal text", arguments: [0, 9, 10, -1, -10, 127, -128] as [Int8])
    func bytes(number: Int8) {
        #expect(plain(RDBBytes.build { $0.integer(number) }) == String(number))
        #expect(plain(RDBBytes.build { $0.integer(Int16(number) * 250) }) == String(Int(number) * 250))
        #expect(plain(RDBBytes.build { $0.integer(Int32(number) * 16_000_000) }) == String(Int(number) * 16_000_000))
    }

    @Test("the borders of 16 and 32 bits become decimal text")
    func borders() {
        for number in [Int16.min, Int16.max] { #expect(plain(RDBBytes.build { $0.integer(number) }) == String(number)) }
        for number in [Int32.min, Int32.max] { #expect(plain(RDBBytes.build { $0.integer(number) }) == String(number)) }
    }

    @Test(
        "what is not exactly one string is refused",
        arguments: [[], [3, 1, 2], [1, 2, 3], [0xC4], [0xC1, 1], [0x82], [0xC3, 1, 2], [0xC3, 2, 3, 0x20, 0]]
            as [[UInt8]]
    )
    func refusals(body: [UInt8]) {
        #expect(plain(body) == nil)
    }

    @Test("the place of a plain string in its body is told, of others not")
    func ranges() {
        func range(_ body: [UInt8]) -> Range<Int>? { body.withUnsafeBytes { RDBString.plainRange(of: $0) } }
        #expect(range([3, 1, 2, 3]) == 1..<4)
        #expect(range([0]) == 1..<1)
        #expect(range([0xC0, 1]) == nil)
        #expect(range([3, 1, 2]) == nil)
    }

    @Test(
        "lengths take 1, 2, 5 or 9 bytes as the servers write them",
        arguments: [
            (0, 1), (63, 1), (64, 2), (16_383, 2), (16_384, 5), (UInt64(UInt32.max), 5), (UInt64(UInt32.max) + 1, 9),
            (.max, 9),
        ] as [(UInt64, Int)]
    )
    func lengths(length: UInt64, byteCount: Int) throws {
        var buffer = ByteBuffer()
        #expect(RDBLength.write(length, into: &buffer) == byteCount)
        #expect(buffer.readableBytes == byteCount)
        #expect(RDBLength.encodedByteCount(length) == byteCount)
        // As the count of a database, where it comes back as a value.
        let stream = RDBBytes.stream("REDIS0011") { file in
            file.byte(251)
            file.length(length)
            file.length(0)
        }
        let items = try Skimming(pieces: [1]).items(stream)
        #expect(items[1] == .information(.databaseSize(keyCount: length, expiringKeyCount: 0)))
    }

    @Test("a module's id spells its name")
    func moduleNames() {
        // MBbloom-- with encoding version 4, from its characters' places in the alphabet.
        let places: [UInt64] = [12, 1, 27, 37, 40, 40, 38, 62, 62]
        let id = RDBModuleID(rawValue: places.reduce(0) { $0 << 6 | $1 } << 10 | 4)
        #expect(id.name == "MBbloom--")
        #expect(id.encodingVersion == 4)
        let body = RDBBytes.build { $0.length(id.rawValue) }
        let format = SnapshotFormats.redis15
        #expect(RDBValueTypes.userName(type: 7, body: ByteBuffer(bytes: body), format: format) == "module:MBbloom--")
    }

    @Test("a value behind metadata of its key is named after itself")
    func metadataNames() {
        let metadata: [UInt8] = [1, 9, 9, 9, 9, 5, 1, 0x78, 0]
        let hash = ByteBuffer(bytes: metadata + [4, 0])
        #expect(RDBValueTypes.userName(type: 243, body: hash, format: SnapshotFormats.redis15) == "hash")
        let cut = ByteBuffer(bytes: metadata)
        #expect(RDBValueTypes.userName(type: 243, body: cut, format: SnapshotFormats.redis15) == nil)
        #expect(RDBValueTypes.userName(type: 243, body: hash, format: SnapshotFormats.valkey80) == nil)
    }
}
