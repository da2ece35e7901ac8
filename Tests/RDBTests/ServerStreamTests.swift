import Foundation
import NIOCore
import RDB
import SnapshotModel
import TestSupport
import Testing

@Suite("RDB files of a real server")
struct ServerStreamTests {
    private static let seed: UInt64 = 41

    /// A server with the seeded keyspace, a function, and what it saved.
    private func saved(
        compressed: Bool,
        lines: [String] = [],
        binary: ServerBinary? = nil
    ) async throws -> (RedisServer, [UInt8]) {
        let compression = "rdbcompression \(compressed ? "yes" : "no")"
        let server = try await RedisServer.start(.init(lines: [compression] + lines, binary: binary))
        try KeyspaceGenerator.fill(server, seed: Self.seed, keyCount: 400)
        let client = try server.client()
        // What the generator's sizes may miss: lists with plain nodes, and compressed inner nodes.
        try client.command("CONFIG", "SET", "list-compress-depth", "1")
        try client.command("RPUSH", "list:plain", RedisArgument([UInt8](repeating: 0x70, count: 20_000)), "tail")
        for _ in 0..<5 {
            try client.command(["RPUSH", "list:deep"] + (0..<400).map { RedisArgument("element number \($0)") })
        }
        try client.command("SAVE")
        return (server, Array(try Data(contentsOf: URL(fileURLWithPath: server.dumpPath))))
    }

    /// The value types that a version writes of the seeded keyspace.
    private static func types(of binary: ServerBinary) -> Set<UInt8> {
        let old: Set<UInt8> = [0, 2, 4, 5, 11]
        guard binary.knows(.functions) else { return old.union([12, 13, 14, 15]) }
        var types = old.union([16, 17, 18])
        types.formUnion(binary.knows(.compactCollections) ? [20] : [])
        types.insert(binary.knows(.idempotentProducers) ? 26 : binary.knows(.compactCollections) ? 21 : 19)
        if binary.knows(.fieldDeadlines) { types.formUnion(binary.isValkey ? [22] : [24, 25]) }
        if binary.knows(.vectorSets) { types.insert(7) }
        return types
    }

    @Test(
        "each key's body is what DUMP answers, with and without compression",
        arguments: [true, false],
        try await [ServerBinary.onPath()] + ServerMatrix.present()
    )
    func bodiesEqualDumps(compressed: Bool, binary: ServerBinary) async throws {
        let (server, file) = try await saved(compressed: compressed, binary: binary)
        let engine: Engine = binary.isValkey ? .valkey : .redis
        let records = try Skimming(pieces: [65_536], outputLimit: 100_000).records(file).filter { $0.kind == .key }
        let client = try server.client()
        var types: Set<UInt8> = []
        for record in records {
            try client.command("SELECT", RedisArgument(Int64(record.database)))
            let dump = try #require(try client.command("DUMP", RedisArgument(record.key)).bytes)
            let parsed = try DumpPayload.parse(ByteBuffer(bytes: dump))
            #expect(parsed.type == record.type)
            let format = PayloadFormat(engine: engine, rdbVersion: parsed.version)
            let body = try Skimming.body(Array(parsed.body.readableBytesView), type: parsed.type, format: format)
            let context = "\(binary), seed \(Self.seed), type \(record.type), \(record.body.count) bytes"
            #expect(body == record.body, "\(context)")
            if binary.knows(.absoluteExpiry) {
                let told = try client.command("PEXPIRETIME", RedisArgument(record.key)).integer
                let deadline = try #require(told)
                #expect(record.expiry == (deadline < 0 ? .never : .at(UnixMilliseconds(deadline))))
            }
            let type = try client.command("TYPE", RedisArgument(record.key)).text
            #expect(record.typeName == (type == "vectorset" ? "module:vectorset" : type))
            types.insert(record.type)
        }
        let keyCount = try (0..<16).reduce(Int64(0)) { sum, database in
            try client.command("SELECT", RedisArgument(Int64(database)))
            return sum + (try client.command("DBSIZE").integer ?? 0)
        }
        #expect(Int64(records.count) == keyCount)
        #expect(types == Self.types(of: binary), "all that \(binary) writes")
        await server.stop()
    }

    @Test("the bodies restored with our payloads make an equal keyspace", arguments: [true, false])
    func restored(compressed: Bool) async throws {
        let (source, file) = try await saved(compressed: compressed)
        let target = try await RedisServer.start()
        let client = try target.client()
        let records = try Skimming(pieces: [4096], outputLimit: 65_536).records(file)
        for record in records where record.kind == .key {
            try client.command("SELECT", RedisArgument(Int64(record.database)))
            var payload = ByteBuffer()
            DumpPayload.write(type: record.type, body: ByteBuffer(bytes: record.body), rdbVersion: 10, into: &payload)
            let deadline: Int64 = if case .at(let instant) = record.expiry { instant.rawValue } else { 0 }
            let bytes = Array(payload.readableBytesView)
            try client.command(
                "RESTORE",
                RedisArgument(record.key),
                RedisArgument(deadline),
                RedisArgument(bytes),
                "ABSTTL"
            )
        }
        let libraries = records.filter { $0.kind == .functionLibrary }.map { ByteBuffer(bytes: $0.body) }
        #expect(!libraries.isEmpty)
        let functions = FunctionPayload.make(bodies: libraries, rdbVersion: 10)
        try client.command("FUNCTION", "RESTORE", RedisArgument(Array(functions.readableBytesView)))
        let expected = try KeyspaceContents.read(source)
        #expect(try KeyspaceContents.read(target).differences(from: expected) == [], "seed \(Self.seed)")
        #expect(expected.entries.count > 400)
        await source.stop()
        await target.stop()
    }

    @Test("the payload of FUNCTION DUMP comes apart into the bodies of the stream")
    func functionDump() async throws {
        let (server, file) = try await saved(compressed: true)
        let dump = try #require(try server.client().command("FUNCTION", "DUMP").bytes)
        let bodies = try FunctionPayload.bodies(of: ByteBuffer(bytes: dump)).map { Array($0.readableBytesView) }
        let records = try Skimming().records(file).filter { $0.kind == .functionLibrary }
        #expect(Set(bodies) == Set(records.map(\.body)))
        await server.stop()
    }

    @Test("access data comes with an LRU or LFU policy", arguments: ["allkeys-lru", "allkeys-lfu"])
    func accessData(policy: String) async throws {
        let server = try await RedisServer.start(.init(lines: ["maxmemory 1gb", "maxmemory-policy \(policy)"]))
        let client = try server.client()
        try client.command("SET", "fresh", "1")
        try client.command(
            "RESTORE",
            "old",
            "0",
            RedisArgument(oldPayload),
            policy == "allkeys-lru" ? "IDLETIME" : "FREQ",
            "77"
        )
        try client.command("SAVE")
        let file = Array(try Data(contentsOf: URL(fileURLWithPath: server.dumpPath)))
        let records = try Skimming().records(file)
        let old = try #require(records.first { $0.key == Array("old".utf8) })
        switch old.access {
        case .idle(let seconds):
            #expect(policy == "allkeys-lru")
            #expect((77...200).contains(seconds))
        case .frequency(let counter):
            #expect(policy == "allkeys-lfu")
            #expect(counter == 77)
        case .none: Issue.record("no access data with \(policy)")
        }
        await server.stop()
    }

    private var oldPayload: [UInt8] {
        var payload = ByteBuffer()
        DumpPayload.write(type: 0, body: ByteBuffer(bytes: [1, 0x76]), rdbVersion: 10, into: &payload)
        return Array(payload.readableBytesView)
    }

    @Test("fixtures of types that the server only reads are taken by its RESTORE as what they are")
    func fixturesAreReal() async throws {
        let server = try await RedisServer.start()
        let client = try server.client()
        // Field values, members with scores, … as the server answers them after it loaded the fixture.
        let answers: [(UInt8, [RedisArgument], String)] = [
            (1, ["LRANGE", "k", "0", "-1"], "x -5 "), (2, ["SCARD", "k"], "2"),
            (3, ["ZRANGE", "k", "0", "-1", "WITHSCORES"], "c -inf d -7 a 1.5 b inf"),
            (4, ["HGET", "k", "other"], "70000"), (5, ["ZSCORE", "k", "b"], "-2.25"), (9, ["HGETALL", "k"], "f1 v1"),
            (10, ["LRANGE", "k", "0", "-1"], "f1 v1"), (11, ["SMEMBERS", "k"], "1 9"),
            (12, ["ZSCORE", "k", "m1"], "1"), (13, ["HGETALL", "k"], "f1 v1"),
            (14, ["LRANGE", "k", "0", "-1"], "f1 v1 f1 v1"), (15, ["XLEN", "k"], "2"), (16, ["HGET", "k", "n"], "7"),
            (17, ["ZSCORE", "k", "n"], "2"), (18, ["LLEN", "k"], "4"), (19, ["XLEN", "k"], "2"),
        ]
        for (type, question, expected) in answers {
            let fixture = try #require(ValueFixture.of(type))
            for body in [fixture.stored, fixture.plain] {
                try client.command("FLUSHALL")
                var payload = ByteBuffer()
                DumpPayload.write(type: type, body: ByteBuffer(bytes: body), rdbVersion: 10, into: &payload)
                let bytes = RedisArgument(Array(payload.readableBytesView))
                #expect(try client.reply(to: ["RESTORE", "k", "0", bytes]).text == "OK", "type \(type)")
                #expect(words(try client.reply(to: question)) == expected, "type \(type)")
                #expect(try client.command("TYPE", "k").text == fixture.name)
            }
        }
        let pending = try client.command("XPENDING", "k", "group").array
        #expect(pending?.first?.integer == 1)
        await server.stop()
    }

    private func words(_ reply: RedisReply) -> String {
        if let array = reply.array { return array.map(words).joined(separator: " ") }
        if let integer = reply.integer { return String(integer) }
        return reply.text ?? "nil"
    }
}
