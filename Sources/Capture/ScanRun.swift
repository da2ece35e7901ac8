import ArchiveFormat
import NIOCore
import RDB
import RESP
import SnapshotModel
import Transport

/// One pass of SCAN over a node: keeps the pipeline filled within the window, and moves what comes to the sink.
///
///     scan -> keys wait here -> transactions within the window -> replies -> records
///     a pair that does not fit together -> its key waits here again
struct ScanRun: ~Copyable {
    /// How often a key is read before the source is called unstable.
    private static let attemptLimit = 50
    /// Keys that may wait before the next SCAN is sent, as a multiple of its COUNT.
    private static let waitingScans = 2

    var sink: RecordSink
    var dumps: DumpReader
    let exchange: ReplyExchange
    /// Keys that SCAN reported and that were gone when they were read.
    private(set) var vanishedKeyCount: UInt64 = 0
    /// Readings that were thrown away because value and deadline did not belong together.
    private(set) var rereadKeyCount: UInt64 = 0
    private(set) var warnings: [String] = []

    private let dialect: ScanDialect
    private let address: String
    private let expectedKeyCount: UInt64
    private let progress: @Sendable (CaptureProgress) -> Void
    private var replies: ScanReplyReader
    private var window: ScanWindow
    private var rateLimit: KeyRateLimit?
    private var input = ByteBuffer()

    private var database: UInt32 = 0
    /// Keys that wait to be read, and how many of the first ones' keys were asked for.
    private var waiting = CircularBuffer<ScanKeys>()
    private var waitingKeyCount = 0
    private var firstOffset = 0
    /// The cursor for the next SCAN; nil while one is under way or after the last one.
    private var nextCursor: UInt64?
    private var requestsUnderWay = 0
    private var inconsistent = ScanKeys()
    private var largePayload: LargePayload?

    init(
        sink: consuming RecordSink,
        dumps: DumpReader,
        dialect: ScanDialect,
        batchLimit: Int,
        keysPerSecond: Int?,
        exchange: ReplyExchange,
        address: String,
        expectedKeyCount: UInt64,
        progress: @escaping @Sendable (CaptureProgress) -> Void
    ) {
        self.sink = sink
        self.dumps = dumps
        self.dialect = dialect
        self.exchange = exchange
        self.address = address
        self.expectedKeyCount = expectedKeyCount
        self.progress = progress
        rateLimit = keysPerSecond.map { KeyRateLimit(keysPerSecond: $0) }
        window = ScanWindow(batchLimit: min(batchLimit, rateLimit?.batchLimit ?? .max))
        replies = ScanReplyReader(dialect: dialect, address: address)
    }

    /// Reads every key of a database.
    mutating func read(database: UInt32) async throws {
        self.database = database
        var select = ByteBuffer()
        select.writeCommand("SELECT", .number(Int64(database)))
        send(select, .select)
        nextCursor = 0
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

    private mutating func send(_ command: ByteBuffer, _ request: ScanReplyReader.Request) {
        expect(request)
        exchange.send(command)
    }

    private mutating func expect(_ request: ScanReplyReader.Request) {
        replies.expect(request)
        requestsUnderWay += 1
    }

    // MARK: Reading

    /// Waits for bytes, then takes all events that they complete.
    private mutating func takeReplies() async throws {
        var bytes = try await exchange.next()
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.writeBuffer(&bytes)
        }
        while let event = try replies.next(&input) {
            switch event {
            case .value(let reading, let payload): try await take(reading, payload)
            case .largeValue(let reading, let byteCount): largePayload = LargePayload(reading, byteCount: byteCount)
            case .piece(let bytes, let isLast): try await take(piece: bytes, isLast: isLast)
            case .noValue(let reading):
                if reading.deadline == .noKey { vanishedKeyCount += 1 } else { readAgain(reading) }
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
        var (type, body) = try Self.damaged(address) { () throws in try dumps.open(payload) }
        try sink.begin(head(reading, type: type))
        dumps.begin(type: type)
        try await skim(&body)
        try await end()
    }

    private mutating func take(piece: ByteBuffer, isLast: Bool) async throws {
        guard var large = largePayload.take() else { return }
        let isFirst = large.type == nil
        var body = large.take(piece)
        let isKept = large.reading.deadline != .noKey
        if isKept, let type = large.type {
            if isFirst {
                try sink.begin(head(large.reading, type: type))
                dumps.begin(type: type)
            }
            try await skim(&body)
        }
        guard isLast else {
            largePayload = large
            return
        }
        let version = try Self.damaged(address) { () throws in try large.finish() }
        guard isKept, let type = large.type else { return readAgain(large.reading) }
        try await end()
        guard dumps.confirmedVersion != nil || dumps.isSameLayout(type: type, version: version) else {
            throw CaptureError(
                .unsupported,
                "\(address) writes payloads of RDB version \(version), which its version does not suggest"
            )
        }
        try dumps.confirm(version: version)
    }

    private mutating func skim(_ body: inout ByteBuffer) async throws {
        while try !Self.damaged(address, { () throws in try dumps.skim(&body, into: &sink) }) { try await flush() }
    }

    private mutating func end() async throws {
        try Self.damaged(address) { () throws in try dumps.finish() }
        try sink.end(valueType: dumps.valueType, module: dumps.moduleID)
        if sink.needsFlush { try await flush() }
    }

    private mutating func flush() async throws {
        try await sink.flush()
        progress(sink.progress(of: expectedKeyCount))
    }

    private func head(_ reading: KeyReading, type: UInt8) -> RecordHead {
        let expiry: Expiry = if case .at(let deadline) = reading.deadline { .at(deadline) } else { .never }
        return RecordHead(database: database, type: type, expiry: expiry, access: reading.access, key: reading.key)
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

    private static func damaged<Value>(_ address: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as RDBError {
            throw CaptureError(.damaged, "\(address) sent a damaged payload: \(error)", cause: error)
        }
    }

    // MARK: Functions

    /// Adds the function libraries, where the server has functions.
    mutating func readFunctions(_ connection: NodeConnection) async throws {
        let reply = try await connection.reply(to: ["FUNCTION", "DUMP"])
        guard let payload = reply.bytes else {
            guard let error = reply.error, !error.isUnknownCommand else { return }
            warnings.append("\(address) did not let its functions be read, so they are missing: \(error.safeText)")
            return
        }
        for library in try FunctionPayload.bodies(of: payload) {
            try sink.begin(RecordHead(kind: .functionLibrary, database: 0, type: 0, key: ByteBuffer()))
            sink.builder.buffer.writeImmutableBuffer(library)
            try sink.end()
            if sink.needsFlush { try await sink.flush() }
        }
    }
}
