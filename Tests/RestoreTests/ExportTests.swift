import Capture
import Catalog
import Foundation
import NIOCore
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Snapshots as RDB files, loaded by real servers at their start.
@Suite(.serialized) struct ExportTests {
    private typealias Record = ArchiveFixture.Record

    private static let instant = UnixMilliseconds(1_900_000_000_000)

    private static func context(_ fixture: ArchiveFixture, now: UnixMilliseconds = .now) -> OperationContext {
        OperationContext(
            repository: RepositoryLocation(path: fixture.repositoryPath, origin: .option),
            now: { now },
            actor: "test",
            command: "rewarm export"
        )
    }

    private static func operation(
        _ fixture: ArchiveFixture,
        version: Int? = nil,
        _ change: (inout RestoreOptions) -> Void = { _ in }
    ) -> ExportOperation {
        var options = RestoreOptions()
        change(&options)
        let query = SnapshotQuery(fixture.manifest.id.text)
        return ExportOperation(ExportRequest(query: query, options: options, rdbVersion: version))
    }

    /// A server that loaded the file at its start.
    private static func server(
        loading fixture: ArchiveFixture,
        _ configuration: RedisServer.Configuration = .init(),
        version: Int? = nil,
        _ change: (inout RestoreOptions) -> Void = { _ in }
    ) async throws -> (RedisServer, ExportReport) {
        let server = try await RedisServer.start(configuration)
        await server.kill()
        let report = try await operation(fixture, version: version, change).run(path: server.dumpPath, context(fixture))
        try await server.restart()
        return (server, report)
    }

    @Test func `a server that starts from the file holds what the source held`() async throws {
        let source = try await RedisServer.start()
        let seed = SeededGenerator.fromEnvironment("exported keyspace", fallback: 5).seed
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: 1500)
        let client = try source.client()
        // Values over many blocks, one of them with a deadline.
        try client.command("CONFIG", "SET", "rdbcompression", "no")
        for index in 0..<3000 { try client.command("RPUSH", "long list", "element \(index) of a long list") }
        try client.command("SETRANGE", "long string", 300_000, "end")
        try client.command("PEXPIREAT", "long string", 4_000_000_000_123)
        let libraries = try Record.libraries(of: source)
        let fixture = try await ArchiveFixture.make(
            try libraries + Record.all(of: source),
            instant: Self.instant,
            blockByteCount: 16 << 10
        )
        let (target, report) = try await Self.server(loading: fixture)
        #expect(report.failure == nil)
        #expect(report.counts.libraries[.restored] == UInt64(libraries.count))
        let differences = try KeyspaceContents.read(target).differences(from: try KeyspaceContents.read(source))
        #expect(differences == [], "seed \(seed)")
        let check = try await Subprocess.run("/usr/bin/env", ["redis-check-rdb", target.dumpPath])
        #expect(check.outputText.contains("Checksum OK"), "\(check)")
    }

    @Test(arguments: ["allkeys-lru", "allkeys-lfu"]) func `access data is in the file`(policy: String) async throws {
        let isIdle = policy == "allkeys-lru"
        let access: AccessData = isIdle ? .idle(seconds: 5000) : .frequency(201)
        let fixture = try await ArchiveFixture.make([.string("k", "v", access: access)], instant: Self.instant)
        let configuration = RedisServer.Configuration(lines: ["maxmemory 1gb", "maxmemory-policy \(policy)"])
        let (server, _) = try await Self.server(loading: fixture, configuration)
        let told = try server.client().command("OBJECT", isIdle ? "IDLETIME" : "FREQ", "k").integer ?? 0
        #expect(isIdle ? (5000...5200).contains(told) : (195...201).contains(told))
    }

    @Test func `importing the file gives the snapshot back`() async throws {
        let past = Self.instant.advanced(byMilliseconds: -5000)
        let records: [Record] = [
            .string("plain", "text"), .string("dead", "long ago", expiry: .at(past)),
            .string("other", "database", database: 7, expiry: .at(Self.instant), access: .idle(seconds: 3)),
        ]
        let fixture = try await ArchiveFixture.make(records, instant: Self.instant)
        let path = fixture.directory.path("out.rdb")
        let report = try await Self.operation(fixture).run(path: path, Self.context(fixture))
        // A file tells all that the snapshot tells: a deadline that has passed is for the loader to judge.
        #expect(report.counts.accounting[.restored] == 3)
        let imported = try await ImportOperation(ImportRequest(path: path)).run(Self.context(fixture))
        #expect(imported.manifest.statistics.databases == fixture.manifest.statistics.databases)
        #expect(imported.manifest.statistics.types == fixture.manifest.statistics.types)
        #expect(imported.manifest.statistics.idleKeyCount == 1)
        #expect(imported.manifest.instant == fixture.manifest.instant)
        #expect(imported.manifest.format == fixture.manifest.format)
        var again = fixture
        again.manifest = imported.manifest
        #expect(try await Self.bytes(again).dropFirst(200) == Self.bytes(fixture).dropFirst(200))
    }

    /// The file as it goes to standard output, without the end's checksum, which the snapshot's own id is in.
    private static func bytes(_ fixture: ArchiveFixture) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try await operation(fixture).run(context(fixture)) { bytes += $0.readableBytesView }
        return bytes.dropLast(8)
    }

    @Test func `superseded records stay out, so that no server meets a key twice`() async throws {
        var first = Record.string("twice", "old")
        first.isSuperseded = true
        let fixture = try await ArchiveFixture.make([first, .string("twice", "new")], instant: Self.instant)
        let (server, report) = try await Self.server(loading: fixture)
        #expect(try server.client().command("GET", "twice").text == "new")
        #expect(report.counts.accounting[.duplicate] == 1)
        #expect(report.counts.accounting.isBalanced)
    }

    @Test func `deadlines start again at the export, or go, or stay`() async throws {
        let now = UnixMilliseconds.now
        let instant = now.advanced(byMilliseconds: -3_600_000)
        let records: [Record] = [
            .string("hour", "v", expiry: .at(instant.advanced(byMilliseconds: 7_200_000))),
            .string("gone", "v", expiry: .at(instant)),
        ]
        let fixture = try await ArchiveFixture.make(records, instant: instant)
        let deadline = { (server: RedisServer) in try server.client().command("PEXPIRETIME", "hour").integer }
        let (kept, _) = try await Self.server(loading: fixture)
        #expect(try deadline(kept) == instant.rawValue + 7_200_000)
        let (persisted, _) = try await Self.server(loading: fixture) { $0.deadlineMode = .persist }
        #expect(try deadline(persisted) == -1)
        #expect(try persisted.client().command("EXISTS", "gone").integer == 1)
        let path = fixture.directory.path("remaining.rdb")
        let report = try await Self.operation(fixture) { $0.deadlineMode = .remaining }
            .run(path: path, Self.context(fixture, now: now))
        #expect(report.counts.accounting[.expired] == 1)
        #expect(report.counts.accounting[.restored] == 1)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let expected = withUnsafeBytes(of: (now.rawValue + 7_200_000).littleEndian) { [252] + Array($0) }
        #expect(bytes.range(of: Data(expected)) != nil)
    }

    @Test func `filters choose, and a database can be moved`() async throws {
        let records: [Record] = [
            .string("a:1", "v"), .string("a:2", "v"), .string("b:1", "v"), .string("a:1", "v", database: 4),
        ]
        let fixture = try await ArchiveFixture.make(records, instant: Self.instant)
        let (server, report) = try await Self.server(loading: fixture) {
            $0.match = [GlobPattern("a:*")]
            $0.exclude = [GlobPattern("*2")]
            $0.databases = [DatabaseMapping(source: 0, destination: 11)]
        }
        let place = KeyspaceContents.Place(database: 11, key: Array("a:1".utf8))
        #expect(try Array(KeyspaceContents.read(server).entries.keys) == [place])
        #expect(report.counts.accounting[.filtered] == 3)
        #expect(report.counts.accounting.isBalanced)
    }

    @Test func `what a version cannot hold stays out, and is counted by type and reason`() async throws {
        let records: [Record] = [
            .string("s", "v"), Record(type: 28, key: [1], body: [0, 0]), Record(type: 28, key: [2], body: [0, 0]),
            Record(kind: .functionLibrary, body: [1, 0x78]),
        ]
        let format = PayloadFormat(engine: .redis, rdbVersion: 14)
        let fixture = try await ArchiveFixture.make(records, format: format, instant: Self.instant)
        let (server, report) = try await Self.server(loading: fixture, version: 9)
        #expect(report.failure?.kind == .partial)
        let message = report.failure?.message ?? ""
        #expect(message.contains("array 2, function 1"), "\(message)")
        #expect(report.counts.accounting.isBalanced && report.counts.libraries.isBalanced)
        #expect(report.counts.accounting[.restored] == 1 && report.counts.accounting[.unsupported] == 2)
        #expect(report.counts.libraries.reasons[.unsupported] == ["unknownType:function": 1])
        #expect(try server.client().command("GET", "s").text == "v")
        #expect(try server.client().command("DBSIZE").integer == 1)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: server.dumpPath))
        #expect(bytes.prefix(9) == Data("REDIS0009".utf8))
    }

    @Test func `damage leaves no file, unless what is intact is asked for`() async throws {
        let records = (0..<2000).map { Record.string("key:\($0)", String(repeating: "value \($0)", count: 5)) }
        let fixture = try await ArchiveFixture.make(records, instant: Self.instant)
        var archive = try Data(contentsOf: URL(fileURLWithPath: fixture.archivePath))
        archive[archive.count / 3] ^= 0x40
        try archive.write(to: URL(fileURLWithPath: fixture.archivePath))
        let path = fixture.directory.path("out.rdb")
        await #expect(throws: (any Error).self) {
            _ = try await Self.operation(fixture).run(path: path, Self.context(fixture))
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path)
        #expect(left == ["repository"])
        let (server, report) = try await Self.server(loading: fixture) { $0.salvage = true }
        #expect(report.failure?.kind == .partial)
        #expect(report.counts.accounting.isBalanced)
        let stored = report.counts.accounting[.restored]
        #expect(stored > 0 && report.counts.accounting[.lostBlock] == 2000 - stored)
        #expect(try server.client().command("DBSIZE").integer == Int64(stored))
    }
}
