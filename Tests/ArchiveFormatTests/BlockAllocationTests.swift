import ArchiveFormat
import NIOCore
import SnapshotModel
import TestSupport
import Testing

@Suite("what blocks of records allocate")
struct BlockAllocationTests {
    /// Objects for each record, building and encoding together; may only be lowered.
    static let largestCount = 0.1

    @Test("next to nothing for a record", arguments: [BlockCodec.none, .zlib(level: 1), .zstd(level: 1)])
    func records(_ codec: BlockCodec) throws {
        let encoder = BlockEncoder(archiveTag: 1)
        let decoder = BlockDecoder()
        let keys = (0..<2000).map { ByteBuffer(string: "key:\($0)") }
        let body = ByteBuffer(repeating: 7, count: 60)
        let perRecord = try AllocationCounter.countPerItem { recordCount in
            var builder = BlockBuilder()
            return {
                for number in 0..<recordCount {
                    try builder.begin(
                        RecordHead(
                            database: 0,
                            type: 0,
                            expiry: .at(UnixMilliseconds(Int64(number))),
                            access: .idle(seconds: 9),
                            key: keys[number]
                        )
                    )
                    body.withUnsafeReadableBytes { _ = builder.buffer.writeBytes($0) }
                    builder.end()
                }
                let block = builder.take()
                let encoded = try encoder.encode(block, codec: codec, number: 0, firstRecord: 0)
                try decoder.prove(encoded, madeOf: block.bytes)
            }
        }
        #expect(perRecord <= Self.largestCount)
    }
}
