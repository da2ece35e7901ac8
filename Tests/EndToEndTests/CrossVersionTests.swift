import TestSupport
import Testing

/// From each version of Redis and Valkey to each other: what a target can hold comes back, and what it cannot is counted.
///
/// Both sides are read by the commands of each type, which share nothing with payloads.
struct CrossVersionTests {
    private static func all() async throws -> [ServerBinary] {
        let present = try await ServerMatrix.present()
        return present.isEmpty ? [] : present + [try await ServerBinary.onPath()]
    }

    /// What the target has no way to hold, by its own documentation.
    private static func cannotHold(_ entry: PortableContents.Entry, _ target: ServerBinary) -> Bool {
        entry.type == "vectorset" && !target.knows(.vectorSets)
            || !entry.fieldDeadlines.isEmpty && !target.knows(.fieldDeadlines)
    }

    /// A server that tells only what is left of a life is a little off.
    private static func slack(_ from: ServerBinary, _ to: ServerBinary) -> Int64 {
        from.knows(.absoluteExpiry) && to.knows(.absoluteExpiry) ? 0 : 2
    }

    @Test(arguments: try await all(), try await all())
    func `what the target can hold comes back, and the rest is counted`(
        _ from: ServerBinary,
        _ to: ServerBinary
    ) async throws {
        let source = try await RedisServer.start(.init(binary: from))
        let target = try await RedisServer.start(.init(binary: to))
        try KeyspaceGenerator.fill(source, seed: 17, keyCount: 64)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        let all = try PortableContents.read(source)
        let expected = PortableContents(entries: all.entries.filter { !Self.cannotHold($0.value, to) })
        let lost = all.entries.filter { Self.cannotHold($0.value, to) }.map(\.value)
        let losesFunctions = from.knows(.functions) && !to.knows(.functions)

        let strict = try await scenario.run("restore", ["latest", "--strict"] + Scenario.node("target", target))
        if !lost.isEmpty {
            #expect(strict.exitCode == 14, "\(strict)")
            #expect(try PortableContents.read(target).entries.isEmpty)
        } else {
            #expect(strict.exitCode == (losesFunctions ? 3 : 0), "\(strict)")
        }

        let result = try await scenario.run(
            "restore",
            ["latest", "--flush-target", "--json"] + Scenario.node("target", target)
        )
        #expect(result.exitCode == (lost.isEmpty && !losesFunctions ? 0 : 3), "\(result)")
        #expect(result.summary["restoredKeyCount"].integer == Int64(expected.entries.count), "\(result)")
        #expect(result.summary["unsupportedKeyCount"].integer == Int64(lost.count), "\(result)")
        let reasons = result.summary["reasons"]["unsupported"]
        let vectorCount = lost.count { $0.type == "vectorset" }
        let hashCount = lost.count - vectorCount
        #expect(reasons["fieldDeadlines:hash"].integer == (hashCount > 0 ? Int64(hashCount) : nil), "\(result)")
        #expect(
            reasons["unknownType:module:vectorset"].integer == (vectorCount > 0 ? Int64(vectorCount) : nil),
            "\(result)"
        )
        #expect(result.summary["verification"]["isGood"].boolean == true, "\(result)")
        let found = try PortableContents.read(target)
        #expect(found.differences(from: expected, slack: Self.slack(from, to)) == [], "\(from) to \(to)")
        // What an old server has no words for of streams is told.
        let isCounted = (result.summary["omissions"]["streamCounters:stream"].integer ?? 0) > 0
        #expect(isCounted == (from.knows(.absoluteExpiry) && !to.knows(.absoluteExpiry)), "\(result)")
    }

    @Test(arguments: try await all(), try await all())
    func `without deadlines every hash goes everywhere`(_ from: ServerBinary, _ to: ServerBinary) async throws {
        guard from.knows(.fieldDeadlines), !to.knows(.fieldDeadlines) else { return }
        let source = try await RedisServer.start(.init(binary: from))
        let target = try await RedisServer.start(.init(binary: to))
        try KeyspaceGenerator.fill(source, seed: 19, keyCount: 64)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        var expected = try PortableContents.read(source)
        expected.entries = expected.entries.filter { $0.value.type == "hash" }
        for place in expected.entries.keys {
            expected.entries[place]?.deadline = -1
            expected.entries[place]?.fieldDeadlines = [:]
        }
        try await scenario.restore(to: target, ["--ttl", "persist", "--type", "hash", "--strict"])
        #expect(try PortableContents.read(target).differences(from: expected) == [], "\(from) to \(to)")
    }
}
