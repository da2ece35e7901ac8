/// Everything that the oracle can tell of a server's keyspace, so that two servers can be compared exactly.
package struct KeyspaceContents: Sendable, Equatable {
    /// Where a key is.
    package struct Place: Hashable, Sendable, Comparable, CustomStringConvertible {
        package let database: Int
        package let key: [UInt8]

        package init(database: Int, key: [UInt8]) {
            self.database = database
            self.key = key
        }

        package static func < (left: Self, right: Self) -> Bool {
            left.database != right.database
                ? left.database < right.database : left.key.lexicographicallyPrecedes(right.key)
        }

        package var description: String { "db\(database) \(RedisReply.bulk(key))".prefix(120).description }
    }

    /// What is known of one key.
    package struct Entry: Hashable, Sendable {
        package var type: String
        /// DEBUG DIGEST-VALUE: order-independent for sets and hashes.
        package var digest: String
        /// PEXPIRETIME: Unix milliseconds, -1 for never.
        package var deadline: Int64
        /// XINFO STREAM FULL of a stream; facts of a vector set.
        package var detail: String
        /// HPEXPIRETIME of all fields of a hash, in the order of their names, where the server knows it.
        package var fieldDeadlines: [Int64] = []
        /// OBJECT IDLETIME or FREQ, where they were asked for.
        package var access: Int64?
    }

    package enum AccessKind: Sendable {
        case none
        case idle
        case frequency
    }

    package var entries: [Place: Entry]
    /// FUNCTION LIST WITHCODE, sorted; empty where there are none.
    package var functions: [String]

    /// Reads the whole keyspace; nothing may write meanwhile.
    ///
    /// Access data is read before the value is touched.
    package static func read(_ server: RedisServer, access: AccessKind = .none) throws -> Self {
        let client = try server.client()
        var entries: [Place: Entry] = [:]
        for database in 0..<16 {
            // A node of a cluster has only the first.
            if case .error = try client.reply(to: ["SELECT", RedisArgument(Int64(database))]) { continue }
            for (key, entry) in try read(client, access: access, of: server.binary) {
                entries[Place(database: database, key: key)] = entry
            }
        }
        var functions: [String] = []
        if server.binary.knows(.functions) {
            functions = (try client.command("FUNCTION", "LIST", "WITHCODE").array ?? []).map(\.description).sorted()
        }
        return Self(entries: entries, functions: functions)
    }

    /// The server's clock in Unix milliseconds.
    package static func serverTime(_ client: RedisClient) throws -> Int64 {
        try milliseconds(try client.command("TIME"))
    }

    private static func milliseconds(_ time: RedisReply) throws -> Int64 {
        let parts = time.array ?? []
        guard parts.count == 2, let seconds = parts[0].text.flatMap({ Int64($0) }),
            let microseconds = parts[1].text.flatMap({ Int64($0) })
        else { throw RedisClientError.malformedReply }
        return seconds * 1000 + microseconds / 1000
    }

    /// The first differences in words, at most `limit`; empty if both are equal.
    package func differences(from other: Self, limit: Int = 10) -> [String] {
        var found: [String] = []
        for place in Set(entries.keys).union(other.entries.keys).sorted() {
            let (mine, theirs) = (entries[place], other.entries[place])
            if mine != theirs {
                found.append("\(place): \(Self.text(mine)) against \(Self.text(theirs))")
                if found.count == limit { return found }
            }
        }
        if functions != other.functions { found.append("functions: \(functions) against \(other.functions)") }
        return found
    }

    private static func text(_ entry: Entry?) -> String {
        guard let entry else { return "absent" }
        return "\(entry.type) digest \(entry.digest) deadline \(entry.deadline) access \(entry.access ?? -1) "
            + "fields \(entry.fieldDeadlines.prefix(20)) " + entry.detail.prefix(300)
    }

    private static func read(
        _ client: RedisClient,
        access: AccessKind,
        of binary: ServerBinary
    ) throws -> [([UInt8], Entry)] {
        let keys = (try client.command("KEYS", "*").array ?? []).compactMap(\.bytes)
        let names = keys.map { RedisArgument($0) }
        var accessData: [Int64?] = keys.map { _ in nil }
        switch access {
        case .none: break
        case .idle: accessData = try client.pipeline(names.map { ["OBJECT", "IDLETIME", $0] }).map(\.integer)
        case .frequency: accessData = try client.pipeline(names.map { ["OBJECT", "FREQ", $0] }).map(\.integer)
        }
        let types = try client.pipeline(names.map { ["TYPE", $0] }).map { $0.text ?? "?" }
        let digests = try client.pipeline(keys.map { client.digestValueCommand($0) })
        let deadlines = try deadlines(client, names, of: binary)
        return try keys.indices.map { index in
            var entry = Entry(
                type: types[index],
                digest: digests[index].array?.first?.text ?? digests[index].description,
                deadline: deadlines[index],
                detail: try detail(client, names[index], types[index], of: binary),
                access: accessData[index]
            )
            if types[index] == "hash", binary.knows(.fieldDeadlines) {
                entry.fieldDeadlines = try fieldDeadlines(client, names[index])
            }
            return (keys[index], entry)
        }
    }

    static func deadlines(
        _ client: RedisClient,
        _ names: [RedisArgument],
        of binary: ServerBinary
    ) throws -> [Int64] {
        guard binary.knows(.absoluteExpiry) else { return try names.map { try remainingLife(client, $0) } }
        return try client.pipeline(names.map { ["PEXPIRETIME", $0] }).map { reply in
            guard let deadline = reply.integer else { throw RedisClientError.serverError(reply.description) }
            return deadline
        }
    }

    /// The deadline by TIME and PTTL of one transaction: it comes out early by what passes between the two, so the
    /// latest of several answers is right to the millisecond.
    private static func remainingLife(_ client: RedisClient, _ name: RedisArgument) throws -> Int64 {
        var latest = Int64.min
        for _ in 0..<5 {
            let replies = try client.pipeline([["MULTI"], ["TIME"], ["PTTL", name], ["EXEC"]])
            guard let results = replies[3].array, results.count == 2, let life = results[1].integer else {
                throw RedisClientError.malformedReply
            }
            guard life >= 0 else { return life }
            latest = max(latest, try milliseconds(results[0]) + life)
        }
        return latest
    }

    private static func detail(
        _ client: RedisClient,
        _ name: RedisArgument,
        _ type: String,
        of binary: ServerBinary
    ) throws -> String {
        switch type {
        case "stream" where binary.knows(.fullStreamInformation):
            return try client.command("XINFO", "STREAM", name, "FULL", "COUNT", 0).description
        case "stream":
            let commands: [[RedisArgument]] = [
                ["XINFO", "STREAM", name], ["XINFO", "GROUPS", name], ["XPENDING", name, "group-a"],
            ]
            return try client.pipeline(commands).map(\.description).joined()
        case "vectorset":
            // The digest covers members, vectors and attributes; of the graph only its size is told.
            let facts = try client.command("VINFO", name).array ?? []
            let pairs = stride(from: 0, to: facts.count - 1, by: 2).map { "\(facts[$0]) \(facts[$0 + 1])" }
            return pairs.filter { !$0.contains("vset-uid") }.joined(separator: ", ")
        default: return ""
        }
    }

    private static func fieldDeadlines(_ client: RedisClient, _ name: RedisArgument) throws -> [Int64] {
        let fields = (try client.command("HKEYS", name).array ?? []).compactMap(\.bytes)
        let ordered = fields.sorted { $0.lexicographicallyPrecedes($1) }.map { RedisArgument($0) }
        let count = RedisArgument(Int64(ordered.count))
        return (try client.command(["HPEXPIRETIME", name, "FIELDS", count] + ordered).array ?? []).compactMap(\.integer)
    }
}
