/// A server's keyspace in the words that every version and both engines share, read by the commands of each type: so
/// that servers of different versions can be compared.
///
/// Nothing of an encoding, a digest or a payload is in it.
package struct PortableContents: Sendable, Equatable {
    package typealias Place = KeyspaceContents.Place

    /// One key.
    package struct Entry: Sendable, Equatable {
        package var type: String
        /// The elements, those of sets, hashes and sorted sets in the order of their bytes; scores as the bits of a
        /// double; of a stream its entries.
        package var elements: [String] = []
        /// Unix milliseconds, -1 for never.
        package var deadline: Int64
        /// Of the fields of a hash that have one, by the field.
        package var fieldDeadlines: [String: Int64] = [:]
        package var stream: Stream?
    }

    /// What of a stream is beside its entries; nil where the server does not tell.
    package struct Stream: Sendable, Equatable {
        package var lastID: String
        package var maximalDeletedID: String?
        package var entriesAdded: Int64?
        package var groups: [Group]
    }

    package struct Group: Sendable, Equatable {
        package var name: String
        package var lastDelivered: String
        /// Nil where it is unknown or not told.
        package var entriesRead: Int64?
        /// "id consumer deliveries", by id.
        package var pending: [String]
        /// Unix milliseconds of the deliveries, in the order of `pending`; nil on a server that tells only for how long.
        package var deliveryTimes: [Int64]?
        package var consumers: [String]
    }

    package var entries: [Place: Entry]

    package init(entries: [Place: Entry]) {
        self.entries = entries
    }

    package static func read(_ server: RedisServer) throws -> Self {
        let client = try server.client()
        var entries: [Place: Entry] = [:]
        for database in 0..<16 {
            if case .error = try client.reply(to: ["SELECT", RedisArgument(Int64(database))]) { continue }
            for key in (try client.command("KEYS", "*").array ?? []).compactMap(\.bytes) {
                let name = RedisArgument(key)
                let place = Place(database: database, key: key)
                entries[place] = try entry(client, name, of: server.binary)
            }
        }
        return Self(entries: entries)
    }

    private static func entry(_ client: RedisClient, _ name: RedisArgument, of binary: ServerBinary) throws -> Entry {
        let type = try client.command("TYPE", name).text ?? "?"
        let deadline = try KeyspaceContents.deadlines(client, [name], of: binary)[0]
        var entry = Entry(type: type, deadline: deadline)
        switch type {
        case "string": entry.elements = [try client.command("GET", name).description]
        case "list": entry.elements = try texts(client.command("LRANGE", name, 0, -1))
        case "set": entry.elements = try texts(client.command("SMEMBERS", name)).sorted()
        case "hash":
            entry.elements = pairs(try client.command("HGETALL", name)) { $0.description }.sorted()
            if binary.knows(.fieldDeadlines) { entry.fieldDeadlines = try fieldDeadlines(client, name) }
        case "zset":
            entry.elements = pairs(try client.command("ZRANGE", name, 0, -1, "WITHSCORES")) { score in
                String(score.text.flatMap { Double($0) }?.bitPattern ?? 0, radix: 16)
            }.sorted()
        case "stream":
            entry.elements = try texts(client.command("XRANGE", name, "-", "+"))
            entry.stream = try stream(client, name, of: binary)
        case "vectorset":
            let members = try client.command("VRANDMEMBER", name, 1_000_000).array ?? []
            entry.elements = members.map(\.description).sorted()
        default: break
        }
        return entry
    }

    private static func texts(_ reply: RedisReply) -> [String] { (reply.array ?? []).map(\.description) }

    private static func pairs(_ reply: RedisReply, second: (RedisReply) -> String) -> [String] {
        let elements = reply.array ?? []
        return stride(from: 0, to: elements.count - 1, by: 2).map {
            elements[$0].description + " " + second(elements[$0 + 1])
        }
    }

    private static func fieldDeadlines(_ client: RedisClient, _ name: RedisArgument) throws -> [String: Int64] {
        let fields = (try client.command("HKEYS", name).array ?? []).compactMap(\.bytes).map { RedisArgument($0) }
        let count = RedisArgument(Int64(fields.count))
        let told = try client.command(["HPEXPIRETIME", name, "FIELDS", count] + fields).array ?? []
        var deadlines: [String: Int64] = [:]
        for (field, deadline) in zip(fields, told) {
            if let deadline = deadline.integer, deadline > 0 {
                deadlines[RedisReply.bulk(field.bytes).description] = deadline
            }
        }
        return deadlines
    }

    // MARK: Streams

    private static func stream(_ client: RedisClient, _ name: RedisArgument, of binary: ServerBinary) throws -> Stream {
        guard binary.knows(.fullStreamInformation) else { return try oldStream(client, name) }
        let facts = facts(try client.command("XINFO", "STREAM", name, "FULL", "COUNT", 0))
        return Stream(
            lastID: facts["last-generated-id"]?.text ?? "",
            maximalDeletedID: facts["max-deleted-entry-id"]?.text,
            entriesAdded: facts["entries-added"]?.integer,
            groups: (facts["groups"]?.array ?? []).map { group(Self.facts($0)) }
        )
    }

    private static func group(_ facts: [String: RedisReply]) -> Group {
        let pending = (facts["pel"] ?? facts["pending"])?.array ?? []
        let rows = pending.compactMap(\.array)
        return Group(
            name: facts["name"]?.description ?? "",
            lastDelivered: facts["last-delivered-id"]?.text ?? "",
            entriesRead: facts["entries-read"]?.integer,
            pending: rows.map { "\($0[0].text ?? "") \($0[1]) \($0[3])" },
            deliveryTimes: rows.map { $0[2].integer ?? 0 },
            consumers: (facts["consumers"]?.array ?? []).map { Self.facts($0)["name"]?.description ?? "" }.sorted()
        )
    }

    /// As Redis 5.0 tells it.
    private static func oldStream(_ client: RedisClient, _ name: RedisArgument) throws -> Stream {
        let stream = facts(try client.command("XINFO", "STREAM", name))
        let groups = try (client.command("XINFO", "GROUPS", name).array ?? []).map { told in
            let group = facts(told)
            let groupName = RedisArgument(group["name"]?.bytes ?? [])
            let pending = try client.command("XPENDING", name, groupName, "-", "+", 1_000_000).array ?? []
            let consumers = try client.command("XINFO", "CONSUMERS", name, groupName).array ?? []
            return Group(
                name: group["name"]?.description ?? "",
                lastDelivered: group["last-delivered-id"]?.text ?? "",
                pending: pending.compactMap(\.array).map { "\($0[0].text ?? "") \($0[1]) \($0[3])" },
                consumers: consumers.map { facts($0)["name"]?.description ?? "" }.sorted()
            )
        }
        return Stream(lastID: stream["last-generated-id"]?.text ?? "", groups: groups)
    }

    private static func facts(_ reply: RedisReply) -> [String: RedisReply] {
        let elements = reply.array ?? []
        var facts: [String: RedisReply] = [:]
        for index in stride(from: 0, to: elements.count - 1, by: 2) {
            facts[elements[index].text ?? ""] = elements[index + 1]
        }
        return facts
    }
}

extension PortableContents {
    /// What of a server's contents another can say: the counters of streams that only newer servers have are left out
    /// where one of the two does not tell them.
    package func comparable(with other: Self) -> Self {
        var result = self
        for (place, entry) in entries {
            guard var stream = entry.stream, let theirs = other.entries[place]?.stream else { continue }
            if theirs.maximalDeletedID == nil { stream.maximalDeletedID = nil }
            if theirs.entriesAdded == nil { stream.entriesAdded = nil }
            for index in stream.groups.indices where theirs.groups.indices.contains(index) {
                if theirs.entriesAdded == nil { stream.groups[index].entriesRead = nil }
                if theirs.groups[index].deliveryTimes == nil { stream.groups[index].deliveryTimes = nil }
            }
            result.entries[place]?.stream = stream
        }
        return result
    }

    /// The first differences in words, at most `limit`; empty if both are equal.
    ///
    /// Deadlines may differ by `slack` milliseconds: an old server tells only the time that is left.
    package func differences(from other: Self, slack: Int64 = 0, limit: Int = 5) -> [String] {
        let (mine, theirs) = (comparable(with: other), other.comparable(with: self))
        var found: [String] = []
        for place in Set(mine.entries.keys).union(theirs.entries.keys).sorted() {
            guard var entry = mine.entries[place], let expected = theirs.entries[place] else {
                found.append("\(place): \(mine.entries[place] == nil ? "absent" : "unexpected")")
                continue
            }
            if abs(entry.deadline - expected.deadline) <= slack { entry.deadline = expected.deadline }
            if entry != expected { found.append("\(place): \(Self.text(entry)) against \(Self.text(expected))") }
        }
        return Array(found.prefix(limit))
    }

    private static func text(_ entry: Entry) -> String {
        let stream = entry.stream.map { " \($0)" } ?? ""
        return "\(entry.type) deadline \(entry.deadline) \(entry.elements.count) elements "
            + "\(entry.elements.prefix(3)) fields \(entry.fieldDeadlines.count)\(stream)".prefix(600)
    }
}
