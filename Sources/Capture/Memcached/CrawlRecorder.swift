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
        noteTime()
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

    /// The longest value that `add` takes.
    static let wholeValueLimit = 256 << 10

    /// Adds an item with its whole value; `needsFlush` is false.
    mutating func add(_ entry: PackedEntry, _ reply: OrdinaryReply, expiry: Expiry) throws {
        let item = MemcachedItem(
            clientFlags: reply.clientFlags,
            cas: knowsCAS ? reply.cas : nil,
            slabClass: entry.slabClass == 0 ? nil : UInt32(entry.slabClass),
            isFetched: reply.wasHit
        )
        let head = RawRecordHead(
            database: 0,
            type: MemcachedItem.recordType,
            expiry: expiry,
            access: .idle(seconds: reply.idleSeconds),
            key: entry.key
        )
        let room = MemcachedItem.maximumHeadByteCount + reply.value.count
        try sink.add(head, slabClass: entry.slabClass == 0 ? nil : entry.slabClass, room: room) { target in
            let headByteCount = item.write(to: target)
            if let value = reply.value.baseAddress {
                (target + headByteCount).copyMemory(from: value, byteCount: reply.value.count)
            }
            return headByteCount + reply.value.count
        }
    }

    /// Whether the block is full, and `flush` is due before the next item.
    var needsFlush: Bool { sink.needsFlush }

    /// Tells the sink when what is added from now on was read.
    mutating func noteTime() { sink.sampleAge = sample.age }

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

    /// Hands the block to the writer.
    mutating func flush() async throws {
        try await sink.flush()
        progress(sink.progress(of: expectedKeyCount))
    }
}
