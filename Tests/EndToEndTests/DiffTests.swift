import TestSupport
import Testing

/// `diff` against what the servers hold: nothing where nothing differs, and each planted change by its name.
@Suite(.serialized)
struct DiffTests {
    private static let keyCount = 500

    /// The snapshot of a filled server, restored to another of the same kind.
    private static func restored(
        _ binary: ServerBinary? = nil,
        seed: UInt64
    ) async throws -> (Scenario, RedisServer, String) {
        let source = try await RedisServer.start(.init(binary: binary))
        let target = try await RedisServer.start(.init(binary: binary))
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: keyCount)
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        try await scenario.restore(to: target)
        return (scenario, target, id)
    }

    private static func diff(
        _ scenario: Scenario,
        _ id: String,
        _ target: RedisServer,
        _ options: [String] = []
    ) async throws -> RewarmCommand.Outcome {
        try await scenario.run("diff", [id] + Scenario.node("target", target) + ["--json"] + options)
    }

    @Test func `a restored node differs in nothing, and neither does its own snapshot`() async throws {
        let seed = SeededGenerator.fromEnvironment("diff of every type", fallback: 51).seed
        for binary in [try await ServerBinary.onPath()] + (try await ServerMatrix.present()) {
            let (scenario, target, id) = try await Self.restored(binary, seed: seed)
            let live = try await Self.diff(scenario, id, target, ["--exit-code", "--ttl-tolerance", "2ms"])
            let undecided = live.summary["undecidedKeyCount"].integer ?? -1
            // Vector sets cannot be decoded.
            #expect(undecided == 0 || binary.knows(.vectorSets), "\(binary): \(live)")
            #expect(live.exitCode == (undecided == 0 ? 0 : 3), "\(binary), seed \(seed): \(live)")
            #expect(live.items.isEmpty, "\(binary): \(live)")
            #expect(live.summary["sameKeyCount"].integer == live.summary["keyCount"].integer, "\(binary): \(live)")
            let other = try await scenario.snapshot(target, ["--method", "scan"])
            let stored = try await scenario.run("diff", [id, other, "--json", "--ttl-tolerance", "2ms"])
            #expect(stored.items.isEmpty && stored.summary["sameKeyCount"].integer ?? 0 > 0, "\(binary): \(stored)")
        }
    }

    /// Commands that change one key each, by the key and what is told of it.
    private static let plants: [(key: String, make: [[RedisArgument]], change: [[RedisArgument]], told: String)] = [
        ("gone", [["SET", "gone", "x"]], [["DEL", "gone"]], "missing"),
        ("new", [], [["SET", "new", "x"]], "extra"),
        ("string", [["SET", "string", "abc"]], [["SETRANGE", "string", "1", "x"]], "changed value"),
        (
            "list", [["RPUSH", "list", "a", "b"]], [["LSET", "list", "0", "b"], ["LSET", "list", "1", "a"]],
            "changed value"
        ),
        ("set", [["SADD", "set", "a", "b"]], [["SREM", "set", "b"], ["SADD", "set", "c"]], "changed value"),
        ("score", [["ZADD", "score", "1", "m"]], [["ZADD", "score", "1.0000000000000002", "m"]], "changed value"),
        ("hash", [["HSET", "hash", "f", "v"]], [["HSET", "hash", "f", "w"]], "changed value"),
        (
            "entry", [["XADD", "entry", "1-1", "a", "b"], ["XADD", "entry", "2-1", "a", "b"]],
            [["XDEL", "entry", "1-1"]], "changed value"
        ),
        ("group", stream("group"), [["XGROUP", "SETID", "group", "g", "1-1"]], "changed value"),
        ("pending", stream("pending"), [["XACK", "pending", "g", "2-1"]], "changed value"),
        ("owner", stream("owner"), [["XCLAIM", "owner", "g", "bob", "0", "2-1", "JUSTID"]], "changed value"),
        ("consumer", stream("consumer"), [["XGROUP", "DELCONSUMER", "consumer", "g", "idle"]], "changed value"),
        ("type", [["SADD", "type", "a"]], [["DEL", "type"], ["RPUSH", "type", "a"]], "changed type"),
        ("longer", [["SET", "longer", "x", "EX", "5000"]], [["EXPIRE", "longer", "9000"]], "ttl deadline"),
        ("immortal", [["SET", "immortal", "x", "EX", "5000"]], [["PERSIST", "immortal"]], "ttl deadline"),
    ]

    private static func stream(_ key: RedisArgument) -> [[RedisArgument]] {
        [
            ["XADD", key, "1-1", "a", "b"], ["XADD", key, "2-1", "a", "b"], ["XGROUP", "CREATE", key, "g", "0"],
            ["XGROUP", "CREATECONSUMER", key, "g", "idle"], ["XREADGROUP", "GROUP", "g", "alice", "STREAMS", key, ">"],
        ]
    }

    @Test func `each planted change is told by its name, in the order of the keys`() async throws {
        let (source, target) = (try await RedisServer.start(), try await RedisServer.start())
        let (before, after) = (try source.client(), try target.client())
        for plant in Self.plants { for command in plant.make { try before.command(command) } }
        try before.command(
            "FUNCTION",
            "LOAD",
            "#!lua name=mylib\nredis.register_function('f', function() return 1 end)"
        )
        try before.command("SET", "untouched", "x", "EX", "5000")
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        try await scenario.restore(to: target)
        #expect(try await Self.diff(scenario, id, target).items.isEmpty)
        for plant in Self.plants { for command in plant.change { try after.command(command) } }
        try after.command(
            "FUNCTION",
            "LOAD",
            "REPLACE",
            "#!lua name=mylib\nredis.register_function('f', function() return 2 end)"
        )

        let outcome = try await Self.diff(scenario, id, target, ["--exit-code"])
        #expect(outcome.exitCode == 5, "\(outcome)")
        let told = outcome.items.compactMap { item -> String? in
            guard let key = item["key"].text else { return nil }
            let aspects = item["aspects"].array.compactMap(\.text).map { " " + $0 }.joined()
            return "\(key): \(item["difference"].text ?? "")\(aspects)"
        }
        #expect(told == Self.plants.map { "\($0.key): \($0.told)" }.sorted(), "\(outcome)")
        #expect(outcome.items.first?["library"].text == "mylib", "\(outcome)")
        #expect(outcome.summary["differenceCount"].integer == Int64(Self.plants.count + 1), "\(outcome)")
        #expect(outcome.summary["settledDifferenceCount"].integer == 0)

        let other = try await scenario.snapshot(target)
        let stored = try await scenario.run("diff", [id, other, "--json", "--exit-code"])
        #expect(stored.exitCode == 5)
        #expect(stored.items.map { $0["key"].text } == outcome.items.map { $0["key"].text }, "\(stored)")
        let reversed = try await scenario.run("diff", [other, id, "--json", "--limit", "2"])
        #expect(reversed.exitCode == 0)
        #expect(reversed.items.count == 2, "\(reversed)")
        #expect(reversed.summary["hiddenDifferenceCount"].integer == Int64(Self.plants.count - 1), "\(reversed)")
        #expect(reversed.summary["missingKeyCount"].integer == 1 && reversed.summary["extraKeyCount"].integer == 1)
        for (words, ids) in [(" later, p50 ", [id, other]), (" earlier, p50 ", [other, id])] {
            let text = try await scenario.run("diff", ids + ["--summary"])
            #expect(text.output.contains(words), "the largest drift has a direction: \(text)")
        }
    }

    @Test func `a field's deadline that is dropped or moved is told on servers that have such`() async throws {
        for binary in try await ServerMatrix.present() where binary.knows(.fieldDeadlines) {
            let (source, target) = (
                try await RedisServer.start(.init(binary: binary)), try await RedisServer.start(.init(binary: binary))
            )
            let (before, after) = (try source.client(), try target.client())
            for key in ["dropped", "moved", "same"] as [RedisArgument] {
                try before.command("HSET", key, "f", "v", "g", "v")
                try before.command("HPEXPIREAT", key, "4000000000000", "FIELDS", "1", "f")
            }
            let scenario = try Scenario()
            let id = try await scenario.snapshot(source)
            try await scenario.restore(to: target)
            try after.command("HPERSIST", "dropped", "FIELDS", "1", "f")
            try after.command("HPEXPIREAT", "moved", "4000000005000", "FIELDS", "1", "f")
            let outcome = try await Self.diff(scenario, id, target)
            #expect(outcome.items.map { $0["key"].text } == ["dropped", "moved"], "\(binary): \(outcome)")
            #expect(outcome.items.allSatisfy { $0["aspects"].array.map(\.text) == ["fieldDeadlines"] })
            #expect(outcome.items.last?["fieldDriftMilliseconds"].integer == 5000, "\(binary): \(outcome)")
            let tolerant = try await Self.diff(scenario, id, target, ["--ttl-tolerance", "5s"])
            #expect(tolerant.items.map { $0["key"].text } == ["dropped"], "\(binary): \(tolerant)")
        }
    }

    @Test func `keys that have expired are counted and not missing`() async throws {
        let (source, target) = (try await RedisServer.start(), try await RedisServer.start())
        let client = try source.client()
        // Expired and not removed: the stream of a replication has them.
        try client.debug("SET-ACTIVE-EXPIRE", "0")
        for number in 0..<20 { try client.command("SET", "\(number)", "x", "PX", "1") }
        try client.command("SET", "stays", "x", "EX", "5000")
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        let outcome = try await Self.diff(scenario, id, target)
        #expect(outcome.items.map { $0["key"].text } == ["stays"], "\(outcome)")
        #expect(outcome.summary["expiredKeyCount"].integer == 20, "\(outcome)")
    }

    @Test func `filters and databases choose what is compared`() async throws {
        let (source, target) = (try await RedisServer.start(), try await RedisServer.start())
        let client = try source.client(database: 2)
        for key in ["a:1", "a:2", "b:1"] as [RedisArgument] { try client.command("SET", key, "x") }
        try client.command("RPUSH", "a:list", "x")
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        try target.client(database: 5).command("SET", "a:1", "x")
        func missing(_ options: String...) async throws -> [String?] {
            try await Self.diff(scenario, id, target, options).items.map { $0["key"].text }
        }
        #expect(try await missing("--database", "2:5") == ["a:2", "a:list", "b:1"])
        #expect(try await missing("--database", "2:5", "--match", "a:*", "--type", "string") == ["a:2"])
        #expect(try await missing("--database", "2:5", "--exclude", "a:*") == ["b:1"])
        #expect(try await missing("--database", "3").isEmpty)
    }

    @Test func `a large value is compared in pieces`() async throws {
        let (source, target) = (try await RedisServer.start(), try await RedisServer.start())
        var generator = SeededGenerator(seed: 72)
        let noise = generator.bytes(5_000_000)
        let client = try source.client()
        try client.command("SET", "noise", RedisArgument(noise))
        try client.command("SET", "zeros", RedisArgument([UInt8](repeating: 48, count: 4_000_000)))
        for start in stride(from: 0, to: 200_000, by: 10_000) {
            try client.command(
                ["RPUSH", "list"] + (start..<start + 10_000).map { RedisArgument("element number \($0)") }
            )
        }
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        try await scenario.restore(to: target)
        #expect(try await Self.diff(scenario, id, target, ["--exit-code"]).exitCode == 0)
        let after = try target.client()
        try after.command("SETRANGE", "noise", "4999999", RedisArgument([noise[4_999_999] &+ 1]))
        try after.command("SETRANGE", "zeros", "2000000", "1")
        try after.command("LSET", "list", "199999", "another")
        let outcome = try await Self.diff(scenario, id, target)
        #expect(outcome.items.map { $0["key"].text } == ["list", "noise", "zeros"], "\(outcome)")
    }
}
