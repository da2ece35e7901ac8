import TestSupport
import Testing

/// The stream of a replication, and of an exported file, for servers of other versions and of the other engine.
struct CrossReplicationTests {
    private static let types = ["string", "list", "set", "zset", "hash", "stream"].flatMap { ["--type", $0] }

    /// Sources with the newest forms of values, and every server as the target.
    private static func pairs() async throws -> [(ServerBinary, ServerBinary)] {
        let present = try await ServerMatrix.present()
        let all = present.isEmpty ? [] : present + [try await ServerBinary.onPath()]
        let sources = all.filter { binary in
            !all.contains { $0.isValkey == binary.isValkey && $0.release > binary.release }
                || binary.release == ServerBinary.Release(7, 0)
        }
        return sources.flatMap { source in all.map { (source, $0) } }
    }

    private static func rdbVersion(_ binary: ServerBinary) -> Int {
        let release = binary.release
        if binary.isValkey { return release >= ServerBinary.Release(9, 0) ? 80 : 11 }
        if release >= ServerBinary.Release(8, 6) { return 13 }
        if release >= ServerBinary.Release(7, 4) { return 12 }
        if release >= ServerBinary.Release(7, 2) { return 11 }
        return release >= ServerBinary.Release(7, 0) ? 10 : 9
    }

    /// A snapshot of the source, what of it the target can hold, and how many keys it cannot.
    private static func make(
        _ from: ServerBinary,
        _ to: ServerBinary
    ) async throws -> (scenario: Scenario, expected: PortableContents, lostCount: Int) {
        let source = try await RedisServer.start(.init(binary: from))
        try KeyspaceGenerator.fill(source, seed: 23, keyCount: 64)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        let all = try PortableContents.read(source).entries.filter { $0.value.type != "vectorset" }
        let kept = all.filter { $0.value.fieldDeadlines.isEmpty || to.knows(.fieldDeadlines) }
        return (scenario, PortableContents(entries: kept), all.count - kept.count)
    }

    private static func slack(_ from: ServerBinary, _ to: ServerBinary) -> Int64 {
        from.knows(.absoluteExpiry) && to.knows(.absoluteExpiry) ? 0 : 2
    }

    @Test(arguments: try await pairs())
    func `what a target can hold replicates, and the rest is counted`(
        _ from: ServerBinary,
        _ to: ServerBinary
    ) async throws {
        let (scenario, expected, lostCount) = try await Self.make(from, to)
        let target = try await RedisServer.start(.init(binary: to))
        let options = ["latest", "--method", "replication"] + Self.types + Scenario.node("target", target)
        let strict = try await scenario.run("restore", options + ["--strict"])
        #expect(strict.exitCode == (lostCount > 0 ? 14 : 0), "\(from) to \(to): \(strict)")
        let result = try await scenario.run("restore", options + ["--flush-target", "--json"])
        #expect(result.exitCode == (lostCount > 0 ? 3 : 0), "\(from) to \(to): \(result)")
        #expect(result.summary["unsupportedKeyCount"].integer == Int64(lostCount), "\(result)")
        #expect(result.summary["verification"]["isGood"].boolean == true, "\(result)")
        let found = try PortableContents.read(target)
        #expect(found.differences(from: expected, slack: Self.slack(from, to)) == [], "\(from) to \(to)")
        #expect(try target.client().info("replication", "role") == "master")
    }

    @Test(arguments: try await pairs())
    func `what a server can hold is in a file of its version`(_ from: ServerBinary, _ to: ServerBinary) async throws {
        let (scenario, expected, lostCount) = try await Self.make(from, to)
        let target = try await RedisServer.start(.init(binary: to))
        await target.kill()
        let options = ["latest", "--rdb", target.dumpPath, "--rdb-version", "\(Self.rdbVersion(to))", "--json"]
        let result = try await scenario.run("export", options + Self.types)
        #expect(result.exitCode == (lostCount > 0 ? 3 : 0), "\(from) to \(to): \(result)")
        #expect(result.summary["unsupportedKeyCount"].integer == Int64(lostCount), "\(result)")
        try await target.restart()
        let found = try PortableContents.read(target)
        #expect(found.differences(from: expected, slack: Self.slack(from, to)) == [], "\(from) to \(to)")
    }
}
