import TestSupport
import Testing

/// The oracle itself: a comparison that finds nothing proves something only if it would have found it.
struct OracleTests {
    /// A change of one thing in a keyspace, so small that a digest alone may not tell.
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let commands: [[RedisArgument]]

        static let all: [Self] = [
            Self(
                testDescription: "a deadline later by a millisecond",
                commands: [["PEXPIREAT", "a", 4_102_444_800_001]]
            ),
            Self(testDescription: "a deadline taken away", commands: [["PERSIST", "a"]]),
            Self(testDescription: "a key in another database", commands: [["MOVE", "a", 3]]),
            Self(testDescription: "an integer written with a sign", commands: [["SET", "number", "+7"]]),
            Self(testDescription: "a list in another order", commands: [["RPOPLPUSH", "list", "list"]]),
            Self(
                testDescription: "a score in its last digit",
                commands: [["ZADD", "zset", "0.30000000000000004", "m"]]
            ),
            Self(testDescription: "a field's value", commands: [["HSET", "hash", "f", "w"]]),
            Self(testDescription: "a group's last id", commands: [["XGROUP", "SETID", "stream", "g", "1-1"]]),
            Self(testDescription: "a pending entry acknowledged", commands: [["XACK", "stream", "g", "1-1"]]),
            Self(testDescription: "a stream's last id", commands: [["XSETID", "stream", "9-9"]]),
            Self(testDescription: "one key more, with an empty name", commands: [["SET", "", ""]]),
            Self(testDescription: "a library of functions gone", commands: [["FUNCTION", "DELETE", "l"]]),
        ]
    }

    private static func fill(_ client: RedisClient) throws {
        try client.command("SET", "a", "1", "PXAT", 4_102_444_800_000)
        try client.command("SET", "number", "7")
        try client.command("RPUSH", "list", "x", "y", "z")
        try client.command("ZADD", "zset", "0.3", "m")
        try client.command("HSET", "hash", "f", "v")
        try client.command("XADD", "stream", "1-1", "f", "v")
        try client.command("XADD", "stream", "2-1", "f", "v")
        try client.command("XGROUP", "CREATE", "stream", "g", "0")
        try client.command("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "stream", ">")
        try client.command(
            "FUNCTION",
            "LOAD",
            "#!lua name=l\nredis.register_function('f', function() return 1 end)"
        )
    }

    @Test(arguments: Change.all) func `the oracle sees`(_ change: Change) async throws {
        let server = try await RedisServer.start()
        let client = try server.client()
        try Self.fill(client)
        let before = try KeyspaceContents.read(server)
        #expect(try KeyspaceContents.read(server).differences(from: before) == [], "reading must change nothing")
        for command in change.commands { try client.command(command) }
        #expect(try KeyspaceContents.read(server).differences(from: before) != [])
    }

    @Test func `a seed makes the same commands again and another seed others`() async throws {
        let binary = try await ServerBinary.onPath()
        func steps(_ seed: UInt64) -> [[RedisArgument]] {
            var generator = KeyspaceGenerator(seed: seed, keyCount: 200, now: 1_800_000_000_000, binary: binary)
            return generator.makeSteps().map(\.command)
        }
        #expect(steps(1) == steps(1))
        #expect(steps(1) != steps(2))
    }

    @Test func `the seeded keyspace covers every type and encoding of the server`() async throws {
        let server = try await RedisServer.start()
        try KeyspaceGenerator.fill(server, seed: 1, keyCount: 800)
        let client = try server.client()
        var encodings: Set<String> = []
        for database in KeyspaceGenerator.databases {
            try client.command("SELECT", RedisArgument(Int64(database)))
            let keys = (try client.command("KEYS", "*").array ?? []).compactMap(\.bytes).map { RedisArgument($0) }
            let types = try client.pipeline(keys.map { ["TYPE", $0] })
            let names = try client.pipeline(keys.map { ["OBJECT", "ENCODING", $0] })
            for (type, name) in zip(types, names) { encodings.insert("\(type.text ?? "?") \(name.text ?? "?")") }
        }
        var expected: Set = [
            "string int", "string embstr", "string raw", "list quicklist", "set intset", "set hashtable",
            "hash listpack", "hash hashtable", "zset listpack", "zset skiplist", "stream stream",
        ]
        if server.binary.knows(.compactCollections) { expected.formUnion(["list listpack", "set listpack"]) }
        #expect(expected.subtracting(encodings) == [])
    }
}
