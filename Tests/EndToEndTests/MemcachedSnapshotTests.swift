import Foundation
import TestSupport
import Testing

/// Snapshots of Memcached as a user takes them.
@Suite(.serialized)
struct MemcachedSnapshotTests {
    private static let killCount = TestExtent.count(bounded: 20, whole: 500)

    private static func snapshot(
        _ scenario: Scenario,
        _ url: String,
        _ options: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> RewarmCommand.Outcome {
        try await scenario.run(
            "snapshot",
            ["--source", url, "--create", "--json"] + options,
            environment: environment
        )
    }

    private static func fill(_ server: MemcachedServer, count: Int, seed: UInt64) throws -> [MemcachedItems.Item] {
        let client = try server.client()
        var generator = MemcachedItems(seed: seed, now: try client.time())
        let items = generator.special() + (0..<count).map { generator.ordinary($0) }
        try client.store(items)
        return items
    }

    @Test func `a snapshot is taken, listed, shown, verified, and its keys are there`() async throws {
        let server = try await MemcachedServer.start()
        let items = try Self.fill(server, count: 1000, seed: 67)
        let scenario = try Scenario()
        let outcome = try await Self.snapshot(scenario, server.url)
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.summary["method"].text == "crawl")
        #expect(outcome.summary["keyCount"].integer == Int64(items.count))
        #expect(outcome.summary["listedKeyCount"].integer == Int64(items.count))
        try await scenario.expectSound()
        let shown = try await scenario.run("show", ["latest"])
        #expect(shown.output.contains("memcached") && shown.output.contains("whole seconds"), "\(shown)")
        let keys = try await scenario.run("keys", ["latest", "--match", "size:*", "--json"])
        #expect(keys.items.count == items.filter { String(decoding: $0.key, as: UTF8.self).hasPrefix("size:") }.count)
    }

    @Test func `what cannot be captured is an error with its own exit code`() async throws {
        let scenario = try Scenario()
        let server = try await MemcachedServer.start(.init(users: ["backup:s3cret"]))
        #expect(try await Self.snapshot(scenario, server.url).exitCode == 12)
        let secret = ["REWARM_SOURCE_PASSWORD": "wr0ng"]
        let wrong = try await Self.snapshot(scenario, server.url(user: "backup"), environment: secret)
        #expect(wrong.exitCode == 12 && !"\(wrong)".contains("wr0ng"))
        let right = ["REWARM_SOURCE_PASSWORD": "s3cret"]
        #expect(try await Self.snapshot(scenario, server.url(user: "backup"), environment: right).exitCode == 0)
        for method in ["scan", "replication"] {
            let outcome = try await Self.snapshot(scenario, server.url, ["--method", method])
            #expect(outcome.exitCode == 2, "\(outcome)")
        }
        let sasl = try await MemcachedServer.start(.init(arguments: ["-S"]))
        #expect(try await Self.snapshot(scenario, sasl.url).exitCode == 12)
        let forbidden = try await MemcachedServer.start(.init(arguments: ["-X"]))
        let withheld = try await Self.snapshot(scenario, forbidden.url)
        #expect(withheld.exitCode == 12 && withheld.output.contains("start it without -X"), "\(withheld)")
        let compared = try await scenario.run("diff", ["latest", "--target", forbidden.url, "--json"])
        #expect(compared.exitCode == 12 && compared.output.contains("start it without -X"), "\(compared)")
        await server.stop()
        #expect(try await Self.snapshot(scenario, server.url).exitCode == 20)
        let listed = try await scenario.run("list", ["--json"])
        #expect(listed.items.count == 1)
    }

    @Test func `over TLS and with authentication a server is read, filled and compared as any other`() async throws {
        let source = try await MemcachedServer.start(.init(endpoint: .tls))
        let plain = try await MemcachedServer.start()
        let guarded = try await MemcachedServer.start(.init(users: ["backup:s3cret"]))
        var generator = MemcachedItems(seed: 69, now: try plain.client().time())
        let tail = String(repeating: "k", count: 200)
        let items =
            generator.special(largestValue: 950_000) + (0..<6000).map { generator.ordinary($0) }
            + (0..<6000).map { .init("long:\($0):\(tail)", "value \($0)") }
        try plain.client().store(items)
        let scenario = try Scenario()
        #expect(try await Self.snapshot(scenario, plain.url).exitCode == 0)
        let authority = try #require(source.certificates?.authority)
        let tls = ["--target", source.url, "--target-tls-ca", authority]
        let secret = ["REWARM_TARGET_PASSWORD": "s3cret"]
        let login = ["--target", guarded.url(user: "backup")]
        for (target, environment) in [(tls, [:]), (login, secret)] {
            let restored = try await scenario.run("restore", ["latest", "--json"] + target, environment: environment)
            #expect(restored.exitCode == 0, "\(restored)")
            #expect(restored.summary["restoredKeyCount"].integer == Int64(items.count), "\(restored)")
            let rest = ["latest", "--only-missing", "--json"]
            let again = try await scenario.run("restore", rest + target, environment: environment)
            #expect(again.exitCode == 0 && again.summary["restoredKeyCount"].integer == 0, "\(again)")
            let compared = try await scenario.run(
                "diff",
                ["latest", "--exit-code", "--json"] + target,
                environment: environment
            )
            #expect(compared.exitCode == 0, "\(compared)")
            #expect(compared.summary["sameKeyCount"].integer == Int64(items.count), "\(compared)")
        }
        let options = ["--source-tls-ca", authority, "--source-name", "tls"]
        let second = try await Self.snapshot(scenario, source.url, options)
        #expect(second.exitCode == 0 && second.summary["keyCount"].integer == Int64(items.count), "\(second)")
    }

    @Test func `items whose keys no command can name make the snapshot partial`() async throws {
        let server = try await MemcachedServer.start()
        try server.client().storeOverBinaryProtocol([UInt8](repeating: 0x20, count: 240), value: [1])
        let outcome = try await Self.snapshot(try Scenario(), server.url)
        #expect(outcome.exitCode == 3 && outcome.summary["unreadableKeyCount"].integer == 1, "\(outcome)")
        #expect(outcome.output.contains("1 items") && outcome.output.contains("186 bytes"), "\(outcome)")
    }

    @Test func `a sentinel is written, found in the archive, and gone from the count of own keys`() async throws {
        let server = try await MemcachedServer.start()
        try server.client().store([.init("a", "1")])
        let scenario = try Scenario()
        let policy = try scenario.rewarm.directory.write(
            "name: mc\nsource:\n  url: \(server.url)\n  sentinel: true\nrepository: \(scenario.rewarm.repository)\n",
            to: "policy.yaml"
        )
        let outcome = try await scenario.rewarm.run(["snapshot", "--policy", policy, "--create", "--json"])
        #expect(outcome.exitCode == 0, "\(outcome)")
        let shown = try await scenario.run("show", ["latest", "--json"])
        #expect(shown.output.contains("\"found\""), "\(shown)")
    }

    @Test func `a killed snapshot leaves nothing listed and a sound repository`() async throws {
        var random = SeededGenerator.fromEnvironment("killed crawls", fallback: 68)
        let server = try await MemcachedServer.start()
        _ = try Self.fill(server, count: 3000, seed: random.seed)
        let scenario = try Scenario()
        let start = ContinuousClock.now
        #expect(try await Self.snapshot(scenario, server.url).exitCode == 0)
        var kill = RandomKill(lifetime: ContinuousClock.now - start)
        let command = ["snapshot", "--source", server.url, "--repository", scenario.rewarm.repository, "--json"]
        var completed = 1
        for round in 1...Self.killCount {
            let result = await kill.wait(for: try scenario.rewarm.start(command), &random)
            if result.exitCode == 0 { completed += 1 }
            if round % 5 == 0 { try await scenario.expectSound() }
        }
        #expect(kill.killedCount > 0)
        let listed = try await scenario.run("list", ["--json"])
        // A run that was killed after its manifest was there is listed, and whole.
        #expect(listed.items.count >= completed && listed.items.count <= completed + kill.killedCount)
        #expect(try await Self.snapshot(scenario, server.url).exitCode == 0)
        try await scenario.expectSound()
    }
}
