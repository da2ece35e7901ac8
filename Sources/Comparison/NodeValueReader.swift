package import NIOCore
package import RDB
import RESP
import SnapshotModel
package import Transport

/// Reads keys of a node by the commands of their types, as clients do: a way to their fingerprints that shares nothing
/// with DUMP and its decoder.
///
/// ```
/// all keys of a batch    TYPE, PEXPIRETIME -> size -> GET, LRANGE, SMEMBERS, ZRANGE, HGETALL, HPEXPIRETIME, XRANGE, XINFO
/// a large value          in windows: GETRANGE, LRANGE, SSCAN, ZRANGE, HSCAN, XRANGE
/// ```
/// For nodes that nobody writes to, such as the scratch node of a drill: the commands of a key are no transaction. One
/// reader is used by one task at a time.
package struct NodeValueReader: Sendable {
    /// Bytes that the server needs for a value, above which it is read in windows.
    static let wholeByteLimit: Int64 = 256 << 10
    /// The same, where only the number of elements is known.
    static let wholeElementLimit: Int64 = 512

    let connection: NodeConnection
    let scope: ValueFingerprinter.Scope
    private let knowsExpireTime: Bool
    let knowsFieldDeadlines: Bool
    /// XINFO STREAM FULL: Redis 6.0 and newer.
    let knowsFullStreams: Bool
    private var database: UInt32?

    /// What `scope` a reader of this node can make fingerprints of: Redis 5.0 does not tell when pending entries were
    /// delivered.
    package static func scope(_ scope: ValueFingerprinter.Scope, for info: NodeInfo) -> ValueFingerprinter.Scope {
        var scope = scope
        if info.version < ServerVersion(6) { scope.comparesDeliveryTimes = false }
        return scope
    }

    /// `connection` is this reader's own; `info` is the node's.
    package init(_ connection: NodeConnection, info: NodeInfo, scope: ValueFingerprinter.Scope) {
        self.connection = connection
        self.scope = Self.scope(scope, for: info)
        knowsExpireTime = info.supports(.pexpireTime)
        knowsFieldDeadlines = info.supports(.hashFieldExpiry)
        knowsFullStreams = info.version >= ServerVersion(6)
    }

    package func close() async {
        await connection.close()
    }

    /// The keys of one database as they are, in their order; those that are not there are left out.
    package mutating func read(_ keys: [ByteBuffer], of database: UInt32) async throws -> [ComparisonEntry] {
        if self.database != database {
            _ = try await connection.command("SELECT", .number(Int64(database)))
            self.database = database
        }
        var values: [Reading] = []
        for (key, head) in zip(keys, try await heads(of: keys)) {
            guard let head else { continue }
            let entry = ComparisonEntry(database: database, key: key, typeName: head.typeName, expiry: head.expiry)
            values.append(Reading(entry: entry, kind: head.kind))
        }
        try await readSizes(&values)
        try await readSmallValues(&values)
        for index in values.indices where values[index].isLarge {
            values[index].entry.take(try await largeValue(values[index]))
        }
        return values.map(\.entry)
    }

    /// A key between its rounds.
    struct Reading {
        var entry: ComparisonEntry
        /// Nil of a type that only its module knows.
        let kind: RDBElement.Kind?
        /// Bytes of a string, elements of anything else.
        var elementCount: Int64 = 0
        /// About what the server needs for it; nil where it does not tell.
        var memoryByteCount: Int64?

        var isLarge: Bool {
            guard let kind else { return false }
            if kind == .string { return elementCount > NodeValueReader.wholeByteLimit }
            return memoryByteCount.map { $0 > NodeValueReader.wholeByteLimit }
                ?? (elementCount > NodeValueReader.wholeElementLimit)
        }

        /// Elements of a window that takes about as many bytes as a value that is read whole.
        var windowCount: Int64 {
            guard let memoryByteCount, elementCount > 0 else { return NodeValueReader.wholeElementLimit }
            let size = max(1, memoryByteCount / elementCount)
            return min(max(1, NodeValueReader.wholeByteLimit / size), 16 * NodeValueReader.wholeElementLimit)
        }
    }

    // MARK: Rounds

    private typealias Head = (typeName: String, kind: RDBElement.Kind?, expiry: Expiry)

    private func heads(of keys: [ByteBuffer]) async throws -> [Head?] {
        var commands = ByteBuffer()
        let replyCount = knowsExpireTime ? 2 : 3
        for key in keys {
            commands.writeCommand("TYPE", .bytes(key))
            if knowsExpireTime {
                commands.writeCommand("PEXPIRETIME", .bytes(key))
            } else {
                commands.writeCommand("TIME")
                commands.writeCommand("PTTL", .bytes(key))
            }
        }
        let replies = try await pipeline(commands, replyCount: keys.count * replyCount)
        return try keys.indices.map { index in
            let own = replies[index * replyCount..<(index + 1) * replyCount]
            guard let name = own.first?.text, let told = own.last?.integer else { throw unexpected("TYPE") }
            guard name != "none", told != -2 else { return nil }
            let kind = RDBElement.Kind(rawValue: name)
            let time = knowsExpireTime ? 0 : Self.milliseconds(own[own.startIndex + 1])
            return (kind == nil ? "module:" + name : name, kind, told < 0 ? .never : .at(UnixMilliseconds(time + told)))
        }
    }

    private func readSizes(_ values: inout [Reading]) async throws {
        var commands = ByteBuffer()
        for value in values {
            commands.writeCommand(.text(Self.sizeCommand(value.kind)), .bytes(value.entry.key))
            commands.writeCommand("MEMORY", "USAGE", .bytes(value.entry.key))
        }
        let replies = try await connection.pipeline(commands, replyCount: values.count * 2)
        for index in values.indices {
            values[index].elementCount = replies[index * 2].integer ?? 0
            values[index].memoryByteCount = replies[index * 2 + 1].integer
        }
    }

    /// EXISTS stands for what has no size.
    private static func sizeCommand(_ kind: RDBElement.Kind?) -> String {
        switch kind {
        case .string: "STRLEN"
        case .list: "LLEN"
        case .set: "SCARD"
        case .sortedSet: "ZCARD"
        case .hash: "HLEN"
        case .stream: "XLEN"
        case nil: "EXISTS"
        }
    }

    private func readSmallValues(_ values: inout [Reading]) async throws {
        let small = values.indices.filter {
            !values[$0].isLarge && values[$0].kind != nil && values[$0].kind != .stream
        }
        var commands = ByteBuffer()
        for index in small { Self.writeReading(of: values[index], to: &commands) }
        let replies = try await pipeline(commands, replyCount: small.count)
        var deadlines = try await fieldDeadlines(
            zip(small, replies).compactMap { index, reply in
                values[index].kind == .hash ? (values[index].entry.key, Self.pairs(reply).map(\.0)) : nil
            }
        )[...]
        for (index, reply) in zip(small, replies) {
            guard let kind = values[index].kind else { continue }
            let fields = kind == .hash ? deadlines.popFirst() ?? [] : []
            values[index].entry.take(try fingerprint(kind, reply, fields))
        }
        for index in values.indices where values[index].kind == .stream && !values[index].isLarge {
            values[index].entry.take(try await largeValue(values[index]))
        }
    }

    private static func writeReading(of value: Reading, to commands: inout ByteBuffer) {
        let key = RESPArgument.bytes(value.entry.key)
        switch value.kind {
        case .string: commands.writeCommand("GET", key)
        case .list: commands.writeCommand("LRANGE", key, 0, -1)
        case .set: commands.writeCommand("SMEMBERS", key)
        case .sortedSet: commands.writeCommand("ZRANGE", key, 0, -1, "WITHSCORES")
        case .hash: commands.writeCommand("HGETALL", key)
        case .stream, nil: break
        }
    }

    private func fingerprint(
        _ kind: RDBElement.Kind,
        _ reply: RESPValue,
        _ deadlines: [Expiry]
    ) throws -> ValueFingerprinter {
        var value = ValueFingerprinter(.init(kind), scope: scope)
        switch kind {
        case .string:
            guard let bytes = reply.bytes else { throw unexpected("GET") }
            value.append(piece: bytes)
        case .list, .set:
            for item in reply.elements ?? [] { value.append(item: item.bytes ?? ByteBuffer()) }
        case .sortedSet: try append(members: Self.pairs(reply), to: &value)
        case .hash: append(fields: Self.pairs(reply), deadlines, to: &value)
        case .stream: break
        }
        return value
    }

    // MARK: Parts of values

    func append(members: [(ByteBuffer, ByteBuffer)], to value: inout ValueFingerprinter) throws {
        for (member, text) in members {
            guard let score = Double(String(buffer: text)) else { throw unexpected("ZRANGE") }
            value.append(member: member, score: score)
        }
    }

    func append(fields: [(ByteBuffer, ByteBuffer)], _ deadlines: [Expiry], to value: inout ValueFingerprinter) {
        for (index, field) in fields.enumerated() {
            let expiry = index < deadlines.count ? deadlines[index] : .never
            value.append(field: field.0, value: field.1, expiry: expiry)
        }
    }

    /// The deadlines of fields, in their order; none where the server has no such.
    func fieldDeadlines(_ hashes: [(key: ByteBuffer, fields: [ByteBuffer])]) async throws -> [[Expiry]] {
        guard knowsFieldDeadlines else { return hashes.map { _ in [] } }
        var commands = ByteBuffer()
        for hash in hashes {
            commands.writeCommand(
                ["HPEXPIRETIME", .bytes(hash.key), "FIELDS", .number(Int64(hash.fields.count))]
                    + hash.fields.map { .bytes($0) }
            )
        }
        return try await pipeline(commands, replyCount: hashes.count).map { reply in
            (reply.elements ?? []).map { told in
                if let deadline = told.integer, deadline >= 0 { .at(UnixMilliseconds(deadline)) } else { .never }
            }
        }
    }

    /// The answers, none of which is an error.
    func pipeline(_ commands: ByteBuffer, replyCount: Int) async throws -> [RESPValue] {
        let replies = try await connection.pipeline(commands, replyCount: replyCount)
        if let refusal = replies.lazy.compactMap(\.error).first {
            throw TransportError(refusal, command: nil, address: connection.address)
        }
        return replies
    }

    func unexpected(_ command: String) -> TransportError {
        TransportError(.protocolViolation, "\(connection.address) gave \(command) an answer that does not fit")
    }

    /// An array's elements two by two.
    static func pairs(_ reply: RESPValue) -> [(ByteBuffer, ByteBuffer)] {
        let elements = (reply.elements ?? []).map { $0.bytes ?? ByteBuffer() }
        return stride(from: 0, to: elements.count - 1, by: 2).map { (elements[$0], elements[$0 + 1]) }
    }

    private static func milliseconds(_ time: RESPValue) -> Int64 {
        let parts = time.elements ?? []
        guard parts.count == 2, let seconds = parts[0].integer, let microseconds = parts[1].integer else { return 0 }
        return seconds * 1000 + microseconds / 1000
    }
}
