import NIOCore
import RESP
import Transport

/// One pass of SCAN over a node: keeps the pipeline filled within the window, and hands what comes to the receiver.
///
///     scan -> keys wait here -> transactions within the window -> replies -> receiver
///     a pair that does not fit together -> its key waits here again
package struct ScanRun<Receiver: ScanReceiver & ~Copyable>: ~Copyable {
    /// How often a key is read before the source is called unstable.
    private static var attemptLimit: Int { 50 }
    /// Keys that may wait before the next SCAN is sent, as a multiple of its COUNT.
    private static var waitingScans: Int { 2 }

    package var receiver: Receiver
    let exchange: ReplyExchange
    /// Keys that SCAN reported and that were gone when they were read.
    package private(set) var vanishedKeyCount: UInt64 = 0
    /// Readings that were thrown away because value and deadline did not belong together.
    private(set) var rereadKeyCount: UInt64 = 0

    private let dialect: ScanDialect
    private let address: String
    private var replies: ScanReplyReader
    private var window: ScanWindow
    private var rateLimit: KeyRateLimit?
    private var input = ByteBuffer()

    /// Keys that wait to be read, and how many of the first ones' keys were asked for.
    private var waiting = CircularBuffer<ScanKeys>()
    private var waitingKeyCount = 0
    private var firstOffset = 0
    /// The cursor for the next SCAN; nil while one is under way or after the last one.
    private var nextCursor: UInt64?
    private var requestsUnderWay = 0
    private var inconsistent = ScanKeys()
    private var largeReading: KeyReading?

    init(
        receiver: consuming Receiver,
        dialect: ScanDialect,
        batchLimit: Int,
        keysPerSecond: Int?,
        exchange: ReplyExchange,
        address: String
    ) {
        self.receiver = receiver
        self.dialect = dialect
        self.exchange = exchange
        self.address = address
        rateLimit = keysPerSecond.map { KeyRateLimit(keysPerSecond: $0) }
        window = ScanWindow(batchLimit: min(batchLimit, rateLimit?.batchLimit ?? .max))
        replies = ScanReplyReader(dialect: dialect, address: address)
    }

    /// Reads every key of a database.
    package mutating func read(database: UInt32) async throws {
        select(database)
        nextCursor = 0
        try await readAll()
    }

    /// Reads these keys of a database, each once.
    package mutating func read(_ keys: ScanKeys, of database: UInt32) async throws {
        select(database)
        enqueue(keys)
        try await readAll()
    }

    /// Gives the connection back to commands.
    package func finish() async throws {
        try await exchange.finish()
    }

    private mutating func select(_ database: UInt32) {
        receiver.begin(database: database)
        var select = ByteBuffer()
        select.writeCommand("SELECT", .number(Int64(database)))
        expect(.select)
        exchange.send(select)
    }

    private mutating func readAll() async throws {
        while true {
            try await fillWindow()
            guard requestsUnderWay > 0 else { return }
            try await takeReplies()
        }
    }

    // MARK: Asking

    private mutating func fillWindow() async throws {
        var commands = ByteBuffer()
        // The next SCAN goes before the transactions, so that its keys are there when these have been read.
        if let cursor = nextCursor, waitingKeyCount < Self.waitingScans * Int(dialect.scanCount) {
            nextCursor = nil
            dialect.writeScan(cursor: cursor, to: &commands)
            expect(.scan)
        }
        while let keys = waiting.first {
            let size = window.nextBatch(available: keys.count - firstOffset)
            guard size > 0 else { break }
            if let delay = rateLimit?.delay(keyCount: size, now: .now), delay > .zero {
                if commands.readableBytes > 0 { exchange.send(commands) }
                commands = ByteBuffer()
                try await Task.sleep(for: delay)
            }
            let batch = ScanBatch(keys: keys, range: firstOffset..<firstOffset + size)
            dialect.write(batch, to: &commands)
            expect(.transaction(batch))
            window.sent(keyCount: size)
            waitingKeyCount -= size
            firstOffset += size
            if firstOffset == keys.count {
                waiting.removeFirst()
                firstOffset = 0
            }
        }
        if commands.readableBytes > 0 { exchange.send(commands) }
    }

    private mutating func expect(_ request: ScanReplyReader.Request) {
        replies.expect(request)
        requestsUnderWay += 1
    }

    // MARK: Reading

    /// Waits for bytes, then takes all events that they complete.
    private mutating func takeReplies() async throws {
        var bytes = try await exchange.next()
        // Copied behind what is left over, so that one buffer serves all along, and the connection's are free again.
        input.discardReadBytes()
        input.writeBuffer(&bytes)
        while let event = try replies.next(&input) {
            switch event {
            case .value(let reading, let payload): try await take(reading, payload)
            case .largeValue(let reading, let byteCount): begin(reading, byteCount: byteCount)
            case .piece(let bytes, let isLast): try await take(piece: bytes, isLast: isLast)
            case .noValue(let reading): takeAbsence(reading)
            case .selected: requestsUnderWay -= 1
            case .scanned(let next, let keys):
                requestsUnderWay -= 1
                nextCursor = next == 0 ? nil : next
                enqueue(keys)
            case .batchEnded(let keyCount, let byteCount, let largest, let attempt):
                requestsUnderWay -= 1
                window.received(keyCount: keyCount, byteCount: byteCount, largest: largest)
                try endBatch(attempt: attempt)
            }
        }
    }

    private mutating func enqueue(_ keys: ScanKeys) {
        guard !keys.isEmpty else { return }
        waiting.append(keys)
        waitingKeyCount += keys.count
    }

    private mutating func take(_ reading: KeyReading, _ payload: ByteBuffer) async throws {
        guard reading.deadline != .noKey else { return readAgain(reading) }
        try await receiver.take(reading, payload: payload)
    }

    private mutating func begin(_ reading: KeyReading, byteCount: Int) {
        largeReading = reading
        if reading.deadline != .noKey { receiver.begin(reading, payloadByteCount: byteCount) }
    }

    private mutating func take(piece: ByteBuffer, isLast: Bool) async throws {
        guard let reading = largeReading else { return }
        if isLast { largeReading = nil }
        if reading.deadline != .noKey {
            try await receiver.take(piece: piece, isLast: isLast)
        } else if isLast {
            readAgain(reading)
        }
    }

    /// DUMP answered nil.
    private mutating func takeAbsence(_ reading: KeyReading) {
        guard reading.deadline == .noKey else { return readAgain(reading) }
        vanishedKeyCount += 1
        receiver.vanished(reading.key)
    }

    private mutating func readAgain(_ reading: KeyReading) {
        rereadKeyCount += 1
        inconsistent.append(reading.key)
    }

    /// Puts the keys whose pairs did not fit together back into the queue.
    private mutating func endBatch(attempt: Int) throws(CaptureError) {
        guard !inconsistent.isEmpty else { return }
        guard attempt < Self.attemptLimit else {
            throw CaptureError(
                .unstable,
                "\(address) gave \(attempt) times a value and a deadline that do not belong to the same key"
            )
        }
        inconsistent.attempt = attempt + 1
        enqueue(inconsistent)
        inconsistent = ScanKeys()
    }
}
