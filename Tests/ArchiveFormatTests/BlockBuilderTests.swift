import ArchiveFormat
import NIOCore
import SnapshotModel
import TestSupport
import Testing

@Suite("Blocks of records")
struct BlockBuilderTests {
    @Test(
        "keep every field of a record",
        arguments: [
            RecordHead(database: 0, type: 0, key: ByteBuffer()),
            RecordHead(
                database: .max,
                type: 255,
                expiry: .at(UnixMilliseconds(.min)),
                key: ByteBuffer(bytes: [0, 13, 10, 255])
            ),
            RecordHead(
                database: 127,
                type: 1,
                expiry: .at(UnixMilliseconds(.max)),
                access: .idle(seconds: .max),
                key: ByteBuffer(string: "a")
            ),
            RecordHead(
                database: 128,
                type: 2,
                expiry: .at(UnixMilliseconds(-1)),
                access: .frequency(0),
                key: ByteBuffer(string: "b")
            ),
            RecordHead(database: 9, type: 3, access: .idle(seconds: 0), key: ByteBuffer(repeating: 7, count: 70_000)),
            RecordHead(kind: .functionLibrary, database: 0, type: 0, key: ByteBuffer()),
            RecordHead(kind: .moduleAuxiliary, database: 3, type: 9, access: .frequency(255), key: ByteBuffer()),
        ]
    )
    func fields(_ head: RecordHead) throws {
        var builder = BlockBuilder()
        for body in ["", "first", ""] {
            try builder.begin(head)
            builder.buffer.writeString(body)
            builder.end()
        }
        let block = try builder.take().decoded()
        var records = block.records()
        for (ordinal, body) in ["", "first", ""].enumerated() {
            let record = try #require(try records.next())
            #expect(record.head(in: block.bytes) == head)
            #expect(String(buffer: record.body(in: block.bytes)) == body)
            #expect(record.ordinal == ordinal)
            #expect(record.chunk == nil)
        }
        #expect(try records.next() == nil)
        #expect(block.header.recordCount == 3)
    }

    @Test("tell the range of their databases, and where each record begins")
    func databases() throws {
        var builder = BlockBuilder()
        for database in [5, 2, 9] as [UInt32] {
            try builder.begin(RecordHead(database: database, type: 0, key: ByteBuffer(string: "k")))
            builder.end()
        }
        #expect(builder.take().databases == 2...9)
        let place = try builder.begin(RecordHead(database: 1, type: 0, key: ByteBuffer()))
        builder.end()
        #expect(place == RecordPlace(block: 1, ordinal: 0))
        #expect(builder.take().databases == 1...1)
        #expect(builder.take().databases == nil)
    }

    @Test("are full at their target, counting heads and deadlines")
    func isFull() throws {
        var builder = BlockBuilder(targetByteCount: 100)
        // Each head takes 8 bytes, each deadline 8.
        for number in 0..<7 {
            #expect(!builder.isFull, "after \(number) records")
            try builder.begin(
                RecordHead(database: 0, type: 0, expiry: .at(UnixMilliseconds(1)), key: ByteBuffer(string: "key"))
            )
            builder.end()
        }
        #expect(builder.isFull)
        #expect(builder.bodyLimit == 200)
    }

    @Test("carry a value on in as many chunks as it takes, with the records around it")
    func chunks() throws {
        var builder = BlockBuilder(targetByteCount: 100)
        let head = RecordHead(
            database: 3,
            type: 4,
            expiry: .at(UnixMilliseconds(77)),
            access: .frequency(9),
            key: ByteBuffer(string: "long")
        )
        try builder.begin(RecordHead(database: 0, type: 0, key: ByteBuffer(string: "before")))
        builder.end()
        try builder.begin(head)
        var blocks: [DecodedBlock] = []
        for piece in ["one", "two!", "three"] {
            builder.buffer.writeString(piece)
            builder.cut()
            blocks.append(try builder.take().decoded(number: UInt32(blocks.count)))
        }
        builder.end()
        try builder.begin(RecordHead(database: 0, type: 0, key: ByteBuffer(string: "after")))
        builder.end()
        blocks.append(try builder.take().decoded(number: 3))

        let records = try blocks.map { block in
            var cursor = block.records()
            var records: [RecordLayout] = []
            while let record = try cursor.next() { records.append(record) }
            return records
        }
        #expect(records.map(\.count) == [2, 1, 1, 2])
        #expect(records[0][1].head(in: blocks[0].bytes) == head)
        #expect(blocks.map(\.header.recordCount) == [2, 0, 0, 1])
        #expect(
            [records[0][1], records[1][0], records[2][0], records[3][0]].map(\.chunk) == [
                ChunkPosition(number: 0, byteOffset: 0, isLast: false),
                ChunkPosition(number: 1, byteOffset: 3, isLast: false),
                ChunkPosition(number: 2, byteOffset: 7, isLast: false),
                ChunkPosition(number: 3, byteOffset: 12, isLast: true),
            ]
        )
        #expect(records[1][0].isContinuation)
        #expect(records[1][0].database == 3 && records[1][0].type == 4 && records[1][0].expiry == .never)
        #expect(String(buffer: records[3][1].key(in: blocks[3].bytes)) == "after")
    }

    @Test("refuse a key beyond 64 MiB, and go on without it")
    func keyTooLarge() throws {
        var builder = BlockBuilder()
        let key = ByteBuffer(repeating: 1, count: ArchiveLimits.maximumKeyByteCount + 1)
        let error = ArchiveError.keyTooLarge(byteCount: key.readableBytes, limit: ArchiveLimits.maximumKeyByteCount)
        #expect(throws: error) { try builder.begin(RecordHead(database: 0, type: 0, key: key)) }
        #expect(builder.isEmpty)
        try builder.begin(RecordHead(database: 0, type: 0, key: ByteBuffer(string: "small")))
        builder.end()
        #expect(builder.take().recordCount == 1)
    }

    @Test("never read past their end, whatever their bytes are")
    func mutations() throws {
        var random = SeededGenerator.fromEnvironment("block mutations", fallback: 61)
        var builder = BlockBuilder()
        for number in 0..<20 {
            let key = ByteBuffer(string: "key:\(number)")
            try builder.begin(
                RecordHead(
                    database: 1,
                    type: 0,
                    expiry: .at(UnixMilliseconds(5)),
                    access: .idle(seconds: 300),
                    key: key
                )
            )
            builder.buffer.writeString("body")
            builder.end()
        }
        let block = try builder.take().decoded()
        var refusedCount = 0
        for _ in 0..<20_000 {
            var bytes = block.bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let offset = Int.random(in: 0..<bytes.readableBytes, using: &random)
                bytes.setInteger(UInt8.random(in: 0...255, using: &random), at: offset)
            }
            var cursor = RecordCursor(bytes, header: block.header, at: 0)
            do {
                while let record = try cursor.next() {
                    #expect(record.keyRange.upperBound <= bytes.readableBytes)
                    #expect(record.bodyRange.upperBound <= block.header.bodyByteCount)
                }
            } catch {
                refusedCount += 1
            }
        }
        #expect(refusedCount > 1000)
    }
}

extension RawBlock {
    /// The block as it is read again.
    func decoded(number: UInt32 = 0) throws -> DecodedBlock {
        let encoded = try BlockEncoder(archiveTag: 1).encode(
            self,
            codec: .zlib(level: 1),
            number: number,
            firstRecord: 0
        )
        let header = try BlockHeader.decode(encoded.bytes, at: 0)
        var stored = encoded.bytes
        stored.moveReaderIndex(forwardBy: BlockHeader.Layout.byteCount)
        return try BlockDecoder().decode(header, stored: stored, at: 0)
    }
}
