import TestSupport
import Testing

/// Users who lack one permission: exit code 12, the permission named, and nothing done.
@Suite(.serialized)
struct PermissionTests {
    private static func user(without command: String) -> RedisServer.Configuration {
        .init(users: ["weak on >secret-of-weak ~* &* +@all -\(command)"])
    }

    @Test(arguments: [
        ("replication", "psync"), ("replication", "replconf"), ("replication", "info"), ("replication", "time"),
        ("scan", "scan"), ("scan", "dump"), ("scan", "multi"), ("scan", "exec"), ("scan", "select"),
        ("scan", "pexpiretime"),
    ])
    func `a snapshot names the permission that is missing on the source`(method: String, command: String) async throws {
        let source = try await RedisServer.start(Self.user(without: command))
        try KeyspaceGenerator.fill(source, seed: 61, keyCount: 50)
        let scenario = try Scenario()
        let outcome = try await scenario.run(
            "snapshot",
            ["--source", source.url(user: "weak"), "--method", method, "--create"],
            environment: ["REWARM_SOURCE_PASSWORD": "secret-of-weak"]
        )
        #expect(outcome.exitCode == 12, "\(outcome)")
        #expect(outcome.errors.contains("+" + command), "\(outcome)")
        #expect(try await scenario.run("list", ["--json"]).items.isEmpty)
    }

    @Test(arguments: ["info", "select", "set", "restore", "dump", "type", "pexpiretime"])
    func `a restore names the permission that is missing on the target, before the first write`(
        command: String
    ) async throws {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: 62, keyCount: 50)
        let target = try await RedisServer.start(Self.user(without: command))
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        let outcome = try await scenario.run(
            "restore",
            ["latest", "--target", target.url(user: "weak")],
            environment: ["REWARM_TARGET_PASSWORD": "secret-of-weak"]
        )
        #expect(outcome.exitCode == 12, "\(outcome)")
        #expect(outcome.errors.contains("+" + command), "\(outcome)")
        #expect(try target.client().command("DBSIZE") == .integer(0))
    }

    @Test func `FLUSHALL that is not allowed leaves the target's keys`() async throws {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: 63, keyCount: 50)
        let target = try await RedisServer.start(Self.user(without: "flushall"))
        try target.client().command("SET", "mine", "stays")
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        let outcome = try await scenario.run(
            "restore",
            ["latest", "--target", target.url(user: "weak"), "--flush-target"],
            environment: ["REWARM_TARGET_PASSWORD": "secret-of-weak"]
        )
        #expect(outcome.exitCode == 12 && outcome.errors.contains("+flushall"), "\(outcome)")
        #expect(try target.client().command("DBSIZE") == .integer(1))
    }

    @Test(arguments: ["replication", "scan"])
    func `the rights that the guide lists are enough, on both sides`(method: String) async throws {
        let source = try await RedisServer.start(
            .init(users: [try Self.rule(of: "backup", in: "Backup.md", password: "secret-of-backup")])
        )
        let target = try await RedisServer.start(
            .init(users: [try Self.rule(of: "restore", in: "Restoring.md", password: "secret-of-restore")])
        )
        try KeyspaceGenerator.fill(source, seed: 64, keyCount: 300)
        let scenario = try Scenario()
        let snapshot = try await scenario.run(
            "snapshot",
            ["--source", source.url(user: "backup"), "--method", method, "--create"],
            environment: ["REWARM_SOURCE_PASSWORD": "secret-of-backup"]
        )
        try #require(snapshot.exitCode == 0, "\(snapshot)")
        let restore = try await scenario.run(
            "restore",
            ["latest", "--target", target.url(user: "restore"), "--flush-target"],
            environment: ["REWARM_TARGET_PASSWORD": "secret-of-restore"]
        )
        try #require(restore.exitCode == 0, "\(restore)")
        try Scenario.expectEqual(source, target, method)
    }

    /// The line `ACL SETUSER <user> on >... RULES` of an article, as the server's configuration has it.
    private static func rule(of user: String, in article: String, password: String) throws -> String {
        let text = try ProjectFile.read("Sources/Operations/Operations.docc/" + article).text
        let line = text.split(separator: "\n").first { $0.hasPrefix("ACL SETUSER \(user) on >... ") }
        let found = try #require(line, "\(article) has no line of rights for \(user)")
        return String(found.dropFirst("ACL SETUSER ".count).replacing(">...", with: ">" + password))
    }
}
