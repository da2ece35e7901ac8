import Memcached
import NIOCore
import Transport

/// One connection that values are read on: the batches asked for and what came of the answers.
///
/// Every command is answered by one reply, in order.
final class CrawlLink {
    /// Entries that were asked for together.
    struct Batch {
        /// Packed.
        var entries: ByteBuffer
        var count: Int
        /// Bytes of values to expect, by the listing.
        var byteCount: Int
        /// How often these were asked for.
        var attempt: Int
    }

    /// Asked for and not answered, in bytes to expect; a single batch may be larger.
    private static let windowByteCount = 1 << 20
    private static let windowKeyCount = 4096

    let wire: CrawlWire
    var clock: CrawlClock
    private(set) var batches = CircularBuffer<Batch>()
    private var keyCount = 0
    private var byteCount = 0
    private var parser = MetaReplyParser()
    private var input = ByteBuffer()

    init(connection: MemcachedConnection, now: Int64) {
        wire = CrawlWire(connection)
        clock = CrawlClock(now: now)
    }

    var connection: MemcachedConnection { wire.connection }
    var isOwed: Bool { !batches.isEmpty }
    var hasRoom: Bool { batches.isEmpty || (byteCount < Self.windowByteCount && keyCount < Self.windowKeyCount) }

    func ask(_ batch: Batch) throws(TransportError) {
        try wire.send(CrawlQuestion.commands(for: batch.entries))
        batches.append(batch)
        keyCount += batch.count
        byteCount += batch.byteCount
    }

    /// The oldest batch, whose replies come next.
    func beginBatch() -> Batch? {
        batches.popFirst()
    }

    func endBatch(_ batch: Batch) {
        keyCount -= batch.count
        byteCount -= batch.byteCount
    }

    /// Gives what has come and not been taken; `body` returns how many bytes it took.
    func withInput(_ body: (UnsafeRawBufferPointer) throws -> Int) rethrows {
        let taken = try input.withUnsafeReadableBytes { try body($0) }
        input.moveReaderIndex(forwardBy: taken)
    }

    /// What is there of the next reply; nil if more bytes are needed.
    func reply() throws(TransportError) -> MetaReply? {
        do throws(MemcachedError) {
            return try parser.next(&input)
        } catch {
            let address = connection.address
            throw TransportError(.protocolViolation, "\(address) sent no valid reply: \(error)", cause: error)
        }
    }

    func fill() async throws(TransportError) {
        try await wire.fill(&input)
    }
}
