import ArchiveFormat
import Catalog
import Foundation
import Operations
import SnapshotModel
import Synchronization
import TestSupport
import Testing
import Transport

/// A snapshot with a key of every kind, and drills of it.
struct DrillBench: Sendable {
    static let library = "#!lua name=mylib\nredis.register_function('f', function() return 1 end)"

    let directory: TemporaryDirectory
    let binary: ServerBinary
    let snapshot: SnapshotID

    /// Fills a server of that program and takes a snapshot of it.
    init(
        _ binary: ServerBinary? = nil,
        lines: [String] = [],
        writesSentinel: Bool = false,
        fill: ((RedisClient) throws -> Void)? = nil
    ) async throws {
        directory = try TemporaryDirectory()
        let source = try await RedisServer.start(.init(lines: ["repl-diskless-sync-delay 0"] + lines, binary: binary))
        self.binary = source.binary
        try (fill ?? { try Self.fill($0, source.binary) })(try source.client())
        let request = SnapshotRequest(
            connection: ConnectionOptions(url: try NodeURL(source.url)),
            sourceName: "web",
            codec: .zstd(level: 1),
            policy: "web",
            writesSentinel: writesSentinel
        )
        snapshot = try await SnapshotOperation(request).run(Self.context(directory)).manifest.id
    }

    /// A key of each type, small and large, with and without a deadline.
    private static func fill(_ client: RedisClient, _ binary: ServerBinary) throws {
        try client.command("SET", "string", "hello world")
        try client.command("SET", "number", "12345")
        try client.command("SET", "expiring", "x", "PX", "600000")
        try client.command("SET", "soon", "x", "PX", "300")
        try client.command("RPUSH", "list", "a", "b", "c")
        try client.command("SADD", "set", "a", "b", "3")
        try client.command("SADD", "integers", "1", "2", "3")
        try client.command("ZADD", "zset", "1", "a", "2.5", "b", "-inf", "c")
        try client.command("HSET", "hash", "f", "1", "g", "2")
        try client.command("XADD", "stream", "1-1", "f", "1")
        try client.command("XADD", "stream", "2-1", "f", "2")
        try client.command("XGROUP", "CREATE", "stream", "group", "0")
        try client.command("XREADGROUP", "GROUP", "group", "alice", "COUNT", "2", "STREAMS", "stream", ">")
        try fillLarge(client)
        try client.command("SELECT", "3")
        try client.command("SET", "other", "database")
        try client.command("SELECT", "0")
        if binary.knows(.functions) { try client.command("FUNCTION", "LOAD", RedisArgument(library)) }
        if binary.knows(.fieldDeadlines) {
            try client.command("HSET", "fields", "a", "1", "b", "2", "c", "3")
            try client.command("HPEXPIRE", "fields", "500000", "FIELDS", "2", "a", "b")
        }
    }

    /// Values that are read in pieces.
    private static func fillLarge(_ client: RedisClient) throws {
        let padding = String(repeating: "x", count: 300)
        try client.command("SET", "large:string", RedisArgument(String(repeating: "0123456789", count: 200_000)))
        _ = try client.pipeline(
            (0..<2000).flatMap { index -> [[RedisArgument]] in
                let text = RedisArgument("\(index):\(padding)")
                return [
                    ["RPUSH", "large:list", text], ["SADD", "large:set", text],
                    ["ZADD", "large:zset", RedisArgument("\(index).5"), text], ["HSET", "large:hash", text, text],
                    ["XADD", "large:stream", RedisArgument("\(index + 1)-1"), "f", text],
                ]
            }
        )
        try client.command("XGROUP", "CREATE", "large:stream", "group", "0")
        try client.command("XREADGROUP", "GROUP", "group", "alice", "COUNT", "100", "STREAMS", "large:stream", ">")
    }

    static func context(_ directory: TemporaryDirectory) -> OperationContext {
        OperationContext(
            repository: RepositoryLocation(path: directory.path("repository"), origin: .option, createRequested: true),
            directories: directories(directory),
            actor: "tester@host",
            command: "rewarm test",
            lockPatienceMilliseconds: 20_000
        )
    }

    static func directories(_ directory: TemporaryDirectory, path: String? = nil) -> UserDirectories {
        UserDirectories { name in
            switch name {
            case "TMPDIR", "HOME": directory.path
            case "XDG_STATE_HOME": directory.path("state")
            case "PATH": path ?? UserDirectories.current.environment(name)
            default: nil
            }
        }
    }

    var context: OperationContext { Self.context(directory) }

    var request: DrillRequest {
        var request = DrillRequest(.query(SnapshotQuery(snapshot.text)), in: .scratch(program: binary.path))
        request.availableMemory = { nil }
        return request
    }

    /// Runs a drill; `damage` is done to the restored node before it is compared.
    func drill(
        _ request: DrillRequest? = nil,
        damage: (@Sendable (RedisClient) throws -> Void)? = nil
    ) async throws -> DrillOutcome {
        try await DrillOperation(request ?? self.request).run(context) { connection in
            guard case .unixSocket(let path) = connection.url.endpoint else { return }
            try damage?(try RedisClient(unixSocket: path))
        }
    }

    func manifest() async throws -> Manifest {
        try await context.openRepositoryForReading().manifest(snapshot)
    }

    /// What the repository has on record.
    func records() async throws -> [DrillRecord] {
        try await context.openRepositoryForReading().standing(snapshot).drills.map(\.record)
    }

    /// Directories of scratch servers that are still there.
    func leftovers() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasPrefix("rewarm-drill-") }
    }
}
