package import NIOCore
package import RDB
import RESP
import SnapshotModel
package import Transport

/// Reads keys of a node by the commands of their types: a way that shares no code with the archive's decoders.
///
/// Small values go in one pipeline for many keys, large ones one by one in pieces, so that memory follows neither the
/// number of keys nor the size of a value. Nothing else uses the connection meanwhile. Access data is asked for before
/// the value is, whose reading changes it. Values of modules have no commands that all of them know: their payloads are
/// compared.
package struct NodeKeyReader: Sendable {
    /// Keys of a pipeline, and the bytes that their values have together.
    package static let batchKeyCount = 256
    package static let batchByteCount: UInt64 = 1 << 20
    /// A value of more bytes is read in pieces.
    package static let wholeByteCount: UInt64 = 256 << 10
    /// A module's value of more bytes is not read: a payload comes in one answer.
    package static let largestPayloadByteCount: UInt64 = 64 << 20

    let connection: NodeConnection
    let dialect: NodeReadingDialect
    package var scope: ValueFingerprinter.Scope
    /// Deadlines of fields are told so many milliseconds earlier than the node has them.
    let shiftMilliseconds: Int64
    private var database: UInt32?

    package init(
        _ connection: NodeConnection,
        dialect: NodeReadingDialect,
        scope: ValueFingerprinter.Scope,
        shiftMilliseconds: Int64 = 0
    ) {
        self.connection = connection
        self.dialect = dialect
        self.scope = scope
        self.shiftMilliseconds = shiftMilliseconds
    }

    /// Reads keys of any database; the readings come in the order of the requests.
    package mutating func read(_ requests: [NodeKeyRequest]) async throws -> [NodeKeyReading] {
        var readings = Array(repeating: NodeKeyReading(), count: requests.count)
        var batch: [Int] = []
        var byteCount: UInt64 = 0
        for index in requests.indices {
            let request = requests[index]
            guard request.bodyByteCount <= Self.wholeByteCount, !isStreamOfOldServer(request) else {
                try await select(request.database)
                readings[index] = try await readInPieces(request)
                continue
            }
            let isFull =
                batch.count == Self.batchKeyCount || byteCount + request.bodyByteCount > Self.batchByteCount
                || batch.last.map { requests[$0].database != request.database } ?? false
            if isFull {
                try await read(batch, of: requests, into: &readings)
                (batch, byteCount) = ([], 0)
            }
            batch.append(index)
            byteCount += request.bodyByteCount
        }
        try await read(batch, of: requests, into: &readings)
        return readings
    }

    /// All elements of a small value, for a second look; nil if it is not there or has another type.
    package mutating func elements(of request: NodeKeyRequest) async throws -> [RDBElement]? {
        guard let kind = request.kind else { return nil }
        try await select(request.database)
        if isStreamOfOldServer(request) { return try await elementsInPieces(of: request) }
        var commands = ByteBuffer()
        Self.writeRead(request.key, kind, into: &commands)
        guard let reply = try await connection.pipeline(commands, replyCount: 1).first else { return nil }
        guard var elements = Self.elements(reply, of: kind) else { return nil }
        if kind == .hash, !elements.isEmpty, dialect.knowsFieldDeadlines {
            var commands = ByteBuffer()
            Self.writeFieldDeadlines(request.key, elements, into: &commands)
            let deadlines = try await connection.pipeline(commands, replyCount: 1).first
            elements = deadlines.flatMap { NodeReplies.fields(elements, withDeadlines: $0) } ?? elements
        }
        return shifted(elements)
    }

    /// As the node calls it; "none" of a key that is not there.
    package mutating func typeName(of key: ByteBuffer, in database: UInt32) async throws -> String {
        try await select(database)
        return try await connection.command("TYPE", .bytes(key)).text ?? ""
    }

    func isStreamOfOldServer(_ request: NodeKeyRequest) -> Bool {
        request.kind == .stream && !dialect.tellsStreamsInFull
    }

    package mutating func select(_ database: UInt32) async throws {
        guard self.database != database else { return }
        _ = try await connection.command("SELECT", .number(Int64(database)))
        self.database = database
    }

    // MARK: A pipeline

    private mutating func read(
        _ batch: [Int],
        of requests: [NodeKeyRequest],
        into readings: inout [NodeKeyReading]
    ) async throws {
        guard let first = batch.first else { return }
        try await select(requests[first].database)
        var commands = ByteBuffer()
        if !dialect.knowsExpireTime { commands.writeCommand("TIME") }
        for index in batch {
            writeLife(requests[index].key, into: &commands)
            if let kind = requests[index].kind {
                Self.writeRead(requests[index].key, kind, into: &commands)
            } else {
                commands.writeCommand("TYPE", .bytes(requests[index].key))
            }
        }
        if !dialect.knowsExpireTime { commands.writeCommand("TIME") }
        let clocks = dialect.knowsExpireTime ? 0 : 2
        let replies = try await connection.pipeline(commands, replyCount: batch.count * (lifeReplyCount + 1) + clocks)
        let clock = dialect.knowsExpireTime ? nil : NodeLifeReplies.clock(replies.first, replies.last)
        var next = clocks / 2
        var hashes: [(index: Int, fields: [RDBElement])] = []
        var opaque: [Int] = []
        for index in batch {
            let life = Array(replies[next..<next + lifeReplyCount])
            let value = replies[next + lifeReplyCount]
            next += lifeReplyCount + 1
            readings[index] = NodeLifeReplies.reading(life, dialect, clock: clock)
            guard readings[index].state == .present else { continue }
            guard let kind = requests[index].kind else {
                note(type: value, in: &readings[index])
                if readings[index].state == .present { opaque.append(index) }
                continue
            }
            if let error = value.error {
                readings[index].state = try await state(after: error, requests[index].key)
                continue
            }
            guard let elements = Self.elements(value, of: kind) else { throw unexpected(kind) }
            if kind == .hash, dialect.knowsFieldDeadlines, !elements.isEmpty {
                hashes.append((index, elements))
            } else {
                readings[index].value = fingerprint(elements, kind)
            }
        }
        try await readFieldDeadlines(hashes, requests, into: &readings)
        try await readPayloads(opaque, requests, into: &readings)
    }

    private func readPayloads(
        _ indices: [Int],
        _ requests: [NodeKeyRequest],
        into readings: inout [NodeKeyReading]
    ) async throws {
        guard !indices.isEmpty else { return }
        var commands = ByteBuffer()
        for index in indices { commands.writeCommand("DUMP", .bytes(requests[index].key)) }
        let replies = try await connection.pipeline(commands, replyCount: indices.count)
        for (index, reply) in zip(indices, replies) { readings[index].value = payloadFingerprint(reply) }
    }

    /// nil where the node gives no payload, or one that cannot be read.
    func payloadFingerprint(_ reply: RESPValue) -> ValueFingerprint? {
        guard let payload = reply.bytes else { return nil }
        return try? BodyFingerprinter.of(dumped: payload, engine: dialect.engine, scope: scope)?.finish()
    }

    private func readFieldDeadlines(
        _ hashes: [(index: Int, fields: [RDBElement])],
        _ requests: [NodeKeyRequest],
        into readings: inout [NodeKeyReading]
    ) async throws {
        guard !hashes.isEmpty else { return }
        var commands = ByteBuffer()
        for hash in hashes { Self.writeFieldDeadlines(requests[hash.index].key, hash.fields, into: &commands) }
        let replies = try await connection.pipeline(commands, replyCount: hashes.count)
        for (hash, reply) in zip(hashes, replies) {
            guard let fields = NodeReplies.fields(hash.fields, withDeadlines: reply) else { throw unexpected(.hash) }
            readings[hash.index].value = fingerprint(fields, .hash)
        }
    }

    func note(type reply: RESPValue, in reading: inout NodeKeyReading) {
        let type = reply.text ?? ""
        // Modules name their types as they like, so that only a type of the server's own is another one.
        if RDBElement.Kind(rawValue: type) != nil { reading.state = .otherType(type) }
    }

    /// What an error reply to a reading command means.
    func state(after error: RESPErrorReply, _ key: ByteBuffer) async throws -> NodeKeyReading.State {
        guard error.prefix == "WRONGTYPE" else { return .refused(error.safeText) }
        return .otherType(try await connection.command("TYPE", .bytes(key)).text ?? "")
    }

    func fingerprint(_ elements: [RDBElement], _ kind: RDBElement.Kind) -> ValueFingerprint {
        var value = ValueFingerprinter(.init(kind), scope: scope)
        for element in shifted(elements) { value.append(element, scope: scope) }
        return value.finish()
    }

    /// The elements with the deadlines of fields as the archive has them.
    func shifted(_ elements: [RDBElement]) -> [RDBElement] {
        guard shiftMilliseconds != 0 else { return elements }
        return elements.map { element in
            guard case .field(let name, let value, .at(let deadline)) = element else { return element }
            return .field(name, value: value, expiry: .at(deadline.advanced(byMilliseconds: -shiftMilliseconds)))
        }
    }

    func unexpected(_ kind: RDBElement.Kind) -> TransportError {
        TransportError(
            .protocolViolation,
            "\(connection.address) answers the reading of a \(kind.rawValue) in a form that is not the command's"
        )
    }

    // MARK: Commands

    var lifeReplyCount: Int { dialect.access == .none ? 1 : 2 }

    /// Access data and deadline.
    func writeLife(_ key: ByteBuffer, into commands: inout ByteBuffer) {
        switch dialect.access {
        case .none: break
        case .idle: commands.writeCommand("OBJECT", "IDLETIME", .bytes(key))
        case .frequency: commands.writeCommand("OBJECT", "FREQ", .bytes(key))
        }
        commands.writeCommand(dialect.knowsExpireTime ? "PEXPIRETIME" : "PTTL", .bytes(key))
    }

    private static func writeRead(_ key: ByteBuffer, _ kind: RDBElement.Kind, into commands: inout ByteBuffer) {
        switch kind {
        case .string: commands.writeCommand("GET", .bytes(key))
        case .list: commands.writeCommand("LRANGE", .bytes(key), 0, -1)
        case .set: commands.writeCommand("SMEMBERS", .bytes(key))
        case .hash: commands.writeCommand("HGETALL", .bytes(key))
        case .sortedSet: commands.writeCommand("ZRANGE", .bytes(key), 0, -1, "WITHSCORES")
        case .stream: commands.writeCommand("XINFO", "STREAM", .bytes(key), "FULL", "COUNT", 0)
        }
    }

    static func writeFieldDeadlines(_ key: ByteBuffer, _ fields: [RDBElement], into commands: inout ByteBuffer) {
        commands.writeCommandHeader(argumentCount: 4 + fields.count)
        commands.writeBulk("HPEXPIRETIME")
        commands.writeBulk(key)
        commands.writeBulk("FIELDS")
        commands.writeBulkInteger(Int64(fields.count))
        for element in fields {
            if case .field(let name, _, _) = element { commands.writeBulk(name) }
        }
    }

    private static func elements(_ reply: RESPValue, of kind: RDBElement.Kind) -> [RDBElement]? {
        guard kind == .stream else { return NodeReplies.elements(reply, of: kind) }
        guard var stream = NodeStreamReplies.head(reply), let groups = NodeStreamReplies.groupsInFull(reply),
            let entries = NodeStreamReplies.entriesInFull(reply)
        else { return nil }
        stream.groups = groups
        return entries.map { .streamEntry($0.id, fields: $0.fields) } + [.streamEnd(stream)]
    }
}
