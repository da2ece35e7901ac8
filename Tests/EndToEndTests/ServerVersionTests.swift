import TestSupport
import Testing

/// The servers of REWARM_TEST_SERVERS; a version that is not there has no tests here, and `ServerMatrix` says so.
struct ServerVersionTests {
    private static let keyCount = 800
    private static let methods: [(name: String, options: [String])] = [
        ("replication", ["--method", "replication"]),
        ("replication from disk", ["--method", "replication", "--transfer", "disk"]),
        ("scan", ["--method", "scan"]),
    ]

    @Test(arguments: try await ServerMatrix.present(), methods.map(\.name))
    func `a server gets its own snapshot back`(_ binary: ServerBinary, _ method: String) async throws {
        let seed = SeededGenerator.fromEnvironment("\(binary), \(method)", fallback: 13).seed
        let options = Self.methods.first { $0.name == method }?.options ?? []
        let source = try await RedisServer.start(.init(lines: Self.lines(of: binary, method), binary: binary))
        let target = try await RedisServer.start(.init(binary: binary))
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: Self.keyCount)
        let scenario = try Scenario()
        try await scenario.snapshot(source, options)
        try await scenario.expectSound()
        try await scenario.restore(to: target)
        // A scan of a server without PEXPIRETIME tells deadlines by TIME and PTTL: early by what passed between both.
        let slack: Int64 = method == "scan" && !binary.knows(.absoluteExpiry) ? 20 : 0
        try Scenario.expectEqual(source, target, "\(binary), \(method), seed \(seed)", earlyBy: 0...slack)
    }

    @Test(arguments: try await ServerMatrix.present())
    func `the file that a server saved comes back from an import`(_ binary: ServerBinary) async throws {
        let source = try await RedisServer.start(.init(binary: binary))
        let target = try await RedisServer.start(.init(binary: binary))
        try KeyspaceGenerator.fill(source, seed: 14, keyCount: Self.keyCount)
        try source.client().command("SAVE")
        let scenario = try Scenario()
        let outcome = try await scenario.run("import", [source.dumpPath, "--create", "--json"])
        try #require(outcome.exitCode == 0, "\(outcome)")
        try await scenario.restore(to: target)
        try Scenario.expectEqual(source, target, "\(binary), import")
    }

    @Test(arguments: try await ServerMatrix.present() + [.onPath()])
    func `a server starts from the export of its own snapshot`(_ binary: ServerBinary) async throws {
        let source = try await RedisServer.start(.init(binary: binary))
        let target = try await RedisServer.start(.init(binary: binary))
        try KeyspaceGenerator.fill(source, seed: 15, keyCount: Self.keyCount)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        await target.kill()
        let outcome = try await scenario.run("export", ["latest", "--rdb", target.dumpPath])
        try #require(outcome.exitCode == 0, "\(outcome)")
        try await target.restart()
        try Scenario.expectEqual(source, target, "\(binary), export")
    }

    @Test(arguments: try await ServerMatrix.present() + [.onPath()])
    func `a server gets its own snapshot back by replication`(_ binary: ServerBinary) async throws {
        let source = try await RedisServer.start(.init(binary: binary))
        let target = try await RedisServer.start(.init(binary: binary))
        try KeyspaceGenerator.fill(source, seed: 16, keyCount: Self.keyCount)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        try await scenario.restore(to: target, ["--method", "replication"])
        try Scenario.expectEqual(source, target, "\(binary), restore by replication")
        #expect(try target.client().info("replication", "role") == "master")
    }

    /// Strings, which every version knows; other types may be refused, with their names.
    @Test(arguments: try await ServerMatrix.present())
    func `every server's strings replicate into Redis 7.0, and Redis 7.0's into every server`(
        _ binary: ServerBinary
    ) async throws {
        let other = try await RedisServer.start(.init(binary: binary))
        let own = try await RedisServer.start()
        for (source, target) in [(other, own), (own, other)] {
            try source.client().command("FLUSHALL")
            for index in 0..<200 {
                try source.client(database: index % 3).command("SET", RedisArgument("key:\(index)"), "value")
            }
            let scenario = try Scenario()
            try await scenario.snapshot(source)
            let options = ["--method", "replication", "--flush-target"]
            let outcome = try await scenario.restore(to: target, options)
            #expect(outcome.summary["restoredKeyCount"].integer == 200, "\(outcome)")
            #expect(try target.client(database: 2).command("DBSIZE").integer == 66)
        }
    }

    private static func lines(of binary: ServerBinary, _ method: String) -> [String] {
        switch method {
        case "replication": ["repl-diskless-sync yes"]
        case "replication from disk": ["repl-diskless-sync no"]
        default: []
        }
    }
}
