import Foundation
import TestSupport

/// A small RDB file that a server newer than Debian's wrote, so that CI has what it writes.
///
/// `REWARM_RECORD_FIXTURES=1` with the server in REWARM_TEST_SERVERS writes the file anew from the commands below:
/// nothing else was done to it.
struct RecordedFile: Sendable, CustomStringConvertible {
    let name: String
    let isValkey: Bool
    let release: ServerBinary.Release
    /// Lines of the server's configuration.
    var lines: [String] = []
    let commands: [[RedisArgument]]

    var description: String { name }
    var path: String { ProjectFile.root + "/Tests/RDBTests/Fixtures/\(name).rdb" }

    /// 2100-01-01T00:00:00Z and later, in Unix milliseconds.
    static let deadline: Int64 = 4_102_444_800_000

    private static let hashes: [[RedisArgument]] = [
        ["HSET", "small", "a", "1", "b", "two", "c", "3"],
        ["HPEXPIREAT", "small", RedisArgument(deadline + 5), "FIELDS", 1, "b"],
        ["HPEXPIREAT", "small", RedisArgument(deadline), "FIELDS", 1, "c"],
        ["HSET", "large", "long field", RedisArgument([UInt8](repeating: 0x78, count: 80)), "f", "v"],
        ["HPEXPIREAT", "large", RedisArgument(deadline + 7), "FIELDS", 1, "f"],
        ["HSET", "persisted", "f", "v"], ["HPEXPIREAT", "persisted", RedisArgument(deadline), "FIELDS", 1, "f"],
        ["HPERSIST", "persisted", "FIELDS", 1, "f"], ["PEXPIREAT", "persisted", RedisArgument(deadline + 9)],
    ]
    private static let collections: [[RedisArgument]] = [
        ["SADD", "set", "a", "2"], ["XADD", "stream", "1-1", "f", "v"], ["XADD", "stream", "2-1", "f", "w"],
        ["XGROUP", "CREATE", "stream", "group", "0"],
        ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", 1, "STREAMS", "stream", ">"],
    ]

    static let all: [Self] = [
        Self(name: "redis-7.2", isValkey: false, release: .init(7, 2), commands: collections),
        Self(name: "redis-7.4", isValkey: false, release: .init(7, 4), commands: hashes),
        Self(
            name: "redis-8.6",
            isValkey: false,
            release: .init(8, 6),
            commands: hashes + [
                ["XADD", "stream", "IDMP", "producer", "message", "*", "f", "v"],
                ["VADD", "vectors", "VALUES", 3, "1", "0.5", "-1", "member", "SETATTR", "{}"],
            ]
        ),
        Self(
            name: "redis-8.6-cluster",
            isValkey: false,
            release: .init(8, 6),
            lines: ["cluster-enabled yes"],
            commands: [["CLUSTER", "ADDSLOTSRANGE", 0, 16_383], ["SET", "a", "1"], ["SET", "b", "2", "PX", 100]]
        ),
        Self(name: "valkey-8.1", isValkey: true, release: .init(8, 1), commands: collections),
        Self(name: "valkey-9.1", isValkey: true, release: .init(9, 1), commands: hashes + collections),
    ]

    func read() throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Runs the commands on the server of REWARM_TEST_SERVERS that has this version, and keeps what it saves.
    func record() async throws {
        let line = ServerMatrix.Line(isValkey: isValkey, release: release)
        guard let binary = try await ServerMatrix.present().first(where: { ServerMatrix.isOf(line, $0) }) else {
            throw TestEnvironmentError.missingProgram("\(line)")
        }
        var lines = lines
        if !lines.isEmpty { lines.append("cluster-port \(try SocketCalls.freeLoopbackPort())") }
        let server = try await RedisServer.start(.init(lines: lines, binary: binary))
        let client = try server.client()
        for command in commands {
            // A node of a cluster that was just given its slots serves them a moment later.
            while case .error(let message) = try client.reply(to: command) {
                guard message.hasPrefix("CLUSTERDOWN") else { throw RedisClientError.serverError(message) }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        try client.command("SAVE")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: server.dumpPath))
        try FileManager.default.createDirectory(
            atPath: ProjectFile.root + "/Tests/RDBTests/Fixtures",
            withIntermediateDirectories: true
        )
        try bytes.write(to: URL(fileURLWithPath: path))
    }
}
