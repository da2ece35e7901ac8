import TestSupport
import Testing

/// A node's keyspace goes into a snapshot and out into a cold node, and the oracle finds no difference.
@Suite(.serialized)
struct RoundTripTests {
    private static let keyCount = 800

    @Test(arguments: RoundTripCase.all)
    func `every key comes back with its value and its deadline`(_ way: RoundTripCase) async throws {
        let seed = SeededGenerator.fromEnvironment("round trip, \(way.name)", fallback: 20_261_121).seed
        let source = try await RedisServer.start(way.source)
        let target = try await RedisServer.start(way.target)
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: Self.keyCount)
        let scenario = try Scenario()
        try await scenario.snapshot(source, way.snapshotOptions)
        try await scenario.expectSound()
        try await scenario.restore(to: target, way.restoreOptions)
        try Scenario.expectEqual(source, target, "\(way.name), seed \(seed)")
    }

    @Test func `an RDB file that the server saved comes back from an import`() async throws {
        let source = try await RedisServer.start()
        let target = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: 11, keyCount: Self.keyCount)
        try source.client().command("SAVE")
        let scenario = try Scenario()
        let outcome = try await scenario.run("import", [source.dumpPath, "--create", "--json"])
        try #require(outcome.exitCode == 0, "\(outcome)")
        try await scenario.restore(to: target)
        try Scenario.expectEqual(source, target, "import")
    }

    @Test func `a user with the rights of the guide can take a snapshot and another can restore it`() async throws {
        let source = try await RedisServer.start(
            .init(users: ["backup on >reading ~* &* +@all -@dangerous +@read +psync +sync +replconf +info"])
        )
        let target = try await RedisServer.start(
            .init(password: "of-the-default-user", users: ["loader on >writing ~* &* +@all"])
        )
        try KeyspaceGenerator.fill(source, seed: 12, keyCount: Self.keyCount)
        let scenario = try Scenario()
        let snapshot = try await scenario.run(
            "snapshot",
            Scenario.node("source", source, user: "backup") + ["--create"],
            environment: ["REWARM_SOURCE_PASSWORD": "reading"]
        )
        try #require(snapshot.exitCode == 0, "\(snapshot)")
        let file = try scenario.rewarm.directory.write("writing\n", to: "password")
        let restore = try await scenario.run(
            "restore",
            ["latest"] + Scenario.node("target", target, user: "loader") + ["--target-password-file", file]
        )
        try #require(restore.exitCode == 0, "\(restore)")
        try Scenario.expectEqual(source, target, "ACL users")
        for text in [snapshot.description, restore.description] {
            #expect(!text.contains("reading") && !text.contains("writing"))
        }
    }
}
