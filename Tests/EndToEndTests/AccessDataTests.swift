import TestSupport
import Testing

/// What an evicting server knows of a key's last use survives, too.
struct AccessDataTests {
    private static let keyCount = 60

    /// Keys whose idle time or frequency is set by RESTORE, as only that command can.
    private func fill(_ server: RedisServer, option: RedisArgument, value: (Int) -> Int64) throws {
        let client = try server.client()
        for index in 0..<Self.keyCount {
            let name: RedisArgument = "key:\(index)"
            try client.command("SET", name, "value \(index)")
            guard let payload = try client.command("DUMP", name).bytes else { throw RedisClientError.malformedReply }
            try client.command(
                "RESTORE",
                name,
                0,
                RedisArgument(payload),
                "REPLACE",
                option,
                RedisArgument(value(index))
            )
        }
    }

    @Test(arguments: ["replication", "scan"], try await [ServerBinary.onPath()] + ServerMatrix.present())
    func `frequencies come back as they were`(method: String, binary: ServerBinary) async throws {
        let lines = ["maxmemory-policy allkeys-lfu", "lfu-decay-time 0"]
        let policy = RedisServer.Configuration(lines: lines, binary: binary)
        let source = try await RedisServer.start(policy)
        let target = try await RedisServer.start(policy)
        try fill(source, option: "FREQ") { Int64($0 * 4 % 256) }
        let before = try KeyspaceContents.read(source, access: .frequency)
        try fill(source, option: "FREQ") { Int64($0 * 4 % 256) }
        let scenario = try Scenario()
        try await scenario.snapshot(source, ["--method", method])
        try await scenario.restore(to: target)
        let differences = try KeyspaceContents.read(target, access: .frequency).differences(from: before)
        #expect(differences == [], "frequencies")
    }

    @Test(arguments: ["replication", "scan"], try await [ServerBinary.onPath()] + ServerMatrix.present())
    func `idle times come back and go on`(method: String, binary: ServerBinary) async throws {
        let policy = RedisServer.Configuration(lines: ["maxmemory-policy allkeys-lru"], binary: binary)
        let source = try await RedisServer.start(policy)
        let target = try await RedisServer.start(policy)
        let began = ContinuousClock.now
        try fill(source, option: "IDLETIME") { Int64($0 * 1000) }
        let scenario = try Scenario()
        try await scenario.snapshot(source, ["--method", method])
        try await scenario.restore(to: target)
        let entries = try KeyspaceContents.read(target, access: .idle).entries
        let slack = Int64((ContinuousClock.now - began).components.seconds) + 60
        // A server counts idle time in seconds of its own clock: never less than at the capture by more than one.
        let wrong = (0..<Self.keyCount).compactMap { index -> String? in
            let place = KeyspaceContents.Place(database: 0, key: Array("key:\(index)".utf8))
            let expected = Int64(index * 1000) - 1...Int64(index * 1000) + slack
            guard let idle = entries[place]?.access, expected.contains(idle) else {
                return "key \(index): \(String(describing: entries[place]?.access))"
            }
            return nil
        }
        #expect(entries.count == Self.keyCount)
        #expect(wrong == [])
    }
}
