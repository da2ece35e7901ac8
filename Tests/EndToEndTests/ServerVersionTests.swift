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

    private static func lines(of binary: ServerBinary, _ method: String) -> [String] {
        switch method {
        case "replication": ["repl-diskless-sync yes"]
        case "replication from disk": ["repl-diskless-sync no"]
        default: []
        }
    }
}
