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
    private static let windowByteCount = 512 << 10
    private static let windowKeyCount = 2048

    let connection: MemcachedConnection
    var clock: CrawlClock
    private(set) var batches = CircularBuffer<Batch>()
    private var keyCount = 0
    private var byteCount = 0
    private var parser = MetaReplyParser()
    private var input = ByteBuffer()

    init(connection: MemcachedConnection, now: Int64) {
        self.connection = connection
        clock = CrawlClock(now: now)
    }

    var isOwed: Bool { !batches.isEmpty }
    var hasRoom: Bool { batches.isEmpty || (byteCount < Self.windowByteCount && keyCount < Self.windowKeyCount) }

    func ask(_ batch: Batch) {
        connection.send(CrawlQuestion.commands(for: batch.entries))
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
        input.replenish(with: try await connection.next())
    }
}

/// The command that reads an item, and whether an answer belongs to it.
enum CrawlQuestion {
    /// `u`: no bump in the LRU, no mark as fetched; `l` and `h` tell the state from before the command all the same.
    ///
    /// `k` gives the key back, and with it whether it was stored in Base64. A key that is no word is not asked for: the
    /// server would write what was not stored in Base64 into the reply as it is.
    private static let wordFlags: StaticString = "v k f t c l h u"
    private static let otherFlags: StaticString = "v f t c l h u"

    /// One command for each of the packed entries.
    static func commands(for entries: ByteBuffer) -> ByteBuffer {
        var rest = entries
        var commands = ByteBufferAllocator().buffer(capacity: entries.readableBytes * 2)
        var ordinal = 0
        while let entry = CrawlEntry(reading: &rest) {
            write(entry, ordinal: ordinal, to: &commands)
            ordinal += 1
        }
        return commands
    }

    private static func write(_ entry: CrawlEntry, ordinal: Int, to commands: inout ByteBuffer) {
        switch KeyForm.needed(by: entry.key) {
        case .text: commands.writeMetaGet(entry.key, .text, flags: wordFlags)
        case .base64:
            // What has no form at all gets the server's refusal, which counts it.
            let form = KeyForm.naming(entry.key) ?? .base64
            commands.writeMetaGet(entry.key, form, flags: otherFlags, opaque: ordinal)
        }
    }

    /// Whether a reply with these flags answers the entry of that number.
    static func isAnswered(_ entry: CrawlEntry, ordinal: Int, by flags: MetaFlags) -> Bool {
        guard let key = flags.key else { return flags.opaque == UInt64(ordinal) }
        return flags.marks.contains(.base64Key) ? Base64Key.decode(key) == entry.key : key == entry.key
    }
}
