package import NIOCore
import RESP
package import SnapshotModel
import Transport

/// What was read of a key before its payload.
package struct KeyReading: Sendable {
    /// PEXPIRETIME and PTTL tell three things.
    package enum Deadline: Hashable, Sendable {
        /// -2: there is no such key.
        case noKey
        /// -1
        case never
        case at(UnixMilliseconds)
    }

    package var key: ByteBuffer
    package var deadline: Deadline
    package var access: AccessData
}

/// What the replies of a scan hold.
enum ScanEvent: Sendable {
    case selected
    case scanned(next: UInt64, keys: ScanKeys)
    /// A key whose payload arrived whole.
    case value(KeyReading, payload: ByteBuffer)
    /// A key with a large payload: pieces follow.
    case largeValue(KeyReading, byteCount: Int)
    case piece(ByteBuffer, isLast: Bool)
    /// DUMP answered nil.
    case noValue(KeyReading)
    case batchEnded(keyCount: Int, byteCount: Int, largest: Int, attempt: Int)
}

/// Reads the replies of a scan's pipeline: a state machine that is told in order what was asked.
///
/// Large payloads are never held: they pass in pieces as they arrive.
struct ScanReplyReader {
    /// Payloads above this many bytes come in pieces.
    static let wholePayloadLimit = 64 << 10

    enum Request: Sendable {
        case select
        case scan
        case transaction(ScanBatch)
    }

    private enum State {
        case idle
        case selecting
        /// Before `*2`; before the cursor; before the array; within it.
        case scanReply
        case scanCursor
        case scanArray
        case scanKeys(remaining: Int)
        /// Within a transaction: the +OK, the +QUEUEDs, EXEC's array, the elements.
        case multi
        case queued(remaining: Int)
        case exec
        case access
        case time(remaining: Int)
        case deadline
        case payload
        case pieces
    }

    private let dialect: ScanDialect
    private let address: String
    private var tokenizer = RESPTokenizer(wholeStringLimit: Self.wholePayloadLimit)
    private var requests = CircularBuffer<Request>()
    private var state = State.idle

    private var cursor: UInt64 = 0
    private var keys = ScanKeys()
    private var batch = ScanBatch(keys: ScanKeys(), range: 0..<0)
    private var index = 0
    private var reading = KeyReading(key: ByteBuffer(), deadline: .never, access: .none)
    private var sourceTime = UnixMilliseconds(0)
    private var queueError: ByteBuffer?
    private var batchByteCount = 0
    private var batchLargest = 0

    init(dialect: ScanDialect, address: String) {
        self.dialect = dialect
        self.address = address
    }

    mutating func expect(_ request: Request) {
        requests.append(request)
    }

    /// The next event; nil asks for more bytes.
    mutating func next(_ input: inout ByteBuffer) throws -> ScanEvent? {
        while true {
            switch state {
            case .payload where index == batch.range.upperBound: return endBatch()
            case .queued(let remaining): skipQueued(&input, remaining: remaining)
            case .deadline: if let value = takeWhole(&input) { return value }
            default: break
            }
            guard let token = try nextToken(&input) else { return nil }
            if let event = try take(token) { return event }
        }
    }

    /// Passes over those of the `+QUEUED` that are there, but for the last one.
    private mutating func skipQueued(_ input: inout ByteBuffer, remaining: Int) {
        state = .queued(remaining: remaining - tokenizer.skipLines("+QUEUED\r\n", atMost: remaining - 1, &input))
    }

    /// A key's deadline and payload where both are there whole, which they nearly always are.
    private mutating func takeWhole(_ input: inout ByteBuffer) -> ScanEvent? {
        guard dialect.hasAbsoluteExpiry, let pair = tokenizer.integerAndString(&input) else {
            return nil
        }
        reading.deadline = deadline(pair.integer)
        return value(pair.string)
    }

    private mutating func nextToken(_ input: inout ByteBuffer) throws -> RESPToken? {
        do {
            return try tokenizer.next(&input)
        } catch {
            throw CaptureError(.protocolViolation, "\(address) sent no valid reply: \(error)", cause: error)
        }
    }

    // MARK: States

    private mutating func take(_ token: RESPToken) throws -> ScanEvent? {
        switch state {
        case .idle:
            start(try nextRequest())
            return try take(token)
        case .selecting:
            guard case .simpleString = token else { throw unexpected(token, "SELECT") }
            state = .idle
            return .selected
        case .scanReply, .scanCursor, .scanArray, .scanKeys:
            return try takeScan(token)
        case .multi:
            guard case .simpleString = token else { throw unexpected(token, "MULTI") }
            state = .queued(remaining: batch.range.count * dialect.repliesPerKey)
        case .queued(let remaining):
            if case .error(let text) = token, queueError == nil { queueError = text }
            state = remaining > 1 ? .queued(remaining: remaining - 1) : .exec
        case .exec:
            guard case .aggregate(.array, batch.range.count * dialect.repliesPerKey) = token, queueError == nil else {
                throw unexpected(queueError.map { .error($0) } ?? token, "a transaction of DUMP and PEXPIRETIME")
            }
            startKey()
        case .access, .time, .deadline:
            try takeAttribute(token)
        case .payload, .pieces:
            return try takePayload(token)
        }
        return nil
    }

    private mutating func nextRequest() throws -> Request {
        guard let request = requests.popFirst() else {
            throw CaptureError(.protocolViolation, "\(address) sent a reply that nobody asked for")
        }
        return request
    }

    private mutating func start(_ request: Request) {
        switch request {
        case .select: state = .selecting
        case .scan: state = .scanReply
        case .transaction(let batch):
            self.batch = batch
            index = batch.range.lowerBound
            queueError = nil
            batchByteCount = 0
            batchLargest = 0
            state = .multi
        }
    }

    private mutating func takeScan(_ token: RESPToken) throws -> ScanEvent? {
        switch (state, token) {
        case (.scanReply, .aggregate(.array, 2)):
            state = .scanCursor
        case (.scanCursor, .string(let text)):
            guard let next = UInt64(String(buffer: text)) else { throw unexpected(token, "SCAN") }
            cursor = next
            state = .scanArray
        case (.scanArray, .aggregate(.array, let count)):
            keys = ScanKeys()
            keys.reserve(keyCount: min(count, 1 << 16))
            return endScan(remaining: count)
        case (.scanKeys(let remaining), .string(let key)):
            keys.append(key)
            return endScan(remaining: remaining - 1)
        case (.scanKeys, .stringBegins): break
        case (.scanKeys(let remaining), .stringPiece(let piece, let isLast)):
            keys.append(piece: piece, isLast: isLast)
            if isLast { return endScan(remaining: remaining - 1) }
        default:
            throw unexpected(token, "SCAN")
        }
        return nil
    }

    private mutating func endScan(remaining: Int) -> ScanEvent? {
        guard remaining == 0 else {
            state = .scanKeys(remaining: remaining)
            return nil
        }
        state = .idle
        return .scanned(next: cursor, keys: keys)
    }

    private mutating func startKey() {
        guard index < batch.range.upperBound else {
            // `next` ends the batch before it looks at more bytes.
            state = .payload
            return
        }
        reading = KeyReading(key: batch.keys.key(index), deadline: .noKey, access: .none)
        state = dialect.access == .none ? afterAccess : .access
    }

    private var afterAccess: State { dialect.hasAbsoluteExpiry ? .deadline : .time(remaining: 3) }

    private mutating func takeAttribute(_ token: RESPToken) throws {
        switch (state, token) {
        case (.access, _):
            reading.access = accessData(token)
            state = afterAccess
        case (.time(3), .aggregate(.array, 2)):
            state = .time(remaining: 2)
        case (.time(2), .string(let seconds)):
            sourceTime = UnixMilliseconds((Int64(String(buffer: seconds)) ?? 0) * 1000)
            state = .time(remaining: 1)
        case (.time(1), .string(let microseconds)):
            sourceTime = sourceTime.advanced(byMilliseconds: (Int64(String(buffer: microseconds)) ?? 0) / 1000)
            state = .deadline
        case (.deadline, .integer(let value)):
            reading.deadline = deadline(value)
            state = .payload
        default:
            throw unexpected(token, dialect.hasAbsoluteExpiry ? "PEXPIRETIME" : "TIME and PTTL")
        }
    }

    /// What PEXPIRETIME, or PTTL, has answered.
    private func deadline(_ value: Int64) -> KeyReading.Deadline {
        switch value {
        case -2: .noKey
        case -1: .never
        default:
            .at(dialect.hasAbsoluteExpiry ? UnixMilliseconds(value) : sourceTime.advanced(byMilliseconds: value))
        }
    }

    /// OBJECT answers nil for a key that is gone, and an error if the policy changed meanwhile: then nothing is known.
    private func accessData(_ token: RESPToken) -> AccessData {
        guard case .integer(let value) = token, value >= 0 else { return .none }
        return dialect.access == .frequency
            ? .frequency(UInt8(clamping: value)) : .idle(seconds: UInt64(value))
    }

    private mutating func takePayload(_ token: RESPToken) throws -> ScanEvent? {
        switch (state, token) {
        case (.payload, .string(let payload)):
            return value(payload)
        case (.payload, .stringBegins(let byteCount)):
            count(byteCount)
            state = .pieces
            return .largeValue(reading, byteCount: byteCount)
        case (.payload, .null):
            defer { finishKey() }
            return .noValue(reading)
        case (.pieces, .stringPiece(let bytes, let isLast)):
            if isLast { finishKey() }
            return .piece(bytes, isLast: isLast)
        default:
            throw unexpected(token, "DUMP")
        }
    }

    private mutating func value(_ payload: ByteBuffer) -> ScanEvent {
        count(payload.readableBytes)
        defer { finishKey() }
        return .value(reading, payload: payload)
    }

    private mutating func count(_ byteCount: Int) {
        batchByteCount += byteCount
        batchLargest = max(batchLargest, byteCount)
    }

    private mutating func finishKey() {
        index += 1
        startKey()
    }

    private mutating func endBatch() -> ScanEvent {
        state = .idle
        return .batchEnded(
            keyCount: batch.range.count,
            byteCount: batchByteCount,
            largest: batchLargest,
            attempt: batch.keys.attempt
        )
    }

    private func unexpected(_ token: RESPToken, _ command: String) -> any Error {
        guard case .error(let text) = token else {
            return CaptureError(.protocolViolation, "\(address) gave \(command) an answer of a kind that does not fit")
        }
        let reply = RESPErrorReply(Self.causeOfAbort(String(buffer: text)))
        let refusal = TransportError(reply, command: command, address: address)
        if refusal.category == .credentials { return refusal }
        let code: CaptureError.Code = reply.prefix == "MOVED" || reply.prefix == "ASK" ? .unstable : .unsupported
        return CaptureError(code, "\(address) refused \(command): \(reply.safeText)")
    }

    /// EXEC repeats why it was refused itself: `EXECABORT Transaction discarded because of: NOPERM …`.
    private static func causeOfAbort(_ text: String) -> String {
        let start = "EXECABORT Transaction discarded because of: "
        return text.hasPrefix(start) ? String(text.dropFirst(start.count)) : text
    }
}
