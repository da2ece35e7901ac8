import TestSupport
import Testing

/// Memory does not grow with the keyspace, nor with the largest value.
@Suite(.serialized)
struct MemoryTests {
    /// The bar of the design.
    private static let limitByteCount: UInt64 = 96 << 20
    private static let stringByteCount = 192 << 20
    private static let memberCount = 400_000

    /// One string and one sorted set that are larger than the limit allows to hold, and many small keys.
    private static func fill(_ server: RedisServer) throws {
        let client = try server.client()
        var random = SeededGenerator(seed: 71)
        for offset in stride(from: 0, to: stringByteCount, by: 8 << 20) {
            try client.command(
                "SETRANGE",
                "huge:string",
                RedisArgument(Int64(offset)),
                RedisArgument(random.bytes(1 << 20))
            )
        }
        try client.command("SETRANGE", "huge:string", RedisArgument(Int64(stringByteCount - 1)), "x")
        let script = """
            for i = 1, tonumber(ARGV[1]) do
                redis.call('ZADD', 'huge:zset', i * 1.5, 'member with a name of some length ' .. i)
                if i % 4 == 0 then redis.call('SET', 'small:' .. i, string.rep('value ' .. i, 20), 'EX', 86400) end
            end
            """
        try client.command("EVAL", RedisArgument(script), 0, RedisArgument(Int64(memberCount)))
    }

    private static func expectSmall(_ process: Subprocess, _ what: String) async throws {
        let (result, peak) = try await process.waitMeasuringMemory()
        #expect(result.exitCode == 0, "\(result)")
        print("\(what): at most \(peak >> 20) MiB resident")
        #expect(peak > 0 && peak <= limitByteCount, "\(what): \(peak >> 20) MiB")
    }

    @Test(arguments: ["replication", "scan"])
    func `values larger than the limit pass through within it`(method: String) async throws {
        let source = try await RedisServer.start()
        let target = try await RedisServer.start()
        try Self.fill(source)
        let scenario = try Scenario()
        let place = ["--repository", scenario.rewarm.repository]
        let snapshot = try scenario.rewarm.start(
            ["snapshot", "--create", "--method", method] + Scenario.node("source", source) + place
        )
        try await Self.expectSmall(snapshot, "snapshot by \(method)")
        try await Self.expectSmall(try scenario.rewarm.start(["verify", "--all"] + place), "verify")
        let restore = try scenario.rewarm.start(["restore", "latest"] + Scenario.node("target", target) + place)
        try await Self.expectSmall(restore, "restore")
        try Scenario.expectEqual(source, target, "huge values by \(method)")
        let again = ["restore", "latest", "--method", "replication", "--flush-target"]
        let fed = try scenario.rewarm.start(again + Scenario.node("target", target) + place)
        try await Self.expectSmall(fed, "restore by replication")
        try Scenario.expectEqual(source, target, "huge values by \(method), back by replication")
        await target.kill()
        let export = try scenario.rewarm.start(["export", "latest", "--rdb", target.dumpPath] + place)
        try await Self.expectSmall(export, "export")
        try await target.restart()
        try Scenario.expectEqual(source, target, "huge values by \(method), from an exported file")
        guard method == "replication" else { return }
        // A target that takes neither of them by one command.
        let narrow = try await RedisServer.start(.init(lines: ["client-query-buffer-limit 8mb"]))
        let pieces = try scenario.rewarm.start(["restore", "latest"] + Scenario.node("target", narrow) + place)
        try await Self.expectSmall(pieces, "restore piece by piece")
        try Scenario.expectEqual(source, narrow, "huge values piece by piece")
    }
}
