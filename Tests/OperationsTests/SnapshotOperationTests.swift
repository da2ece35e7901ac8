import ArchiveFormat
import Catalog
import NIOCore
import ObjectStorage
import Operations
import SnapshotModel
import TestSupport
import Testing
import Transport

/// Snapshots and imports from the locks to the catalog row, and what failures leave behind: nothing.
struct SnapshotOperationTests {
    private static func context(_ directory: TemporaryDirectory, patience: Int64 = 0) -> OperationContext {
        OperationContext(
            repository: RepositoryLocation(path: directory.path("repository"), origin: .option, createRequested: true),
            actor: "tester@host",
            command: "rewarm snapshot",
            lockPatienceMilliseconds: patience
        )
    }

    private static func entries(_ context: OperationContext) async throws -> [SnapshotEntry] {
        try await context.openRepositoryForReading().snapshots().entries
    }

    /// Every file below `snapshots/`, temporary ones included, but for the records of failed attempts.
    private static func files(_ directory: TemporaryDirectory) throws -> [String] {
        let (fileSystem, root) = (PosixFileSystem(), directory.path("repository/snapshots"))
        guard let names = try? fileSystem.names(in: root).filter({ $0 != "runs" }) else { return [] }
        return try names.flatMap { name in try fileSystem.names(in: "\(root)/\(name)").map { "\(name)/\($0)" } }
            .sorted()
    }

    private static func request(_ url: String, _ method: SnapshotRequest.Method = .auto) throws -> SnapshotRequest {
        SnapshotRequest(
            connection: ConnectionOptions(url: try NodeURL(url)),
            method: method,
            codec: .zstd(level: 1),
            tags: ["purpose": "test"]
        )
    }

    @Test("a snapshot is published, cataloged and says what it holds", arguments: SnapshotRequest.Method.allCases)
    func snapshot(_ method: SnapshotRequest.Method) async throws {
        let server = try await RedisServer.start(.init(lines: ["repl-diskless-sync-delay 0"]))
        let directory = try TemporaryDirectory()
        try KeyspaceGenerator.fill(server, seed: 1, keyCount: 100)
        let keyCount = UInt64(try KeyspaceContents.read(server).entries.count)
        let context = Self.context(directory)
        let report = try await SnapshotOperation(try Self.request(server.url, method)).run(context)
        #expect(report.keyCount == keyCount)
        #expect(report.manifest.method == (method == .scan ? .scan : .replication))
        #expect(report.manifest.source.name == "127.0.0.1:\(server.port)")
        #expect(report.manifest.sequence == 1)
        #expect(report.manifest.tags == ["purpose": "test"])
        #expect(report.manifest.codec == "zstd:1")
        let entries = try await Self.entries(context)
        #expect(entries.map(\.id) == [report.manifest.id])
        let id = report.manifest.id
        #expect(try Self.files(directory) == ["\(id)/manifest.json", "\(id)/part-0.rewarm"])
        let again = try await SnapshotOperation(try Self.request(server.url, method)).run(context)
        #expect(again.manifest.sequence == 2)
    }

    @Test("automatic choice falls back to a scan where there is no SYNC, and says so in the manifest")
    func fallback() async throws {
        let server = try await RedisServer.start(.managedService)
        let directory = try TemporaryDirectory()
        try server.client().command("SET", "a", "1")
        let report = try await SnapshotOperation(try Self.request(server.url)).run(Self.context(directory))
        #expect(report.manifest.method == .scan)
        #expect(report.manifest.warnings.contains { $0.contains("taken by scan") })
        await #expect(throws: TransportError.self) {
            _ = try await SnapshotOperation(try Self.request(server.url, .replication)).run(Self.context(directory))
        }
        #expect(try await Self.entries(Self.context(directory)).count == 1)
    }

    @Test("automatic choice falls back to a scan where the user may not replicate")
    func forbiddenReplication() async throws {
        let server = try await RedisServer.start(.init(users: ["backup on >pw ~* &* +@all -psync -sync -replconf"]))
        let directory = try TemporaryDirectory()
        try server.client().command("SET", "a", "1")
        var request = try Self.request(server.url(user: "backup"))
        request.connection.password = Secret("pw")
        let report = try await SnapshotOperation(request).run(Self.context(directory))
        #expect(report.manifest.method == .scan)
        #expect(report.keyCount == 1)
    }

    @Test("a replica whose link is down is no reason to scan it")
    func noFallback() async throws {
        let port = try SocketCalls.freeLoopbackPort()
        let server = try await RedisServer.start(.init(lines: ["replicaof 127.0.0.1 \(port)"]))
        let directory = try TemporaryDirectory()
        await #expect(throws: (any Error).self) {
            _ = try await SnapshotOperation(try Self.request(server.url)).run(Self.context(directory))
        }
        #expect(try await Self.entries(Self.context(directory)).isEmpty)
    }

    @Test("a transfer that is cut at any place publishes nothing and leaves no file")
    func cutTransfer() async throws {
        let server = try await RedisServer.start()
        let directory = try TemporaryDirectory()
        try KeyspaceGenerator.fill(server, seed: 3, keyCount: 30)
        try server.client().command("SAVE")
        let dump = try TestFile.read(server.dumpPath)
        for cut in stride(from: 0, to: dump.count, by: max(1, dump.count / 23)) {
            let source = try ScriptedServer { connection in
                try connection.answer { command in
                    guard command[0] == "PSYNC" else { return Self.reply(to: command) }
                    try connection.send(
                        "+FULLRESYNC \(String(repeating: "a", count: 40)) 1\r\n$\(dump.count)\r\n"
                    )
                    try connection.send(Array(dump[..<cut]))
                    throw CancellationError()
                }
            }
            await #expect(throws: (any Error).self, "cut after \(cut) of \(dump.count) bytes") {
                _ = try await SnapshotOperation(try Self.request(source.url, .replication)).run(Self.context(directory))
            }
            #expect(try Self.files(directory) == [], "cut after \(cut) bytes")
        }
        #expect(try await Self.entries(Self.context(directory)).isEmpty)
    }

    @Test("a transfer with a wrong checksum publishes nothing")
    func damagedTransfer() async throws {
        let server = try await RedisServer.start()
        let directory = try TemporaryDirectory()
        try server.client().command("SET", "a", "value of some length")
        try server.client().command("SAVE")
        var dump = try TestFile.read(server.dumpPath)
        dump[dump.count - 12] ^= 1
        let damaged = dump
        let source = try ScriptedServer { connection in
            try connection.answer { command in
                guard command[0] == "PSYNC" else { return Self.reply(to: command) }
                try connection.send("+FULLRESYNC \(String(repeating: "a", count: 40)) 1\r\n$\(damaged.count)\r\n")
                try connection.send(damaged)
                connection.waitForClose()
                return nil
            }
        }
        await #expect(throws: (any Error).self) {
            _ = try await SnapshotOperation(try Self.request(source.url, .replication)).run(Self.context(directory))
        }
        #expect(try Self.files(directory) == [])
    }

    @Test("cancelling while the source is silent ends the run and leaves no file")
    func cancellation() async throws {
        let directory = try TemporaryDirectory()
        let source = try ScriptedServer { connection in
            try connection.answer { command in
                guard command[0] == "PSYNC" else { return Self.reply(to: command) }
                // The header of a stream, then nothing more.
                try connection.send("+FULLRESYNC \(String(repeating: "a", count: 40)) 1\r\n$1000\r\nREDIS0010")
                connection.waitForClose()
                return nil
            }
        }
        let context = Self.context(directory)
        let request = try Self.request(source.url, .replication)
        let run = Task { try await SnapshotOperation(request).run(context) }
        while !source.commands.contains(where: { $0[0] == "PSYNC" }) { await Task.yield() }
        run.cancel()
        await #expect(throws: (any Error).self) { _ = try await run.value }
        #expect(try Self.files(directory) == [])
    }

    @Test("a second run of the same source is refused with its holder, one of another source is not")
    func sourceLock() async throws {
        let server = try await RedisServer.start(.init(lines: ["repl-diskless-sync-delay 0"]))
        let directory = try TemporaryDirectory()
        let context = Self.context(directory)
        let repository = try await context.openRepositoryForWriting()
        let held = try await repository.beginSnapshot(sourceName: "one")
        defer { held.release() }
        var request = try Self.request(server.url)
        request.sourceName = "one"
        let blocked = request
        await #expect(
            performing: {
                _ = try await SnapshotOperation(blocked).run(context)
            },
            throws: { ($0 as? RepositoryError)?.code == .locked }
        )
        request.sourceName = "two"
        _ = try await SnapshotOperation(request).run(context)
        #expect(try await Self.entries(context).map(\.sourceName) == ["two"])
    }

    @Test("a file becomes a snapshot under its own name, and a damaged one becomes none")
    func importing() async throws {
        let server = try await RedisServer.start()
        let directory = try TemporaryDirectory()
        try KeyspaceGenerator.fill(server, seed: 5, keyCount: 50)
        try server.client().command("SAVE")
        let keyCount = UInt64(try KeyspaceContents.read(server).entries.count)
        let context = Self.context(directory)
        let report = try await ImportOperation(ImportRequest(path: server.dumpPath)).run(context)
        #expect(report.keyCount == keyCount)
        #expect(report.manifest.source.name == "dump.rdb")
        #expect(report.manifest.method == .file)
        var bytes = try TestFile.read(server.dumpPath)
        bytes[bytes.count / 2] ^= 0x10
        try TestFile.write(bytes, to: directory.path("damaged.rdb"))
        await #expect(throws: (any Error).self) {
            _ = try await ImportOperation(ImportRequest(path: directory.path("damaged.rdb"))).run(context)
        }
        #expect(try await Self.entries(context).map(\.id) == [report.manifest.id])
        #expect(try Self.files(directory).count == 2)
    }

    /// What a source answers before the hand-over.
    private static func reply(to command: [String]) -> String {
        switch command[0] {
        case "PING": return "+PONG\r\n"
        case "REPLCONF": return "+OK\r\n"
        case "TIME": return "*2\r\n$10\r\n1800000000\r\n$1\r\n0\r\n"
        case "INFO":
            let text = "redis_version:7.0.15\r\nrole:master\r\nloading:0\r\n"
            return "$\(text.utf8.count)\r\n\(text)\r\n"
        default: return "-ERR unknown command '\(command[0])'\r\n"
        }
    }
}
