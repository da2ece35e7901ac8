import TestSupport
import Testing

/// Looking into snapshots of Memcached, and `diff` against the node: nothing where nothing differs, and each planted change
/// by its name.
@Suite(.serialized)
struct MemcachedDiffTests {
    private static func snapshot(_ scenario: Scenario, _ server: MemcachedServer) async throws -> String {
        let outcome = try await scenario.run("snapshot", ["--source", server.url, "--create", "--json"])
        try #require(outcome.exitCode == 0, "\(outcome)")
        return try #require(outcome.summary["snapshot"].text, "\(outcome)")
    }

    private static func told(_ outcome: RewarmCommand.Outcome) -> [String] {
        outcome.items.map { item in
            let aspects = item["aspects"].array.compactMap(\.text).map { " " + $0 }.joined()
            return "\(item["key"].text ?? ""): \(item["difference"].text ?? "")\(aspects)"
        }
    }

    @Test func `a node that has not changed differs in nothing, and neither does its own next snapshot`() async throws {
        let server = try await MemcachedServer.start(.init(arguments: ["-m", "256"]))
        let client = try server.client()
        let seed = SeededGenerator.fromEnvironment("diff of items", fallback: 0x51).seed
        var generator = MemcachedItems(seed: seed, now: try client.time())
        try client.store(generator.special() + (0..<4000).map { generator.ordinary($0) })
        let scenario = try Scenario()
        let id = try await Self.snapshot(scenario, server)
        let live = try await scenario.run(
            "diff",
            [id, "--target", server.url, "--json", "--exit-code", "--ttl-tolerance", "0s", "--cas"]
        )
        #expect(live.exitCode == 0 && live.items.isEmpty, "seed \(seed): \(live)")
        #expect(live.summary["sameKeyCount"].integer == live.summary["keyCount"].integer, "\(live)")
        #expect(live.summary["largestDriftMilliseconds"].integer == 0, "seed \(seed): \(live)")
        let other = try await Self.snapshot(scenario, server)
        let stored = try await scenario.run("diff", [id, other, "--json", "--exit-code", "--cas"])
        #expect(stored.exitCode == 0 && stored.items.isEmpty, "seed \(seed): \(stored)")
    }

    /// Items that are changed by one command each, and what is told of them.
    private static let plants: [(key: String, change: String, told: String)] = [
        ("gone", "md gone q\r\n", "missing"),
        ("value", "ms value 7 T4000 q\r\nchangeD\r\n", "changed value"),
        ("flags", "ms flags 7 T4000 F9 q\r\nchanged\r\n", "changed flags"),
        ("longer", "mg longer T9000 q\r\n", "ttl deadline"),
        ("immortal", "mg immortal T0 q\r\n", "ttl deadline"),
        ("emptied", "ms emptied 0 T4000 q\r\n\r\n", "changed value"),
    ]

    @Test func `each planted change is told by its name, in the order of the keys`() async throws {
        let server = try await MemcachedServer.start()
        let client = try server.client()
        for key in Self.plants.map(\.key) + ["untouched", "stored again"].map({ $0.replacing(" ", with: "-") }) {
            try client.store([.init(key, "changed", exptime: 4000)])
        }
        let scenario = try Scenario()
        let id = try await Self.snapshot(scenario, server)
        for plant in Self.plants { try client.send(plant.change) }
        try client.send("ms new 1 q\r\nx\r\nms stored-again 7 T4000 q\r\nchanged\r\nmn\r\n")
        while try client.line() != "MN" {}

        let live = try await scenario.run("diff", [id, "--target", server.url, "--json", "--exit-code"])
        #expect(live.exitCode == 5, "\(live)")
        let expected = (Self.plants.map { "\($0.key): \($0.told)" } + ["new: extra"]).sorted()
        #expect(Self.told(live) == expected, "\(live)")
        let flags = live.items.first { $0["key"].text == "flags" }
        #expect(flags?["clientFlags"].integer == 0 && flags?["otherClientFlags"].integer == 9, "\(live)")
        // The second look at a key that was stored anew tells its new CAS.
        let withCAS = try await scenario.run("diff", [id, "--target", server.url, "--json", "--cas"])
        #expect(Self.told(withCAS).contains("stored-again: changed cas"), "\(withCAS)")

        let other = try await Self.snapshot(scenario, server)
        let stored = try await scenario.run("diff", [id, other, "--json", "--ttl-tolerance", "5s"])
        #expect(Self.told(stored) == expected, "\(stored)")
        let table = try await scenario.run("diff", [id, "--target", server.url])
        #expect(table.output.contains("flags 0/9") && table.output.contains("expiry lost"), "\(table)")
    }

    @Test func `what a restore from Redis has brought is the same bytes with the same second`() async throws {
        let (source, target) = (try await RedisServer.start(), try await MemcachedServer.start())
        let client = try source.client()
        try client.command("SET", "text", "hello", "PX", "5000500")
        try client.command("SET", "number", "12345")
        try client.command("RPUSH", "list", "a")
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        let restored = try await scenario.run("restore", [id, "--target", target.url, "--json"])
        #expect(
            restored.summary["restored"].integer ?? restored.summary["restoredKeyCount"].integer == 2,
            "\(restored)"
        )
        let outcome = try await scenario.run("diff", [id, "--target", target.url, "--json"])
        #expect(Self.told(outcome) == ["list: missing"], "\(outcome)")
    }

    @Test func `keys that Memcached cannot hold are missing, and said to be`() async throws {
        let (source, target) = (try await RedisServer.start(), try await MemcachedServer.start())
        let client = try source.client()
        let long = String(repeating: "k", count: 251)
        let spaced = String(repeating: "k ", count: 120)
        for key in ["both", "two words", "", long, spaced] { try client.command("SET", RedisArgument(key), "v") }
        let other = try source.client(database: 1)
        try other.command("SET", "both", "v")
        try other.command("SET", "one", "v")
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        try target.client().store([.init("both", "v"), .init("stranger", "v")])
        try target.client().store([.init(key: Array("two words".utf8), isBinary: true, value: [0x76])])
        func diff(_ options: [String]) async throws -> RewarmCommand.Outcome {
            try await scenario.run("diff", [id, "--target", target.url, "--json", "--exit-code"] + options)
        }

        let all = try await diff([])
        #expect(all.exitCode == 5, "\(all)")
        let missing = ["\"\"", "\"\(spaced)\"", long].map { "\($0): missing" }
        #expect(Self.told(all) == missing + ["stranger: extra", "both: missing", "one: missing"], "\(all)")
        #expect(Self.figures(all) == [7, 3, 2, 5, 1, 5], "\(all)")
        let table = try await scenario.run("diff", [id, "--target", target.url])
        #expect(table.output.contains("5 missing keys that Memcached cannot hold"), "\(table)")

        // One database of the snapshot is held against the one that there is, whatever its number.
        for option in ["1", "1:0"] {
            let one = try await diff(["--database", option])
            #expect(Self.told(one) == ["one: missing", "stranger: extra", "\"two words\": extra"], "\(one)")
            #expect(Self.figures(one) == [2, 3, 1, 1, 2, 0], "\(one)")
        }
        for options in [["0:1"], ["0", "1"]] {
            let senseless = try await diff(options.flatMap { ["--database", $0] })
            #expect(senseless.exitCode == 2, "\(senseless)")
        }
        let own = try await Self.snapshot(scenario, target)
        let none = try await scenario.run("diff", [own, "--target", target.url, "--database", "0"])
        #expect(none.exitCode == 2 && none.errors.contains("leave --database out"), "\(none)")
    }

    private static func figures(_ outcome: RewarmCommand.Outcome) -> [Int64?] {
        ["key", "otherKey", "sameKey", "missingKey", "extraKey", "unplaceableKey"].map {
            outcome.summary[$0 + "Count"].integer
        }
    }

    @Test func `an item whose key no command can name is extra, or not to be decided on`() async throws {
        let server = try await MemcachedServer.start()
        let key = [UInt8](repeating: 0x20, count: 240)
        try server.client().store([.init("word", "value")])
        let scenario = try Scenario()
        let id = try await Self.snapshot(scenario, server)
        try server.client().storeOverBinaryProtocol(key, value: [1])
        let outcome = try await scenario.run("diff", [id, "--target", server.url, "--json"])
        let name = String(repeating: " ", count: 240)
        #expect(outcome.exitCode == 0 && Self.told(outcome) == ["\"\(name)\": extra"], "\(outcome)")
        let source = try await RedisServer.start()
        try source.client().command("SET", RedisArgument(key), "\u{1}")
        let other = try await scenario.snapshot(source)
        let undecided = try await scenario.run("diff", [other, "--target", server.url, "--json"])
        #expect(Self.told(undecided) == ["word: extra"] && undecided.exitCode == 3, "\(undecided)")
        #expect(undecided.summary["undecidedKeyCount"].integer == 1, "\(undecided)")
    }

    @Test func `a deadline that is off by more than a second is drift, one by a second is not`() async throws {
        let server = try await MemcachedServer.start()
        let client = try server.client()
        let deadline = try client.time() + 5000
        let keys = ["earlier", "same", "second", "two"]
        try client.store(keys.map { .init($0, "x", exptime: deadline) })
        let scenario = try Scenario()
        let id = try await Self.snapshot(scenario, server)
        try client.store(zip(keys, [-2, 0, 1, 2]).map { .init($0, "x", exptime: deadline + $1) })
        let outcome = try await scenario.run("diff", [id, "--target", server.url, "--json"])
        #expect(Self.told(outcome) == ["earlier: ttl deadline", "two: ttl deadline"], "\(outcome)")
        #expect(outcome.items.map { $0["driftMilliseconds"].integer } == [-2000, 2000], "\(outcome)")
        #expect(outcome.summary["largestDriftMilliseconds"].integer?.magnitude == 2000, "\(outcome)")
    }

    @Test func `keys, get and show tell what the server had`() async throws {
        let server = try await MemcachedServer.start(.init(arguments: ["-m", "256"]))
        let client = try server.client()
        let deadline = try client.time() + 5000
        let value = [UInt8](repeating: 0xFE, count: 900_000) + [0x0D, 0x0A, 0]
        try client.store([
            .init("text", "hello", clientFlags: 0xFFFF_FFFF, exptime: deadline), .init("empty", ""),
            .init(key: [0, 0x20, 0xFF], isBinary: true, value: [1, 2, 3], clientFlags: 2),
            .init(key: Array("large".utf8), value: value),
        ])
        let cas = try #require(try client.read(Array("text".utf8), isBinary: false)?.cas)
        let scenario = try Scenario()
        let id = try await Self.snapshot(scenario, server)

        let keys = try await scenario.run("keys", [id, "--json"])
        let text = try #require(keys.items.first { $0["key"].text == "text" })
        #expect(text["valueType"].text == "item" && text["clientFlags"].integer == 0xFFFF_FFFF, "\(keys)")
        #expect(text["cas"].integer == Int64(cas) && text["valueByteCount"].integer == 5, "\(keys)")
        #expect(text["expiresAtUnixMilliseconds"].integer == deadline * 1000, "\(keys)")
        #expect(keys.items.contains { $0["keyBase64"].text == "ACD/" }, "\(keys)")
        let long = try await scenario.run("keys", [id, "--long", "--match", "text"])
        #expect(long.output.contains("flags 4294967295") && long.output.contains("cas \(cas)"), "\(long)")
        #expect(try await scenario.run("keys", [id, "--type", "item", "--json"]).items.count == 4)

        #expect(try await scenario.run("get", [id, "text"]).output == "hello")
        #expect(try await scenario.run("get", [id, "empty"]).result.output == [])
        #expect(try await scenario.run("get", [id, "large"]).result.output == value)
        let binary = try await scenario.run("get", [id, "--key-base64", "ACD/", "--json"])
        #expect(binary.items.first?["valueBase64"].text == "AQID", "\(binary)")
        #expect(binary.items.first?["clientFlags"].integer == 2, "\(binary)")
        let dump = try await scenario.run("get", [id, "text", "--raw-dump", "-"])
        #expect(dump.exitCode == 2 && dump.errors.contains("has no DUMP payload"), "\(dump)")

        let show = try await scenario.run("show", [id, "--json"])
        let classes = show.items.first?["slabClasses"].array ?? []
        #expect(classes.compactMap { $0["keyCount"].integer }.reduce(0, +) == 4, "\(show)")
        let page = try await scenario.run("show", [id])
        for words in ["Items by slab class", "Never in a snapshot of memcached", "A fuzzy window", "item"] {
            #expect(page.output.contains(words), "\(words): \(page)")
        }
        let export = try await scenario.run("export", [id, "--rdb", scenario.rewarm.directory.path("x.rdb")])
        #expect(export.exitCode == 2 && export.errors.contains("has no RDB files"), "\(export)")
        #expect(export.errors.contains("restore it"), "\(export)")
    }

    @Test func `a value over many blocks comes out byte for byte, and is compared as a whole`() async throws {
        let server = try await MemcachedServer.start(.init(arguments: ["-m", "256", "-I", "8m"]))
        var generator = SeededGenerator(seed: 0x72)
        var value = generator.bytes(6_000_000)
        let client = try server.client()
        try client.store([.init(key: Array("large".utf8), value: value)])
        let scenario = try Scenario()
        let id = try await Self.snapshot(scenario, server)
        #expect(try await scenario.run("get", [id, "large"]).result.output == value)
        let same = try await scenario.run("diff", [id, "--target", server.url, "--json"])
        #expect(same.items.isEmpty && same.summary["sameKeyCount"].integer == 1, "\(same)")
        value[5_999_999] ^= 1
        try client.store([.init(key: Array("large".utf8), value: value)])
        let changed = try await scenario.run("diff", [id, "--target", server.url, "--json"])
        #expect(Self.told(changed) == ["large: changed value"], "\(changed)")
    }
}
