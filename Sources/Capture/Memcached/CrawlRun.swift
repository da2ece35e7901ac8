import Memcached
import NIOCore
import Transport

/// Reads the value of every listed item: keeps all connections asked within their windows, and takes the answers of one
/// after the other.
///
///     queue -> batches -> commands on each connection -> replies in order -> records
struct CrawlRun: ~Copyable {
    /// Keys that are asked for together, and bytes of values that end such a batch.
    static let batchKeyCount = 1024
    static let batchByteCount = 256 << 10
    /// How often an item is asked for before its error is taken for an answer.
    private static let attemptLimit = 5
    /// Between two attempts; what passes by itself, such as a lack of buffers, then has.
    private static let retryPause = Duration.milliseconds(50)

    var recorder: CrawlRecorder
    /// Items that were gone when they were read.
    private(set) var vanishedCount: UInt64 = 0
    /// Items that could not be read, by the server's words.
    private(set) var unreadable: [String: UInt64] = [:]
    /// Items whose keys no command can name.
    private(set) var namelessCount: UInt64 = 0
    /// Readings that were repeated because of an error.
    private(set) var rereadCount: UInt64 = 0
    private(set) var renewals: CrawlRenewals

    private let source: CrawlSource
    private let links: [CrawlLink]
    private let queue: CrawlQueue
    private var rateLimit: KeyRateLimit?
    /// Packed entries that nobody was asked for.
    private var waiting = ByteBuffer()
    /// Packed entries whose reading ended in an error, and how often; the latest error of each kind is kept.
    private var failed: [(entry: CrawlEntry, attempt: Int)] = []
    private var hasAll = false

    init(recorder: consuming CrawlRecorder, source: CrawlSource, queue: CrawlQueue, keysPerSecond: Int?) {
        self.recorder = recorder
        self.source = source
        self.queue = queue
        links = source.links.map { CrawlLink(connection: $0, now: source.time) }
        rateLimit = keysPerSecond.map { KeyRateLimit(keysPerSecond: $0) }
        renewals = CrawlRenewals(control: source.control, knowsCAS: source.knowsCAS)
    }

    var unreadableCount: UInt64 { unreadable.values.reduce(namelessCount, +) }

    /// The time in which the sockets were not read because records were not taken fast enough.
    var pausedTime: Duration { links.reduce(.zero) { $0 + $1.connection.pausedTime } }

    /// Runs on a ``BlockingExecutor``.
    mutating func read() async throws {
        for link in links { try await link.wire.takeSocket() }
        var turn = 0
        while true {
            try await askAll()
            guard links.contains(where: \.isOwed) else {
                if hasAll, waiting.readableBytes == 0, failed.isEmpty { return }
                if !failed.isEmpty { try await askAgain() } else { await queue.wait() }
                continue
            }
            while !links[turn].isOwed { turn = (turn + 1) % links.count }
            try await takeBatch(from: links[turn])
            turn = (turn + 1) % links.count
        }
    }

    // MARK: Asking

    private mutating func askAll() async throws {
        for link in links {
            while link.hasRoom, try moreIsWaiting() {
                let batch = nextBatch()
                if let delay = rateLimit?.delay(keyCount: batch.count, now: .now), delay > .zero {
                    try await Task.sleep(for: delay)
                }
                try link.ask(batch)
            }
        }
    }

    private mutating func moreIsWaiting() throws -> Bool {
        while waiting.readableBytes == 0 {
            switch try queue.take() {
            case .chunk(let chunk): waiting = chunk
            case .nothingYet: return false
            case .end:
                hasAll = true
                return false
            }
        }
        return true
    }

    private mutating func nextBatch() -> CrawlLink.Batch {
        let limit = min(Self.batchKeyCount, rateLimit?.batchLimit ?? .max)
        let start = waiting
        var count = 0
        var byteCount = 0
        while count < limit, byteCount < Self.batchByteCount, let entry = CrawlEntry(reading: &waiting) {
            count += 1
            byteCount += Int(entry.storedByteCount)
        }
        let entries = start.getSlice(at: start.readerIndex, length: start.readableBytes - waiting.readableBytes)
        return CrawlLink.Batch(entries: entries ?? ByteBuffer(), count: count, byteCount: byteCount, attempt: 1)
    }

    /// Asks once more for what was answered with an error, one at a time.
    private mutating func askAgain() async throws {
        try await Task.sleep(for: Self.retryPause)
        let again = failed
        failed = []
        for (entry, attempt) in again {
            var entries = ByteBuffer()
            entry.write(to: &entries)
            rereadCount += 1
            try links[0].ask(CrawlLink.Batch(entries: entries, count: 1, byteCount: 0, attempt: attempt + 1))
            try await takeBatch(from: links[0])
        }
    }

    // MARK: Reading

    private mutating func takeBatch(from link: CrawlLink) async throws {
        guard let batch = link.beginBatch() else { return }
        var entries = batch.entries
        var latest = source.latestTime
        var ordinal = try takeOrdinary(&entries, from: link, latest: latest)
        while true {
            if recorder.needsFlush {
                try await recorder.flush()
                ordinal += try takeOrdinary(&entries, from: link, latest: latest)
                continue
            }
            guard let entry = CrawlEntry(reading: &entries) else { break }
            let reply: MetaReply
            if let ready = try link.reply() {
                reply = ready
            } else {
                reply = try await self.reply(of: link)
                latest = source.latestTime
            }
            switch reply {
            case .value(let flags, let value):
                try await take(entry, flags, value, from: link, ordinal: ordinal, latest: latest)
            case .largeValue(let flags, _):
                try await takeLarge(entry, flags, from: link, ordinal: ordinal, latest: latest)
            case .miss: vanishedCount += 1
            case .error(let error): try take(error, for: entry, attempt: batch.attempt)
            default: throw violation(link)
            }
            ordinal += 1 + (try takeOrdinary(&entries, from: link, latest: latest))
        }
        link.endBatch(batch)
    }

    /// Takes the ordinary replies that come next and are there, until the block is full; returns their number.
    ///
    /// Everything else is left to be taken one by one: it may have to be waited for.
    private mutating func takeOrdinary(_ entries: inout ByteBuffer, from link: CrawlLink, latest: Int64) throws -> Int {
        recorder.noteTime()
        var clock = link.clock
        var count = 0
        var read = 0
        try link.withInput { input in
            var taken = 0
            try entries.withUnsafeReadableBytes { entries in
                while !recorder.needsFlush,
                    let entry = PackedEntry(UnsafeRawBufferPointer(rebasing: entries[read...])),
                    let reply = OrdinaryReply(UnsafeRawBufferPointer(rebasing: input[taken...]), key: entry.key),
                    reply.value.count <= CrawlRecorder.wholeValueLimit
                {
                    let expiry = clock.expiry(
                        listed: entry.expiry == PackedEntry.never ? nil : entry.expiry,
                        lastAccess: entry.lastAccess,
                        remaining: reply.remainingSeconds,
                        idle: reply.idleSeconds,
                        latest: latest
                    )
                    try recorder.add(entry, reply, expiry: expiry)
                    taken += reply.byteCount
                    read += entry.byteCount
                    count += 1
                }
            }
            return taken
        }
        link.clock = clock
        entries.moveReaderIndex(forwardBy: read)
        return count
    }

    private func reply(of link: CrawlLink) async throws -> MetaReply {
        while true {
            if let reply = try link.reply() { return reply }
            try await link.fill()
        }
    }

    private mutating func take(
        _ entry: CrawlEntry,
        _ flags: MetaFlags,
        _ value: ByteBuffer,
        from link: CrawlLink,
        ordinal: Int,
        latest: Int64
    ) async throws {
        try begin(entry, flags, from: link, ordinal: ordinal, latest: latest)
        try await recorder.take(value)
        try await end(entry, flags)
    }

    private mutating func takeLarge(
        _ entry: CrawlEntry,
        _ flags: MetaFlags,
        from link: CrawlLink,
        ordinal: Int,
        latest: Int64
    ) async throws {
        try begin(entry, flags, from: link, ordinal: ordinal, latest: latest)
        while true {
            guard case .piece(let piece, let isLast) = try await reply(of: link) else { throw violation(link) }
            try await recorder.take(piece)
            if isLast { break }
        }
        try await end(entry, flags)
    }

    private mutating func begin(
        _ entry: CrawlEntry,
        _ flags: MetaFlags,
        from link: CrawlLink,
        ordinal: Int,
        latest: Int64
    ) throws {
        guard CrawlQuestion.isAnswered(entry, ordinal: ordinal, by: flags), let remaining = flags.remainingSeconds
        else { throw violation(link) }
        let expiry = link.clock.expiry(of: entry, remaining: remaining, idle: flags.idleSeconds, latest: latest)
        try recorder.begin(entry, flags, expiry: expiry)
    }

    private mutating func end(_ entry: CrawlEntry, _ flags: MetaFlags) async throws {
        try await recorder.end(entry)
        if flags.marks.contains(.won) { try await renewals.giveBack(entry.key, cas: flags.cas) }
    }

    private mutating func take(_ error: MetaError, for entry: CrawlEntry, attempt: Int) throws {
        // What was sent is wrong: it will be at every attempt.
        if error.kind == .server, attempt < Self.attemptLimit {
            failed.append((entry, attempt))
        } else if KeyForm.naming(entry.key) == nil {
            namelessCount += 1
        } else {
            unreadable[error.text, default: 0] += 1
        }
    }

    private func violation(_ link: CrawlLink) -> TransportError {
        TransportError(
            .protocolViolation,
            "\(link.connection.address) answered the reading of an item with what belongs to none or to another"
        )
    }
}
