import NIOCore
import RDB
import RESP
import SnapshotModel
import Transport

// Large values, in pieces of about half a MiB.

extension NodeKeyReader {
    private static let pieceByteCount: UInt64 = 512 << 10
    private static let pieceElementLimit: Int64 = 10_000
    /// Pending entries whose delivery times are asked for in one reply.
    private static let pendingLimit: Int64 = 100_000

    /// Reads one key by itself.
    func readInPieces(_ request: NodeKeyRequest) async throws -> NodeKeyReading {
        var commands = ByteBuffer()
        if !dialect.knowsExpireTime { commands.writeCommand("TIME") }
        writeLife(request.key, into: &commands)
        if !dialect.knowsExpireTime { commands.writeCommand("TIME") }
        let clocks = dialect.knowsExpireTime ? 0 : 2
        var replies = try await connection.pipeline(commands, replyCount: lifeReplyCount + clocks)
        var clock: NodeLifeReplies.Clock?
        if clocks > 0 {
            clock = NodeLifeReplies.clock(replies.first, replies.last)
            replies = Array(replies.dropFirst().dropLast())
        }
        var reading = NodeLifeReplies.reading(replies, dialect, clock: clock)
        guard reading.state == .present else { return reading }
        let typeReply = try await connection.command("TYPE", .bytes(request.key))
        let type = typeReply.text ?? ""
        guard let kind = request.kind else {
            note(type: typeReply, in: &reading)
            guard reading.state == .present, request.bodyByteCount <= Self.largestPayloadByteCount else {
                return reading
            }
            var dump = ByteBuffer()
            dump.writeCommand("DUMP", .bytes(request.key))
            reading.value = try await connection.pipeline(dump, replyCount: 1).first.flatMap(payloadFingerprint)
            return reading
        }
        guard type == request.typeName else {
            reading.state = .otherType(type)
            return reading
        }
        var scope = scope
        if kind == .stream {
            let hasTimes = try await tellsDeliveryTimes(request)
            scope.comparesDeliveryTimes = hasTimes
            reading.hasDeliveryTimes = hasTimes
        }
        var value = ValueFingerprinter(.init(kind), scope: scope)
        try await forEachPiece(of: request, kind) { elements in
            for element in shifted(elements) { value.append(element, scope: scope) }
        }
        reading.value = value.finish()
        return reading
    }

    /// For small values of servers that do not tell a stream at once.
    func elementsInPieces(of request: NodeKeyRequest) async throws -> [RDBElement]? {
        guard let kind = request.kind else { return nil }
        var all: [RDBElement] = []
        try await forEachPiece(of: request, kind) { all += shifted($0) }
        return all
    }

    private func forEachPiece(
        of request: NodeKeyRequest,
        _ kind: RDBElement.Kind,
        _ body: ([RDBElement]) -> Void
    ) async throws {
        let key = RESPArgument.bytes(request.key)
        switch kind {
        case .string: try await forEachStringPart(key, body)
        case .list:
            try await forEachRange(key, count: "LLEN", request) { first, last in
                NodeReplies.items(try await connection.command("LRANGE", key, .number(first), .number(last)))
            } body: {
                body($0)
            }
        case .sortedSet:
            try await forEachRange(key, count: "ZCARD", request) { first, last in
                NodeReplies.scored(
                    try await connection.command("ZRANGE", key, .number(first), .number(last), "WITHSCORES")
                )
            } body: {
                body($0)
            }
        case .set:
            let count = try await elementsPerPiece(key, count: "SCARD", request)
            try await forEachPage("SSCAN", key, count, kind) {
                NodeReplies.items($0)
            } body: {
                body($0)
            }
        case .hash:
            let count = try await elementsPerPiece(key, count: "HLEN", request)
            try await forEachPage("HSCAN", key, count, kind) {
                NodeReplies.fields($0)
            } body: {
                body(try await withDeadlines($0, of: request.key))
            }
        case .stream: try await forEachStreamPiece(request, body)
        }
    }

    private func forEachStringPart(_ key: RESPArgument, _ body: ([RDBElement]) -> Void) async throws {
        var offset: Int64 = 0
        while true {
            let last = offset + Int64(Self.pieceByteCount) - 1
            let reply = try await connection.command("GETRANGE", key, .number(offset), .number(last))
            guard let bytes = reply.bytes else { throw unexpected(.string) }
            body([.stringPart(bytes)])
            guard bytes.readableBytes == Int(Self.pieceByteCount) else { return }
            offset += Int64(bytes.readableBytes)
        }
    }

    /// Pieces by position.
    private func forEachRange(
        _ key: RESPArgument,
        count command: String,
        _ request: NodeKeyRequest,
        read: (Int64, Int64) async throws -> [RDBElement]?,
        body: ([RDBElement]) -> Void
    ) async throws {
        let count = try await elementsPerPiece(key, count: command, request)
        var first: Int64 = 0
        while true {
            guard let elements = try await read(first, first + count - 1) else {
                throw unexpected(request.kind ?? .list)
            }
            body(elements)
            guard elements.count == Int(count) else { return }
            first += count
        }
    }

    /// Pieces by cursor.
    private func forEachPage(
        _ command: String,
        _ key: RESPArgument,
        _ count: Int64,
        _ kind: RDBElement.Kind,
        _ parse: (RESPValue) -> [RDBElement]?,
        body: ([RDBElement]) async throws -> Void
    ) async throws {
        var cursor = ByteBuffer(string: "0")
        repeat {
            let reply = try await connection.command([.text(command), key, .bytes(cursor), "COUNT", .number(count)])
            guard let page = NodeReplies.page(reply), let elements = parse(page.content) else { throw unexpected(kind) }
            try await body(elements)
            cursor = page.cursor
        } while cursor != ByteBuffer(string: "0")
    }

    private func withDeadlines(_ fields: [RDBElement], of key: ByteBuffer) async throws -> [RDBElement] {
        guard dialect.knowsFieldDeadlines, !fields.isEmpty else { return fields }
        var commands = ByteBuffer()
        Self.writeFieldDeadlines(key, fields, into: &commands)
        guard let reply = try await connection.pipeline(commands, replyCount: 1).first,
            let result = NodeReplies.fields(fields, withDeadlines: reply)
        else { throw unexpected(.hash) }
        return result
    }

    /// As many as make a piece, by the size that the archive tells.
    private func elementsPerPiece(
        _ key: RESPArgument,
        count command: String,
        _ request: NodeKeyRequest
    ) async throws -> Int64 {
        let total = UInt64(max(1, try await connection.command([.text(command), key]).integer ?? 1))
        let each = max(1, request.bodyByteCount / total)
        return min(Self.pieceElementLimit, max(1, Int64(Self.pieceByteCount / each)))
    }

    // MARK: Streams

    private func forEachStreamPiece(_ request: NodeKeyRequest, _ body: ([RDBElement]) -> Void) async throws {
        let key = RESPArgument.bytes(request.key)
        guard var stream = NodeStreamReplies.head(try await connection.command("XINFO", "STREAM", key)) else {
            throw unexpected(.stream)
        }
        let count = try await elementsPerPiece(key, count: "XLEN", request)
        var start: StreamValue.ID? = StreamValue.ID(milliseconds: 0, sequence: 0)
        while let first = start {
            let reply = try await connection.command(
                "XRANGE",
                key,
                .text(first.description),
                "+",
                "COUNT",
                .number(count)
            )
            guard let entries = NodeStreamReplies.entries(reply) else { throw unexpected(.stream) }
            body(entries.map { .streamEntry($0.id, fields: $0.fields) })
            start = entries.count == Int(count) ? entries.last?.id.following : nil
        }
        stream.groups = try await groups(of: request)
        body([.streamEnd(stream)])
    }

    /// Whether all pending entries fit into one reply that has their times.
    private func tellsDeliveryTimes(_ request: NodeKeyRequest) async throws -> Bool {
        guard dialect.tellsStreamsInFull else { return false }
        let key = RESPArgument.bytes(request.key)
        guard let groups = NodeStreamReplies.groups(try await connection.command("XINFO", "GROUPS", key)) else {
            throw unexpected(.stream)
        }
        let most = groups.map(\.pendingCount).max() ?? 0
        // The same number of entries comes along.
        let perPiece = try await elementsPerPiece(key, count: "XLEN", request)
        return most <= Self.pendingLimit && most <= 16 * perPiece
    }

    private func groups(of request: NodeKeyRequest) async throws -> [StreamValue.Group] {
        let key = RESPArgument.bytes(request.key)
        guard let heads = NodeStreamReplies.groups(try await connection.command("XINFO", "GROUPS", key)) else {
            throw unexpected(.stream)
        }
        if try await tellsDeliveryTimes(request) {
            let most = max(1, heads.map(\.pendingCount).max() ?? 0)
            let reply = try await connection.command("XINFO", "STREAM", key, "FULL", "COUNT", .number(most))
            guard let groups = NodeStreamReplies.groupsInFull(reply) else { throw unexpected(.stream) }
            return groups
        }
        var groups: [StreamValue.Group] = []
        for head in heads { groups.append(try await group(head.group, key)) }
        return groups
    }

    /// A group with its consumers and pending entries, without the times of these.
    private func group(_ head: StreamValue.Group, _ key: RESPArgument) async throws -> StreamValue.Group {
        var group = head
        let name = RESPArgument.bytes(head.name)
        var owned: [ByteBuffer: [StreamValue.ID]] = [:]
        var start: StreamValue.ID? = StreamValue.ID(milliseconds: 0, sequence: 0)
        while let first = start {
            let reply = try await connection.command(
                "XPENDING",
                key,
                name,
                .text(first.description),
                "+",
                .number(Self.pieceElementLimit)
            )
            guard let pending = NodeStreamReplies.pending(reply) else { throw unexpected(.stream) }
            for (entry, consumer) in pending {
                group.pending.append(entry)
                owned[consumer, default: []].append(entry.id)
            }
            start = pending.count == Int(Self.pieceElementLimit) ? pending.last?.entry.id.following : nil
        }
        guard let names = NodeStreamReplies.consumers(try await connection.command("XINFO", "CONSUMERS", key, name))
        else { throw unexpected(.stream) }
        group.consumers = names.map {
            .init(name: $0, seenAtMilliseconds: 0, activeAtMilliseconds: nil, pending: owned[$0] ?? [])
        }
        return group
    }
}

extension StreamValue.ID {
    /// The next possible id; nil of the last.
    fileprivate var following: Self? {
        if sequence < .max { return Self(milliseconds: milliseconds, sequence: sequence + 1) }
        return milliseconds < .max ? Self(milliseconds: milliseconds + 1, sequence: 0) : nil
    }
}
