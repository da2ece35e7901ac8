import TestSupport
import Testing

/// From each version to each other: what a target can load comes back, and what it cannot is refused before the first
/// write.
struct CrossVersionTests {
    /// What a version writes, and the newest that it loads (redis and valkey src/rdb.h): the tests' own table.
    private static func rdbVersion(of binary: ServerBinary) -> Int {
        switch (binary.isValkey, binary.release.major, binary.release.minor) {
        case (true, 9..., _): 80
        case (true, _, _): 11
        case (false, ...6, _): 9
        case (false, 7, 0): 10
        case (false, 7, 2): 11
        case (false, 7, 4), (false, 8, ..<6): 12
        default: 13
        }
    }

    /// Redis and Valkey have nothing in common after RDB 11.
    private static func canLoad(_ source: ServerBinary, into target: ServerBinary) -> Bool {
        guard rdbVersion(of: source) <= rdbVersion(of: target) else { return false }
        return source.isValkey == target.isValkey || rdbVersion(of: source) <= 11
    }

    private static func all() async throws -> [ServerBinary] {
        let present = try await ServerMatrix.present()
        return present.isEmpty ? [] : present + [try await ServerBinary.onPath()]
    }

    @Test(arguments: try await all(), try await all())
    func `a snapshot goes where its payloads are known`(_ from: ServerBinary, _ to: ServerBinary) async throws {
        let source = try await RedisServer.start(.init(binary: from))
        let target = try await RedisServer.start(.init(binary: to))
        try KeyspaceGenerator.fill(source, seed: 17, keyCount: 64)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        guard Self.canLoad(from, into: to) else {
            let refused = try await scenario.run("restore", ["latest"] + Scenario.node("target", target))
            #expect(refused.exitCode == 14, "\(refused)")
            let version = Self.rdbVersion(of: from)
            let advised = version > 11 && from.isValkey ? "restore to Valkey 9.0 or newer" : "restore to Redis "
            #expect(refused.errors.contains("RDB version \(version)"), "\(refused)")
            #expect(refused.errors.contains(advised), "\(refused)")
            #expect(try KeyspaceContents.read(target).entries.isEmpty)
            return
        }
        let result = try await scenario.run("restore", ["latest", "--json"] + Scenario.node("target", target))
        // A vector set is a module's value: a server without the module can do nothing with it.
        let lost = from.knows(.vectorSets) && !to.knows(.vectorSets) ? Set(["vectorset"]) : []
        #expect(result.exitCode == (lost.isEmpty ? 0 : 3), "\(result)")
        let expected = try Self.values(of: source).filter { !lost.contains($0.value.type) }
        #expect(result.summary["restoredKeyCount"].integer == Int64(expected.count), "\(result)")
        let found = try Self.values(of: target)
        let slack: Int64 = from.knows(.absoluteExpiry) && to.knows(.absoluteExpiry) ? 0 : 2
        let differing = expected.filter { place, value in !(found[place]?.isEqual(to: value, slack: slack) ?? false) }
        #expect(differing.isEmpty, "\(from) to \(to): \(differing.keys.sorted().prefix(5))")
        #expect(found.count == expected.count)
    }

    /// What every version tells in the same words: of a stream XINFO tells more in newer ones, of a score the digits and
    /// with them the digest differ.
    private struct Value {
        var type: String
        var content: String
        var deadline: Int64

        func isEqual(to other: Self, slack: Int64) -> Bool {
            (type, content) == (other.type, other.content) && abs(deadline - other.deadline) <= slack
        }
    }

    private static func values(of server: RedisServer) throws -> [KeyspaceContents.Place: Value] {
        var values: [KeyspaceContents.Place: Value] = [:]
        for (place, entry) in try KeyspaceContents.read(server).entries {
            let content = entry.type == "zset" ? try scores(place, server) : entry.digest
            values[place] = Value(type: entry.type, content: content, deadline: entry.deadline)
        }
        return values
    }

    /// Members and the bits of their scores, in order.
    private static func scores(_ place: KeyspaceContents.Place, _ server: RedisServer) throws -> String {
        let client = try server.client(database: place.database)
        let replies = try client.command("ZRANGE", RedisArgument(place.key), 0, -1, "WITHSCORES").array ?? []
        return replies.enumerated().map { index, reply in
            index % 2 == 0 ? reply.description : "\(reply.text.flatMap(Double.init)?.bitPattern ?? 0)"
        }.joined(separator: " ")
    }
}
