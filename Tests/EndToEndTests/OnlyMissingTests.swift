import TestSupport
import Testing

/// `restore --only-missing`: what the target lacks comes back, what it has stays as it is.
struct OnlyMissingTests {
    @Test func `keys that exist stay, changed or not, and all others come back`() async throws {
        let (source, target) = (try await RedisServer.start(), try await RedisServer.start())
        try KeyspaceGenerator.fill(source, seed: 61, keyCount: 600)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        try await scenario.restore(to: target)
        // A third of the keys goes, some of the others change, and there are new ones.
        var generator = SeededGenerator.fromEnvironment("only missing", fallback: 62)
        let before = try KeyspaceContents.read(target)
        var removed: UInt64 = 0
        for database in KeyspaceGenerator.databases {
            let client = try target.client(database: database)
            let names = try client.command("KEYS", "*").array ?? []
            for name in names.compactMap(\.bytes) {
                if generator.chance(33) {
                    try client.command("DEL", RedisArgument(name))
                    removed += 1
                } else if generator.chance(10) {
                    try client.command("SET", RedisArgument(name), "changed")
                }
            }
            try client.command("SET", "only here", "x")
        }
        var expected = try KeyspaceContents.read(target)
        for (place, entry) in before.entries where expected.entries[place] == nil { expected.entries[place] = entry }

        let outcome = try await scenario.restore(to: target, ["--only-missing"])
        let counts = outcome.summary
        #expect(counts["restoredKeyCount"].integer == Int64(removed), "\(outcome)")
        #expect(counts["existingKeyCount"].integer == Int64(before.entries.count) - Int64(removed), "\(outcome)")
        #expect(try KeyspaceContents.read(target).differences(from: expected) == [])
    }

    @Test func `large values and filters are heeded`() async throws {
        let (source, target) = (try await RedisServer.start(), try await RedisServer.start())
        let client = try source.client()
        var generator = SeededGenerator(seed: 63)
        for key in ["large:1", "large:2"] as [RedisArgument] {
            try client.command("SET", key, RedisArgument(generator.bytes(5_000_000)))
        }
        for number in 0..<100 { try client.command("SET", "small:\(number)", "x") }
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        try target.client(database: 4).command("SET", "large:1", "here")
        try target.client(database: 4).command("SET", "small:7", "here")
        let outcome = try await scenario.restore(
            to: target,
            ["--only-missing", "--database", "0:4", "--exclude", "small:1*"]
        )
        let counts = outcome.summary
        #expect(counts["existingKeyCount"].integer == 2, "\(outcome)")
        #expect(counts["filteredKeyCount"].integer == 11, "\(outcome)")
        #expect(counts["restoredKeyCount"].integer == 89, "\(outcome)")
        let after = try target.client(database: 4)
        #expect(try after.command("GET", "large:1").text == "here")
        #expect(try after.command("STRLEN", "large:2").integer == 5_000_000)
    }

    @Test(arguments: [["--existing", "replace"], ["--flush-target"], ["--method", "replication"]])
    func `options that contradict it are refused`(options: [String]) async throws {
        let outcome = try await Scenario().run(
            "restore",
            ["latest", "--target", "redis://127.0.0.1:1", "--only-missing"] + options
        )
        #expect(outcome.exitCode == 2 && outcome.errors.contains("--only-missing"), "\(outcome)")
    }
}
