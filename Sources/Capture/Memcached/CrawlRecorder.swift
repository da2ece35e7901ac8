import ArchiveFormat
import Memcached
import NIOCore
import SnapshotModel

/// Turns what a crawl reads into records.
struct CrawlRecorder: ~Copyable {
    var sink: RecordSink
    private let sample: CrawlSample
    private let knowsCAS: Bool
    private let expectedKeyCount: UInt64?
    private let progress: @Sendable (CaptureProgress) -> Void

    init(
        sink: consuming RecordSink,
        sample: CrawlSample,
        knowsCAS: Bool,
        expectedKeyCount: UInt64?,
        progress: @escaping @Sendable (CaptureProgress) -> Void
    ) {
        self.sink = sink
        self.sample = sample
        self.knowsCAS = knowsCAS
        self.expectedKeyCount = expectedKeyCount
        self.progress = progress
    }

    /// Begins the record of an item; its value follows in pieces.
    mutating func begin(_ entry: CrawlEntry, _ flags: MetaFlags, expiry: Expiry) throws {
        sink.sampleAge = sample.age
        try sink.begin(
            RecordHead(
                database: 0,
                type: MemcachedItem.recordType,
                expiry: expiry,
                access: flags.idleSeconds.map { .idle(seconds: $0) } ?? .none,
                key: entry.key
            )
        )
        let item = MemcachedItem(
            clientFlags: flags.clientFlags ?? 0,
            cas: knowsCAS ? flags.cas : nil,
            slabClass: entry.slabClass.map { UInt32($0) },
            isFetched: flags.wasHit ?? false,
            isStale: flags.marks.contains(.stale),
            hasSentWin: flags.marks.contains(.winSent),
            isBase64Key: flags.marks.contains(.base64Key)
        )
        item.write(to: &sink.blocks.builder.buffer)
    }

    mutating func take(_ piece: ByteBuffer) async throws {
        var piece = piece
        while piece.readableBytes > 0 {
            let room = sink.bodyLimit - sink.blocks.builder.buffer.readableBytes
            guard room > 0 else {
                try await flush()
                continue
            }
            guard let part = piece.readSlice(length: min(room, piece.readableBytes)) else { return }
            sink.blocks.builder.buffer.writeImmutableBuffer(part)
        }
    }

    mutating func end(_ entry: CrawlEntry) async throws {
        try sink.end(slabClass: entry.slabClass)
        if sink.needsFlush { try await flush() }
    }

    private mutating func flush() async throws {
        try await sink.flush()
        progress(sink.progress(of: expectedKeyCount))
    }
}
