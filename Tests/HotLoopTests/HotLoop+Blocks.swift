import ArchiveFormat
import NIOCore
import SnapshotModel

extension HotLoop {
    /// Smaller than usual, so that there are some.
    private static let blockByteCount = 64 << 10

    /// Blocks of records, without compression.
    static func buildBlocks(_ itemCount: Int) -> Run {
        let records = SampleRecord.some(itemCount)
        let pool = BlockBufferPool()
        return {
            try build(records, in: pool) { block in
                var block = block
                pool.give(block.takeBytes())
            }
        }
    }

    /// The same, with each block compressed, and proven by what it decompresses to.
    static func encodeBlocks(_ itemCount: Int, _ codec: BlockCodec) throws -> Run {
        let records = SampleRecord.some(itemCount)
        let pool = BlockBufferPool()
        let encoder = BlockEncoder(archiveTag: 1, pool: pool)
        let decoder = BlockDecoder(pool: pool)
        return {
            var number: UInt32 = 0
            try build(records, in: pool) { block in
                var block = block
                var encoded = try encoder.encode(block, codec: codec, number: number, firstRecord: 0)
                try decoder.prove(encoded, madeOf: block.bytes)
                number += 1
                pool.give(block.takeBytes())
                pool.give(encoded.takeBytes())
            }
        }
    }

    /// Blocks of an archive, decompressed and gone through.
    static func decodeBlocks(_ itemCount: Int) throws -> Run {
        let pool = BlockBufferPool()
        let encoder = BlockEncoder(archiveTag: 1)
        var blocks: [EncodedBlock] = []
        try build(SampleRecord.some(itemCount), in: BlockBufferPool()) { block in
            blocks.append(try encoder.encode(block, codec: .standard, number: UInt32(blocks.count), firstRecord: 0))
        }
        return {
            let decoder = BlockDecoder(pool: pool)
            var count = 0
            for block in blocks {
                let header = try BlockHeader.decode(block.bytes, at: 0)
                var stored = block.bytes
                stored.moveReaderIndex(forwardBy: BlockHeader.Layout.byteCount)
                var decoded = try decoder.decode(header, stored: stored, at: 0)
                count += try walk(decoded)
                pool.give(decoded.takeBytes())
            }
            try expect(count, of: itemCount, "the decoder")
        }
    }

    private static func walk(_ block: DecodedBlock) throws -> Int {
        var cursor = block.records()
        var count = 0
        while let record = try cursor.next() {
            _ = record.keyHash(in: block.bytes)
            count += 1
        }
        return count
    }

    private static func build(
        _ records: [SampleRecord],
        in pool: BlockBufferPool,
        _ take: (consuming RawBlock) throws -> Void
    ) throws {
        var builder = BlockBuilder(targetByteCount: blockByteCount, pool: pool)
        for record in records {
            try builder.begin(record.head)
            builder.buffer.writeImmutableBuffer(record.body)
            builder.end()
            if builder.isFull { try take(builder.take()) }
        }
        try take(builder.take())
    }
}
