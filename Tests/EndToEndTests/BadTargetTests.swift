import Foundation
import TestSupport
import Testing

/// Targets and archives that a restore must refuse, or must tell the truth about.
@Suite(.serialized)
struct BadTargetTests {
    /// A scenario with one snapshot of a small keyspace.
    private static func prepared(seed: UInt64) async throws -> (Scenario, RedisServer, String) {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: 300)
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        return (scenario, source, id)
    }

    /// The archives of the repository.
    private static func archives(_ scenario: Scenario) -> [String] {
        let entries =
            FileManager.default.enumerator(atPath: scenario.rewarm.repository)?.compactMap { $0 as? String } ?? []
        return entries.filter { $0.hasSuffix(".rewarm") }.map { scenario.rewarm.repository + "/" + $0 }
    }

    @Test func `a target that holds keys is refused before anything is written`() async throws {
        let (scenario, _, _) = try await Self.prepared(seed: 51)
        let target = try await RedisServer.start()
        try target.client().command("SET", "mine", "stays")
        let outcome = try await scenario.run("restore", ["latest"] + Scenario.node("target", target))
        #expect(outcome.exitCode == 14, "\(outcome)")
        #expect(try target.client().command("DBSIZE") == .integer(1))
        #expect(try target.client().info("stats", "total_commands_processed") != nil)
    }

    @Test func `keys that exist stay with skip and go with replace`() async throws {
        let (scenario, source, _) = try await Self.prepared(seed: 52)
        let target = try await RedisServer.start()
        try target.client().command("SET", "integer:3", "another value")
        let contents = try KeyspaceContents.read(source)
        let place = KeyspaceContents.Place(database: 0, key: Array("integer:3".utf8))
        let skip = try await scenario.run(
            "restore",
            ["latest", "--existing", "skip"] + Scenario.node("target", target)
        )
        #expect(skip.exitCode == 0, "\(skip)")
        #expect(try target.client().command("GET", "integer:3").text == "another value")
        var expected = contents
        let kept = try KeyspaceContents.read(target)
        expected.entries[place] = kept.entries[place]
        #expect(kept.differences(from: expected) == [])
        try await scenario.restore(to: target, ["--existing", "replace"])
        #expect(try KeyspaceContents.read(target).differences(from: contents) == [])
    }

    @Test func `a replica is refused as a target`() async throws {
        let (scenario, source, _) = try await Self.prepared(seed: 53)
        let target = try await RedisServer.start()
        try target.client().command("REPLICAOF", "127.0.0.1", RedisArgument(Int64(source.port)))
        while try target.client().info("replication", "master_link_status") != "up" {
            try await Task.sleep(for: .milliseconds(10))
        }
        let outcome = try await scenario.run(
            "restore",
            ["latest", "--existing", "replace"] + Scenario.node("target", target)
        )
        #expect(outcome.exitCode == 14, "\(outcome)")
    }

    @Test func `a target that is too small is refused`() async throws {
        let source = try await RedisServer.start()
        let client = try source.client()
        for index in 0..<64 {
            try client.command("SETRANGE", "large:\(index)", 262_143, RedisArgument([UInt8(index)]))
        }
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        let target = try await RedisServer.start(.init(lines: ["maxmemory 4mb", "maxmemory-policy noeviction"]))
        let outcome = try await scenario.run("restore", ["latest"] + Scenario.node("target", target))
        #expect(outcome.exitCode == 14, "\(outcome)")
        #expect(try target.client().command("DBSIZE") == .integer(0))
    }

    @Test func `keys whose deadline has passed are left out and counted`() async throws {
        let source = try await RedisServer.start()
        let client = try source.client()
        try client.debug("SET-ACTIVE-EXPIRE", 0)
        let now = try KeyspaceContents.serverTime(client)
        for index in 0..<20 {
            try client.command("SET", "brief:\(index)", "x", "PXAT", RedisArgument(now + 1500))
            try client.command("SET", "lasting:\(index)", "x", "PXAT", RedisArgument(now + 3_600_000))
        }
        let scenario = try Scenario()
        try await scenario.snapshot(source, ["--method", "replication"])
        let target = try await RedisServer.start()
        while try KeyspaceContents.serverTime(client) <= now + 1500 { try await Task.sleep(for: .milliseconds(50)) }
        let outcome = try await scenario.restore(to: target)
        #expect(try target.client().command("DBSIZE") == .integer(20))
        #expect(outcome.description.contains("expired"))
    }

    @Test func `a damaged archive is found by verify and refused by restore`() async throws {
        let (scenario, _, _) = try await Self.prepared(seed: 54)
        let path = try #require(Self.archives(scenario).first)
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[bytes.count / 3] ^= 0x10
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let target = try await RedisServer.start()
        let restore = try await scenario.run("restore", ["latest"] + Scenario.node("target", target))
        #expect(restore.exitCode == 13, "\(restore)")
        #expect(try await scenario.run("verify", ["--all"]).exitCode == 13)
        // A snapshot that is known to be corrupt is no longer the latest.
        let again = try await scenario.run("restore", ["latest"] + Scenario.node("target", target))
        #expect(again.exitCode == 1, "\(again)")
    }

    @Test(arguments: [0, 1, 50]) func `a truncated archive is exit code 13`(percent: Int) async throws {
        let (scenario, _, _) = try await Self.prepared(seed: 55)
        let path = try #require(Self.archives(scenario).first)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.prefix(bytes.count * percent / 100).write(to: URL(fileURLWithPath: path))
        #expect(try await scenario.run("verify", ["--all"]).exitCode == 13)
    }

    @Test func `an unknown snapshot is exit code 1, an ambiguous one exit code 2`() async throws {
        let (scenario, source, id) = try await Self.prepared(seed: 56)
        try await scenario.snapshot(source)
        let another = try await RedisServer.start()
        try await scenario.snapshot(another)
        for (query, code) in [("29990101T000000Z-000000", 1), ("no-such-snapshot", 1), ("2", 2)] as [(String, Int32)] {
            let outcome = try await scenario.run("show", [query])
            #expect(outcome.exitCode == code, "\(query): \(outcome)")
        }
        let latest = try await scenario.run("show", ["latest"])
        #expect(latest.exitCode == 2, "\(latest)")
        #expect(latest.errors.contains("127.0.0.1:\(source.port)"))
        #expect(try await scenario.run("show", [id]).exitCode == 0)
    }

    @Test func `a catalog that is lost or damaged is rebuilt from manifests and facts`() async throws {
        let (scenario, _, id) = try await Self.prepared(seed: 57)
        let list = try await scenario.run("list", ["--json"])
        let catalog = scenario.rewarm.repository + "/catalog.sqlite"
        try Data("this is no database".utf8).write(to: URL(fileURLWithPath: catalog))
        #expect(try await scenario.run("catalog rebuild").exitCode == 0)
        #expect(try await scenario.run("catalog check").exitCode == 0)
        #expect(try await scenario.run("list", ["--json"]).items == list.items)
        try FileManager.default.removeItem(atPath: catalog)
        #expect(try await scenario.run("show", [id]).exitCode == 0)
    }
}
