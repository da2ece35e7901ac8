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
        /// XINFO STREAM FULL of a stream, HPEXPIRETIME of all fields of a hash where the server knows it.
        package var detail: String
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
            try client.command("SELECT", RedisArgument(Int64(database)))
            for (key, entry) in try read(client, access: access, knowsFields: server.binary.isRedis(atLeast: 7, 4)) {
                entries[Place(database: database, key: key)] = entry
            }
        }
        var functions: [String] = []
        if server.binary.isRedis(atLeast: 7, 0) {
            functions = (try client.command("FUNCTION", "LIST", "WITHCODE").array ?? []).map(\.description).sorted()
        }
        return Self(entries: entries, functions: functions)
    }

    /// The server's clock in Unix milliseconds.
    package static func serverTime(_ client: RedisClient) throws -> Int64 {
        let parts = try client.command("TIME").array ?? []
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
            + entry.detail.prefix(300)
    }

    private static func read(
        _ client: RedisClient,
        access: AccessKind,
        knowsFields: Bool
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
        let deadlines = try deadlines(client, names)
        return try keys.indices.map { index in
            let entry = Entry(
                type: types[index],
                digest: digests[index].array?.first?.text ?? digests[index].description,
                deadline: deadlines[index],
                detail: try detail(client, names[index], types[index], knowsFields: knowsFields),
                access: accessData[index]
            )
            return (keys[index], entry)
        }
    }

    private static func deadlines(_ client: RedisClient, _ names: [RedisArgument]) throws -> [Int64] {
        try client.pipeline(names.map { ["PEXPIRETIME", $0] }).map { reply in
            guard let deadline = reply.integer else { throw RedisClientError.serverError(reply.description) }
            return deadline
        }
    }

    private static func detail(
        _ client: RedisClient,
        _ name: RedisArgument,
        _ type: String,
        knowsFields: Bool
    ) throws -> String {
        switch type {
        case "stream": return try client.command("XINFO", "STREAM", name, "FULL", "COUNT", 0).description
        case "hash" where knowsFields:
            let fields = (try client.command("HKEYS", name).array ?? []).compactMap(\.bytes)
            let ordered = fields.sorted { $0.lexicographicallyPrecedes($1) }.map { RedisArgument($0) }
            let count = RedisArgument(Int64(ordered.count))
            return try client.command(["HPEXPIRETIME", name, "FIELDS", count] + ordered).description
        default: return ""
        }
    }
}
