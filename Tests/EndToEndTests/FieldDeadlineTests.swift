import TestSupport
import Testing

/// Deadlines of hash fields, on the servers of REWARM_TEST_SERVERS that know them.
struct FieldDeadlineTests {
    private static func servers() async throws -> [ServerBinary] {
        try await ServerMatrix.present().filter { $0.knows(.fieldDeadlines) }
    }

    /// Ways out of the source and into the target.
    private static let ways = [("replication", "commands"), ("scan", "commands"), ("replication", "replication")]

    @Test(arguments: try await servers(), ways)
    func `are taken away by --ttl persist`(_ binary: ServerBinary, way: (String, String)) async throws {
        let (source, target) = try await restored(
            binary,
            ["--method", way.0],
            ["--method", way.1, "--ttl", "persist"]
        )
        // The same on the source, by the server's own commands.
        for (place, entry) in try KeyspaceContents.read(source).entries {
            let (client, key) = (try source.client(database: place.database), RedisArgument(place.key))
            try client.command("PERSIST", key)
            guard entry.fieldDeadlines.contains(where: { $0 > 0 }) else { continue }
            let fields = (try client.command("HKEYS", key).array ?? []).compactMap(\.bytes).map { RedisArgument($0) }
            try client.command(["HPERSIST", key, "FIELDS", RedisArgument(Int64(fields.count))] + fields)
        }
        try Scenario.expectEqual(source, target, "\(binary)")
        #expect(try KeyspaceContents.read(target).entries.values.allSatisfy { $0.deadline == -1 })
    }

    @Test(arguments: try await servers(), ways)
    func `are all moved by the same time by --ttl remaining`(_ binary: ServerBinary, way: (String, String)) async throws
    {
        let (source, target) = try await restored(
            binary,
            ["--method", way.0],
            ["--method", way.1, "--ttl", "remaining"]
        )
        var expected = try KeyspaceContents.read(source)
        let found = try KeyspaceContents.read(target)
        // The time between the snapshot's instant and the restore, told by one key's deadline; all others must agree.
        let shifts = expected.entries.compactMap { place, entry in
            entry.deadline > 0 ? (found.entries[place]?.deadline ?? 0) - entry.deadline : nil
        }
        let shift = try #require(shifts.first)
        #expect(shift > 0)
        for (place, entry) in expected.entries {
            expected.entries[place]?.deadline = entry.deadline > 0 ? entry.deadline + shift : -1
            expected.entries[place]?.fieldDeadlines = entry.fieldDeadlines.map { $0 > 0 ? $0 + shift : $0 }
        }
        #expect(found.differences(from: expected) == [], "\(binary), shifted by \(shift) ms")
        #expect(expected.entries.values.contains { $0.fieldDeadlines.contains { $0 > 0 } })
    }

    @Test(arguments: try await servers())
    func `are shortened with their keys by --ttl-jitter, and never lengthened`(_ binary: ServerBinary) async throws {
        let clock = try await RedisServer.start(.init(binary: binary))
        let began = try KeyspaceContents.serverTime(clock.client())
        let (source, target) = try await restored(binary, [], ["--ttl-jitter", "50"])
        let (before, after) = (try KeyspaceContents.read(source), try KeyspaceContents.read(target))
        #expect(before.entries.count == after.entries.count)
        var shortenedCount = 0
        for (place, entry) in before.entries {
            let found = try #require(after.entries[place])
            let pairs = [(entry.deadline, found.deadline)] + zip(entry.fieldDeadlines, found.fieldDeadlines)
            for (whole, shortened) in pairs {
                guard whole > 0 else {
                    #expect(whole == shortened)
                    continue
                }
                #expect(shortened <= whole && whole - shortened <= (whole - began) / 2, "\(whole) became \(shortened)")
                if shortened < whole { shortenedCount += 1 }
            }
        }
        #expect(shortenedCount > 100)
    }

    @Test(arguments: try await servers(), ["commands", "replication"])
    func `that have passed take their fields, and the last one takes the key`(
        _ binary: ServerBinary,
        method: String
    ) async throws {
        let source = try await RedisServer.start(.init(binary: binary))
        let client = try source.client()
        for name in ["none left", "some left"] as [RedisArgument] {
            try client.command("HSET", name, "a", "1", "b", "2")
        }
        try client.command(["HSET", "many, none left"] + (0..<1200).map { "\($0)" })
        try client.command("SET", "beside", "them")
        let deadline = RedisArgument(try KeyspaceContents.serverTime(client) + 1500)
        try client.command("HPEXPIREAT", "none left", deadline, "FIELDS", 2, "a", "b")
        try client.command("HPEXPIREAT", "some left", deadline, "FIELDS", 1, "a")
        let fields = stride(from: 0, to: 1200, by: 2).map { RedisArgument("\($0)") }
        try client.command(["HPEXPIREAT", "many, none left", deadline, "FIELDS", 600] + fields)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        while try client.command("EXISTS", "none left", "many, none left") != .integer(0) {
            try await Task.sleep(for: .milliseconds(20))
        }
        let target = try await RedisServer.start(.init(binary: binary))
        let outcome = try await scenario.restore(to: target, ["--method", method])
        #expect(outcome.summary["restoredKeyCount"].integer == 2, "\(outcome)")
        #expect(outcome.summary["expiredKeyCount"].integer == 2, "\(outcome)")
        #expect(try target.client().command("HGETALL", "some left").array == [.bulk([0x62]), .bulk([0x32])])
        #expect(try target.client().command("DBSIZE") == .integer(2))
    }

    private func restored(
        _ binary: ServerBinary,
        _ snapshotOptions: [String],
        _ restoreOptions: [String]
    ) async throws -> (source: RedisServer, target: RedisServer) {
        let source = try await RedisServer.start(.init(binary: binary))
        let target = try await RedisServer.start(.init(binary: binary))
        try KeyspaceGenerator.fill(source, seed: 16, keyCount: 400)
        let scenario = try Scenario()
        try await scenario.snapshot(source, snapshotOptions)
        try await scenario.restore(to: target, restoreOptions)
        return (source, target)
    }
}
