import NIOCore
import RDB
import SnapshotModel
import TestSupport
import Testing

@Suite("Decoded values")
struct RDBValueDecoderTests {
    @Test(
        "of every type and encoding equal what the server answers by type commands",
        arguments: try await [ServerBinary.onPath()]
            + ServerMatrix.present().filter { $0.knows(.fullStreamInformation) }
    )
    func agreesWithTypeCommands(binary: ServerBinary) async throws {
        let server = try await RedisServer.start(.init(binary: binary))
        let seed: UInt64 = 7
        try KeyspaceGenerator.fill(server, seed: seed, keyCount: 300)
        let client = try server.client()
        var seenTypes: Set<String> = []
        for database in KeyspaceGenerator.databases {
            try client.command("SELECT", RedisArgument(Int64(database)))
            for key in (try client.command("KEYS", "*").array ?? []).compactMap(\.bytes) {
                let dump = try #require(try client.command("DUMP", RedisArgument(key)).bytes)
                let type = try #require(try client.command("TYPE", RedisArgument(key)).text)
                let body = ByteBuffer(bytes: dump.dropFirst().dropLast(10))
                let engine: Engine = binary.isValkey ? .valkey : .redis
                let format = PayloadFormat(engine: engine, rdbVersion: Int(dump[dump.count - 10]))
                if type == "vectorset" { continue }
                let value = try RDBValueDecoder.decode(body, type: dump[0], format: format)
                let expected = try Self.answers(client, RedisArgument(key), type: type)
                #expect(
                    Self.lines(value) == expected,
                    "\(binary), seed \(seed), database \(database), key \(key), type \(dump[0])"
                )
                seenTypes.insert(type)
            }
        }
        #expect(seenTypes == ["string", "list", "set", "zset", "hash", "stream"])
    }

    @Test("are refused with an error, never a trap, when the body is cut or a byte of it is another")
    func refusesDamage() async throws {
        let server = try await RedisServer.start(.init())
        let seed: UInt64 = 8
        try KeyspaceGenerator.fill(server, seed: seed, keyCount: 60)
        let client = try server.client()
        var random = SeededGenerator(seed: seed)
        var refusedCount = 0
        for key in (try client.command("KEYS", "*").array ?? []).compactMap(\.bytes) {
            let dump = try #require(try client.command("DUMP", RedisArgument(key)).bytes)
            let body = Array(dump.dropFirst().dropLast(10))
            let format = PayloadFormat(engine: .redis, rdbVersion: 10)
            for _ in 0..<40 {
                var damaged = body
                damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                if Bool.random(using: &random) { damaged.removeLast(Int.random(in: 1...damaged.count, using: &random)) }
                do {
                    _ = try RDBValueDecoder.decode(ByteBuffer(bytes: damaged), type: dump[0], format: format)
                } catch {
                    refusedCount += 1
                }
            }
        }
        #expect(refusedCount > 500, "seed \(seed): damage is hardly ever noticed")
    }

    @Test("of newer streams equal those of older ones, as what they add is not shown")
    func newerStreams() throws {
        func decoded(_ type: UInt8, _ version: Int) throws -> RDBValue {
            let body = ByteBuffer(bytes: try #require(ValueFixture.of(type)).plain)
            return try RDBValueDecoder.decode(body, type: type, format: .init(engine: .redis, rdbVersion: version))
        }
        let known = try decoded(21, 13)
        #expect(try decoded(26, 13) == known)
        // In the fixture of version 5 no consumer owns the pending entry; the group has it all the same.
        guard case .stream(let stream) = try decoded(27, 14), case .stream(let older) = known else {
            Issue.record("no streams")
            return
        }
        #expect(stream.entries == older.entries)
        #expect(stream.groups.map(\.pending) == older.groups.map(\.pending))
        #expect(stream.groups.flatMap(\.consumers).map(\.pending) == [[]])
    }

    @Test("of hashes with field deadlines carry them, in both forms of Redis and that of Valkey")
    func fieldDeadlines() throws {
        let deadline: Int64 = 1_900_000_000_000
        let expected: RDBValue = .hash([
            RDBValue.HashField(
                field: ByteBuffer(string: "f"),
                value: ByteBuffer(string: "v"),
                expiry: .at(UnixMilliseconds(deadline))
            ),
            RDBValue.HashField(field: ByteBuffer(string: "g"), value: ByteBuffer(string: "w")),
        ])
        var metadata = ByteBuffer()
        metadata.writeInteger(deadline, endianness: .little)
        metadata.writeBytes([2, 1, 1, 0x66, 1, 0x76, 0, 1, 0x67, 1, 0x77])
        #expect(
            try RDBValueDecoder.decode(metadata, type: 24, format: PayloadFormat(engine: .redis, rdbVersion: 12))
                == expected
        )
        var valkey = ByteBuffer(bytes: [2, 1, 0x66, 1, 0x76])
        valkey.writeInteger(deadline, endianness: .little)
        valkey.writeBytes([1, 0x67, 1, 0x77])
        valkey.writeInteger(Int64(-1), endianness: .little)
        #expect(
            try RDBValueDecoder.decode(valkey, type: 22, format: PayloadFormat(engine: .valkey, rdbVersion: 80))
                == expected
        )
        var entries: [UInt8] = [0x81, 0x66, 2, 0x81, 0x76, 2, 0xF4]
        entries += withUnsafeBytes(of: deadline.littleEndian) { Array($0) }
        entries += [9, 0x81, 0x67, 2, 0x81, 0x77, 2, 0, 1, 0xFF]
        let listpack = [UInt8(entries.count + 6), 0, 0, 0, 6, 0] + entries
        var compact = ByteBuffer()
        compact.writeInteger(deadline, endianness: .little)
        compact.writeBytes([UInt8(listpack.count)] + listpack)
        #expect(
            try RDBValueDecoder.decode(compact, type: 25, format: PayloadFormat(engine: .redis, rdbVersion: 12))
                == expected
        )
    }

    /// The value in lines that do not depend on the order of sets and hashes.
    private static func lines(_ value: RDBValue) -> [String] {
        func text(_ buffer: ByteBuffer) -> String { RedisReply.bulk(Array(buffer.readableBytesView)).description }
        switch value {
        case .string(let string): return [text(string)]
        case .list(let elements): return elements.map(text)
        case .set(let members): return members.map(text).sorted()
        case .hash(let fields): return fields.map { text($0.field) + "=" + text($0.value) }.sorted()
        case .sortedSet(let members): return members.map { text($0.member) + "=\($0.score.bitPattern)" }.sorted()
        case .stream(let stream):
            let entries = stream.entries.map { entry in
                "\(entry.id) " + entry.fields.map { text($0.name) + "=" + text($0.value) }.joined(separator: " ")
            }
            let groups = stream.groups.map { group in
                "group \(text(group.name)) \(group.lastDelivered) pending "
                    + group.pending.map { "\($0.id)" }.joined(separator: ",")
            }
            return ["length \(stream.length) last \(stream.lastID)"] + entries + groups.sorted()
        case .opaque(let encoding): return ["opaque " + encoding]
        }
    }

    private static func answers(_ client: RedisClient, _ key: RedisArgument, type: String) throws -> [String] {
        switch type {
        case "string": return [try client.command("GET", key).description]
        case "list": return (try client.command("LRANGE", key, 0, -1).array ?? []).map(\.description)
        case "set": return (try client.command("SMEMBERS", key).array ?? []).map(\.description).sorted()
        case "hash":
            return pairs(try client.command("HGETALL", key)).map { $0.0.description + "=" + $0.1.description }.sorted()
        case "zset":
            return try pairs(client.command("ZRANGE", key, 0, -1, "WITHSCORES")).map { member, score in
                let number = try #require(score.text.flatMap(Double.init))
                return member.description + "=\(number.bitPattern)"
            }.sorted()
        default: return try streamAnswers(client, key)
        }
    }

    private static func streamAnswers(_ client: RedisClient, _ key: RedisArgument) throws -> [String] {
        let information = pairs(try client.command("XINFO", "STREAM", key, "FULL", "COUNT", 0))
        func field(_ name: String, _ list: [(RedisReply, RedisReply)]) -> RedisReply? {
            list.first { $0.0.text == name }?.1
        }
        let entries = (try client.command("XRANGE", key, "-", "+").array ?? []).map { entry in
            let parts = entry.array ?? []
            let fields = pairs(parts[1]).map { $0.0.description + "=" + $0.1.description }
            return (parts[0].text ?? "") + " " + fields.joined(separator: " ")
        }
        let groups = (field("groups", information)?.array ?? []).map { group in
            let list = pairs(group)
            let pending = (field("pending", list)?.array ?? []).map { $0.array?.first?.text ?? "" }
            return "group \(field("name", list)?.description ?? "") \(field("last-delivered-id", list)?.text ?? "")"
                + " pending " + pending.joined(separator: ",")
        }
        let length = field("length", information)?.integer ?? -1
        let last = field("last-generated-id", information)?.text ?? ""
        return ["length \(length) last \(last)"] + entries + groups.sorted()
    }

    private static func pairs(_ reply: RedisReply) -> [(RedisReply, RedisReply)] {
        let elements = reply.array ?? []
        return stride(from: 0, to: elements.count - 1, by: 2).map { (elements[$0], elements[$0 + 1]) }
    }
}
