import Foundation
import TestSupport
import Testing

/// Snapshots in temperature tiers, through the command.
struct HotKeysFirstTests {
    private static let keyCount = 3000

    /// One key of thirty is hot; values are large enough for several blocks of each tier.
    private static func fill(_ server: RedisServer, option: RedisArgument, hot: Int64, cold: Int64) throws {
        let client = try server.client()
        try client.command("SET", "model", RedisArgument(String(repeating: "value ", count: 600)))
        let payload = RedisArgument(try #require(try client.command("DUMP", "model").bytes))
        try client.command("DEL", "model")
        let commands = (0..<keyCount).map { index -> [RedisArgument] in
            ["RESTORE", "key:\(index)", 0, payload, option, RedisArgument(index % 30 == 0 ? hot : cold)]
        }
        for reply in try client.pipeline(commands) { #expect(reply == .status("OK")) }
    }

    @Test(arguments: ["replication", "scan"], try await [ServerBinary.onPath()] + ServerMatrix.present())
    func `the command tells tiers, finds keys in each, and tells when accesses were served`(
        method: String,
        binary: ServerBinary
    ) async throws {
        let lines = ["maxmemory-policy allkeys-lfu", "lfu-decay-time 0"]
        let source = try await RedisServer.start(.init(lines: lines, binary: binary))
        try Self.fill(source, option: "FREQ", hot: 90, cold: 5)
        let scenario = try Scenario()
        try await scenario.snapshot(source, ["--method", method])
        let shown = try await scenario.run("show", ["latest", "--json"])
        let tiers = try #require(shown.items.first)["accessTiers"]["tiers"].array
        #expect(tiers.compactMap { $0["keyCount"].integer } == [100, 2900], "\(shown)")
        #expect(tiers.allSatisfy { $0["blockCount"].integer ?? 0 > 0 })
        let text = try await scenario.run("show", ["latest"])
        #expect(text.output.contains("counter 90 and more") && text.output.contains("counter below 90"), "\(text)")
        for key in ["key:0", "key:1", "key:2970", "key:2999"] {
            let found = try await scenario.run("get", ["latest", key])
            #expect(found.exitCode == 0 && found.output.hasPrefix("value "), "\(key): \(found)")
        }
        try await scenario.expectSound()
        let target = try await RedisServer.start(.init(lines: lines, binary: binary))
        let outcome = try await scenario.restore(to: target)
        let served = outcome.summary["servedAccesses"].array
        #expect(served.compactMap { $0["percent"].integer } == [50, 80, 100], "\(outcome)")
        try Scenario.expectEqual(source, target, "\(binary) \(method)")
    }

    @Test func `a source that keeps no access data, and a file, give one tier, and show says so`() async throws {
        let source = try await RedisServer.start()
        try source.client().command("SET", "a", "1")
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        let shown = try await scenario.run("show", ["latest"])
        #expect(shown.output.contains("one tier: the source kept no access data"), "\(shown)")
        let outcome = try await scenario.restore(to: try await RedisServer.start())
        #expect(outcome.summary["servedAccesses"].array.isEmpty, "\(outcome)")
        try source.client().command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        try source.client().command("SAVE")
        let imported = try await scenario.run("import", [source.dumpPath, "--source-name", "file", "--json"])
        #expect(imported.exitCode == 0, "\(imported)")
        let other = try await scenario.run("show", ["latest", "--source-name", "file"])
        #expect(other.output.contains("one tier: the order of use was not known"), "\(other)")
    }

    @Test func `import mode that a killed restore left on is turned off by the next`() async throws {
        let servers = try await ServerMatrix.present().filter { $0.isValkey && $0.release >= .init(8, 1) }
        for binary in servers {
            let source = try await RedisServer.start()
            try Self.fill(source, option: "FREQ", hot: 1, cold: 1)
            let scenario = try Scenario()
            try await scenario.snapshot(source)
            let target = try await RedisServer.start(.init(binary: binary))
            let client = try target.client()
            let words = ["restore", "latest", "--target", target.url, "--rate", "100"]
            let process = try scenario.rewarm.start(words + ["--repository", scenario.rewarm.repository])
            while try client.command("DBSIZE").integer == 0, process.isRunning {
                try await Task.sleep(for: .milliseconds(5))
            }
            process.send(signal: SIGKILL)
            _ = await process.wait(atMost: .seconds(60))
            #expect(try client.command("CONFIG", "GET", "import-mode").array?.last?.text == "yes", "\(binary)")
            let outcome = try await scenario.restore(to: target, ["--flush-target"])
            #expect(
                outcome.lines.contains { $0["message"].text?.contains("left in import mode") ?? false },
                "\(outcome)"
            )
            #expect(try client.command("CONFIG", "GET", "import-mode").array?.last?.text == "no", "\(binary)")
            try Scenario.expectEqual(source, target, "\(binary)")
        }
    }
}
