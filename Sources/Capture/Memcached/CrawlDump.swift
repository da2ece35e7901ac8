import Memcached
import NIOCore
import Transport

/// The server's own listing of its items, on a connection that does nothing else.
struct CrawlDump: Sendable {
    /// Packed entries are handed on in chunks of about this size.
    static let chunkByteCount = 64 << 10
    /// How long to wait between two attempts to begin.
    private static let retryInterval = Duration.milliseconds(250)

    /// How the server walks.
    enum Walk: String, Sendable {
        /// By the hash table: no item is missed because it moves in the LRU.
        case hash
        /// By the lists of the LRU, for servers that know no other (before 1.6.10).
        case all
    }

    let connection: MemcachedConnection
    private(set) var walk = Walk.hash
    /// Items listed so far.
    private(set) var listedCount: UInt64 = 0
    private var parser = MetadumpParser()
    private var input = ByteBuffer()
    private var hasEnded = false

    /// Entries taken and not handed on.
    private var chunk = ByteBuffer()

    /// Begins a walk; waits while another is under way or the hash table grows.
    ///
    /// `runID` is of the process that must do it, if it matters.
    static func begin(_ options: ConnectionOptions, by runID: String? = nil) async throws -> Self {
        let connection = try await MemcachedConnection.connect(options)
        do {
            try await SameServer.check(connection, is: runID)
            var dump = Self(connection: connection)
            try await dump.begin(options)
            return dump
        } catch {
            await connection.close()
            throw error
        }
    }

    private init(connection: MemcachedConnection) {
        self.connection = connection
    }

    private mutating func begin(_ options: ConnectionOptions) async throws {
        let start = ContinuousClock.now
        var hasTold = false
        while true {
            parser = MetadumpParser()
            connection.send(ByteBuffer(string: "lru_crawler metadump \(walk.rawValue)\r\n"))
            guard let refusal = try await first() else { return }
            if refusal == .badClass, walk == .hash {
                walk = .all
                continue
            }
            guard refusal == .busy || refusal == .locked else { throw CaptureError(refusal, connection.address) }
            let reason = refusal == .busy ? "another walk over its items is under way" : "its hash table is growing"
            guard ContinuousClock.now - start < options.loadingPatience else {
                throw CaptureError(
                    .notReady,
                    "\(connection.address) lists no items: after \(options.loadingPatience.components.seconds) s still "
                        + "\(reason); try again when it is done ('stats' tells: lru_crawler_running, hash_is_expanding)"
                )
            }
            if !hasTold { options.onWait?("\(connection.address): \(reason); waiting") }
            hasTold = true
            try await Task.sleep(for: Self.retryInterval)
        }
    }

    /// Reads up to the first entry or the end, and keeps it; why there is none, if the server refuses.
    ///
    /// A server whose walk for somebody else is not read answers nothing at all until that is over (tried with 1.6.18).
    private mutating func first() async throws -> MetadumpParser.Refusal? {
        do {
            return try await firstEvent()
        } catch let error as TransportError where error.code == .timedOut {
            throw CaptureError(
                .notReady,
                "\(connection.address) begins no walk over its items: \(error.message) Another client's walk that nobody "
                    + "reads holds it up ('stats' tells: lru_crawler_running); try again when that is over"
            )
        }
    }

    private mutating func firstEvent() async throws -> MetadumpParser.Refusal? {
        while true {
            switch try nextEvent() {
            case .entry(let entry):
                try take(entry)
                return nil
            case .end:
                hasEnded = true
                return nil
            case .refused(let refusal): return refusal
            case nil: try await fill()
            }
        }
    }

    /// The first items that are listed, at most so many, which stay to be handed on.
    mutating func sample(count: Int) async throws -> [CrawlEntry] {
        while !hasEnded, listedCount < UInt64(count) {
            if try takeAll(upTo: count) { try await fill() }
        }
        var rest = chunk
        var entries: [CrawlEntry] = []
        while let entry = CrawlEntry(reading: &rest) { entries.append(entry) }
        return entries
    }

    /// Hands everything to the queue, as fast as the server lists it, and closes the connection.
    ///
    /// Runs on a ``BlockingExecutor``.
    mutating func drain(into queue: CrawlQueue) async throws {
        let wire = CrawlWire(connection)
        try await wire.takeSocket()
        while !hasEnded {
            let needsBytes = try takeAll(upTo: .max, handingOnTo: queue)
            if needsBytes, !hasEnded { try await wire.fill(&input) }
        }
        try queue.append(chunk)
        chunk = ByteBuffer()
        await connection.close()
    }

    /// Takes entries from what has been read; true if more bytes are needed.
    private mutating func takeAll(upTo limit: Int, handingOnTo queue: CrawlQueue? = nil) throws -> Bool {
        while listedCount < UInt64(limit) {
            takeOrdinary(upTo: limit)
            if let queue, chunk.readableBytes >= Self.chunkByteCount {
                try queue.append(chunk)
                chunk = ByteBufferAllocator().buffer(capacity: Self.chunkByteCount + PackedEntry.byteLimit)
                continue
            }
            guard listedCount < UInt64(limit) else { break }
            switch try nextEvent() {
            case .entry(let entry):
                try take(entry)
            case .end:
                hasEnded = true
                return false
            case .refused(let refusal):
                throw CaptureError(
                    .unstable,
                    "\(connection.address) broke its listing off (\(refusal)); try again"
                )
            case nil: return true
            }
        }
        return false
    }

    /// Packs the ordinary lines that come next, until the chunk is full.
    private mutating func takeOrdinary(upTo limit: Int) {
        listedCount += UInt64(Self.pack(&input, into: &chunk, upTo: limit - Int(listedCount)))
    }

    /// The entries that were packed.
    private static func pack(_ input: inout ByteBuffer, into chunk: inout ByteBuffer, upTo limit: Int) -> Int {
        var count = 0
        var taken = 0
        let room = chunkByteCount - chunk.readableBytes
        guard room > 0 else { return 0 }
        chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: room + PackedEntry.byteLimit) { target in
            guard let base = target.baseAddress else { return 0 }
            return input.withUnsafeReadableBytes { bytes in
                var written = 0
                while written < room, count < limit {
                    let line = UnsafeRawBufferPointer(rebasing: bytes[taken...])
                    let place = base + written
                    let keyPlace = PackedEntry.keyPlace(in: place)
                    guard let listed = OrdinaryListing(line, keyTo: keyPlace) else { break }
                    let key = UnsafeRawBufferPointer(start: keyPlace, count: listed.keyByteCount)
                    written += PackedEntry(listed, key: key).writeFields(to: place)
                    taken += listed.byteCount
                    count += 1
                }
                return written
            }
        }
        input.moveReaderIndex(forwardBy: taken)
        return count
    }

    private mutating func take(_ listed: MetadumpEntry) throws(CaptureError) {
        guard let entry = CrawlEntry(listed) else {
            throw CaptureError(.protocolViolation, "\(connection.address) listed a key longer than a key can be")
        }
        entry.write(to: &chunk)
        listedCount += 1
    }

    private mutating func nextEvent() throws(TransportError) -> MetadumpParser.Event? {
        do throws(MemcachedError) {
            return try parser.next(&input)
        } catch {
            throw TransportError(
                .protocolViolation,
                "\(connection.address) sent no valid listing: \(error)",
                cause: error
            )
        }
    }

    private mutating func fill() async throws(TransportError) {
        input.replenish(with: try await connection.next())
    }
}

extension ByteBuffer {
    /// Puts bytes behind those that are left, and forgets those that were read.
    mutating func replenish(with bytes: ByteBuffer) {
        guard readableBytes > 0 else {
            self = bytes
            return
        }
        discardReadBytes()
        writeImmutableBuffer(bytes)
    }
}

extension CaptureError {
    init(_ refusal: MetadumpParser.Refusal, _ address: String) {
        switch refusal {
        case .notAllowed:
            self.init(
                .denied,
                "\(address) does not let its items be listed (it runs with -X); start it without -X"
            )
        case .crawlerDisabled:
            self.init(
                .denied,
                "\(address) cannot list its items: its LRU crawler is off; turn it on with the command "
                    + "'lru_crawler enable', or start the server without -o no_lru_crawler"
            )
        case .badClass, .busy, .locked:
            self.init(.unsupported, "\(address) knows no walk over all of its items (lru_crawler metadump)")
        case .other(let text):
            self.init(.unsupported, "\(address) does not list its items (lru_crawler metadump): \(text)")
        }
    }
}
