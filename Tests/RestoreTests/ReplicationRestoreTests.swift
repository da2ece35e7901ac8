import Catalog
import Foundation
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing
import Transport

/// Restores to real servers that are told to replicate from here.
@Suite(.serialized) struct ReplicationRestoreTests {
    typealias Record = ArchiveFixture.Record

    static func strings(_ count: Int, byteCount: Int = 20) -> [Record] {
        let text = String(repeating: "x", count: byteCount)
        return (0..<count).map { .string("key:\($0)", "\($0) " + text) }
    }

    static func fixture(_ records: [Record]) async throws -> ArchiveFixture {
        try await ArchiveFixture.make(records, instant: UnixMilliseconds.now, blockByteCount: 16 << 10)
    }

    /// A target that is nobody's replica, with its setting as it was, and no journal of it.
    static func expectDetached(_ target: RedisServer, setting: String = "disabled") throws {
        let client = try target.client()
        #expect(try client.info("replication", "role") == "master")
        let told = try client.command("CONFIG", "GET", "repl-diskless-load").array ?? []
        #expect(told.last?.text == setting || told.isEmpty)
    }

    private static func expectGood(_ report: RestoreReport, restored: Int) {
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.accounting[.restored] == UInt64(restored), "\(report.summary)")
        #expect(report.accounting.isBalanced)
        #expect(report.result.verification?.isGood ?? false, "\(String(describing: report.result.verification))")
    }

    @Test func `every type, deadline, database and function comes back, and the target is its own again`() async throws
    {
        let source = try await RedisServer.start()
        let seed = SeededGenerator.fromEnvironment("replicated keyspace", fallback: 4).seed
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: 1500)
        let client = try source.client()
        try client.command("CONFIG", "SET", "rdbcompression", "no")
        try client.command("SETRANGE", "long string", 300_000, "end")
        try client.command("PEXPIREAT", "long string", 4_000_000_000_123)
        let keys = try Record.all(of: source)
        let fixture = try await Self.fixture(try Record.libraries(of: source) + keys)
        let target = try await RedisServer.start()
        let harness = RestoreHarness(fixture)
        let report = try await harness.run(target) { $0.method = .replication }
        Self.expectGood(report, restored: keys.count)
        #expect(report.result.libraries[.restored] == 2)
        #expect(report.result.verification?.sampledKeyCount == 1000)
        try Self.expectDetached(target)
        #expect(harness.journal == [])
        let differences = try KeyspaceContents.read(target).differences(from: try KeyspaceContents.read(source))
        #expect(differences == [], "seed \(seed)")
        // It takes writes.
        #expect(try target.client().command("SET", "new", "1").text == "OK")
    }

    @Test(arguments: try await ServerMatrix.present() + [ServerBinary.onPath()])
    func `every server that can be told to replicate takes the stream`(binary: ServerBinary) async throws {
        let records =
            Self.strings(500) + [
                .string("other", "database", database: 5, expiry: .at(UnixMilliseconds(4_000_000_000_000)))
            ]
        let fixture = try await Self.fixture(records)
        let target = try await RedisServer.start(.init(binary: binary))
        let harness = RestoreHarness(fixture)
        // The plan asks whether the target may be told, and tells it nothing.
        #expect(try await harness.plan(target) { $0.method = .replication }.refusals.isEmpty)
        try Self.expectDetached(target)
        let report = try await harness.run(target) { $0.method = .replication }
        Self.expectGood(report, restored: 501)
        try Self.expectDetached(target)
        #expect(try target.client(database: 5).command("GET", "other").text == "database")
    }

    @Test func `a target with passwords for both directions is restored`() async throws {
        let configuration = RedisServer.Configuration(lines: ["masterauth secret", "masteruser someone"])
        let target = try await RedisServer.start(configuration)
        let report = try await RestoreHarness(try await Self.fixture(Self.strings(100))).run(target) {
            $0.method = .replication
        }
        Self.expectGood(report, restored: 100)
        try Self.expectDetached(target)
    }

    @Test func `where CONFIG is forbidden the target loads from its disk`() async throws {
        let target = try await RedisServer.start(.init(withheldCommands: ["CONFIG"]))
        let harness = RestoreHarness(try await Self.fixture(Self.strings(100)))
        let plan = try await harness.plan(target) { $0.method = .replication }
        #expect(plan.warnings.map(\.kind) == [.loadsFromDisk])
        Self.expectGood(try await harness.run(target) { $0.method = .replication }, restored: 100)
        #expect(try target.client().info("replication", "role") == "master")
        #expect(target.log.contains("to disk"))
    }

    @Test func `a target that is to be flushed loses keys and functions first`() async throws {
        let target = try await RedisServer.start(.init(lines: ["repl-diskless-load swapdb"]))
        let client = try target.client(database: 3)
        try client.command("SET", "old", "x")
        try client.command("FUNCTION", "LOAD", "#!lua name=old\nredis.register_function('f', function() return 1 end)")
        let fixture = try await Self.fixture(Self.strings(50))
        let report = try await RestoreHarness(fixture).run(target) {
            $0.method = .replication
            $0.flushTarget = true
        }
        Self.expectGood(report, restored: 50)
        try Self.expectDetached(target, setting: "swapdb")
        #expect(try client.command("EXISTS", "old").integer == 0)
        #expect(try client.command("FUNCTION", "LIST").array?.isEmpty ?? false)
    }

    @Test(arguments: DeadlineMode.allCases) func `deadlines, filters and databases are as with commands`(
        mode: DeadlineMode
    ) async throws {
        let now = UnixMilliseconds.now
        let instant = now.advanced(byMilliseconds: -600_000)
        func after(_ minutes: Int64) -> Expiry { .at(instant.advanced(byMilliseconds: minutes * 60_000)) }
        let records: [Record] = [
            .string("in:hour", "v", expiry: after(60)), .string("in:passed", "v", expiry: after(5)),
            .string("in:never", "v"), .string("out:no", "v"), .string("in:db", "v", database: 2),
        ]
        let fixture = try await ArchiveFixture.make(records, instant: instant)
        func report(_ method: RestoreMethod) async throws -> (RestoreReport, RedisServer) {
            let target = try await RedisServer.start()
            let report = try await RestoreHarness(fixture).run(target) {
                $0.method = method
                $0.deadlineMode = mode
                $0.match = [GlobPattern("in:*")]
                $0.databases = [DatabaseMapping(source: 0, destination: 8)]
            }
            return (report, target)
        }
        let (byCommands, first) = try await report(.commands)
        let (byReplication, second) = try await report(.replication)
        #expect(byReplication.failure == nil)
        #expect(byReplication.counts == byCommands.counts)
        #expect(byReplication.accounting.reasons == byCommands.accounting.reasons)
        var left = try KeyspaceContents.read(first)
        var right = try KeyspaceContents.read(second)
        guard mode == .remaining else {
            #expect(right.differences(from: left) == [])
            return
        }
        // Each restore began at another moment.
        for place in left.entries.keys {
            left.entries[place]?.deadline = 0
            right.entries[place]?.deadline = 0
        }
        #expect(right.differences(from: left) == [])
    }

    @Test(arguments: ["allkeys-lru", "allkeys-lfu"]) func `access data is put back`(policy: String) async throws {
        let isIdle = policy == "allkeys-lru"
        let access: AccessData = isIdle ? .idle(seconds: 5000) : .frequency(201)
        let fixture = try await Self.fixture([.string("k", "v", access: access)])
        let target = try await RedisServer.start(.init(lines: ["maxmemory 1gb", "maxmemory-policy \(policy)"]))
        let report = try await RestoreHarness(fixture).run(target) { $0.method = .replication }
        Self.expectGood(report, restored: 1)
        let told = try target.client().command("OBJECT", isIdle ? "IDLETIME" : "FREQ", "k").integer ?? 0
        #expect(isIdle ? (5000...5200).contains(told) : (195...201).contains(told))
    }

    // MARK: Targets that are refused

    private static func expectRefusal(
        _ kind: PreflightFinding.Kind,
        _ target: RedisServer,
        _ fixture: ArchiveFixture
    ) async throws {
        let harness = RestoreHarness(fixture)
        #expect(try await harness.plan(target) { $0.method = .replication }.refusals.map(\.kind) == [kind])
        let error = await #expect(throws: OperationError.self) {
            _ = try await harness.run(target) { $0.method = .replication }
        }
        #expect(error?.kind == .unsafeTarget)
    }

    @Test func `a target with keys, functions, replicas or in a cluster is refused`() async throws {
        let fixture = try await Self.fixture(Self.strings(3))
        let keys = try await RedisServer.start()
        try keys.client(database: 2).command("SET", "mine", "1")
        try await Self.expectRefusal(.notEmpty, keys, fixture)
        let functions = try await RedisServer.start()
        try functions.client().command(
            "FUNCTION",
            "LOAD",
            "#!lua name=mine\nredis.register_function('f', function() return 1 end)"
        )
        try await Self.expectRefusal(.functionsPresent, functions, fixture)
        let cluster = try await RedisServer.start(.init(lines: ["cluster-enabled yes"]))
        try await Self.expectRefusal(.clusterNode, cluster, fixture)
        let primary = try await RedisServer.start(.init(lines: ["repl-diskless-sync-delay 0"]))
        let replica = try await RedisServer.start()
        try replica.client().command("REPLICAOF", "127.0.0.1", RedisArgument(Int64(primary.port)))
        while try replica.client().info("replication", "master_link_status") != "up" {
            try await Task.sleep(for: .milliseconds(5))
        }
        try await Self.expectRefusal(.replicasAttached, primary, fixture)
        try await Self.expectRefusal(.replica, replica, fixture)
        try await Self.expectRefusal(.replicationForbidden, .start(.managedService), fixture)
    }

    @Test func `what a target with an append-only file has loaded survives its death`() async throws {
        let target = try await RedisServer.start(.init(lines: ["appendonly yes"]))
        let harness = RestoreHarness(try await Self.fixture(Self.strings(20_000, byteCount: 100)))
        let report = try await harness.run(target) { $0.method = .replication }
        #expect(report.failure == nil, "\(report.summary)")
        if let process = target.processID { kill(process, SIGKILL) }
        try await target.restart()
        #expect(try target.client().command("DBSIZE").integer == 20_000)
    }

    @Test func `types that the target's version does not know are counted, or refused by --strict`() async throws {
        let records: [Record] = [
            .string("s", "v"), Record(type: 28, key: [1], body: [0, 0]), Record(type: 28, key: [2], body: [0, 0]),
        ]
        let format = PayloadFormat(engine: .redis, rdbVersion: 14)
        let fixture = try await ArchiveFixture.make(records, format: format, instant: .now)
        let target = try await RedisServer.start()
        let harness = RestoreHarness(fixture)
        let strict = try await harness.plan(target) {
            $0.method = .replication
            $0.isStrict = true
        }
        #expect(strict.refusals.map(\.kind) == [.unsupportedTypes])
        #expect(strict.refusals.first?.message.hasSuffix("array 2") ?? false)
        let error = await #expect(throws: OperationError.self) {
            _ = try await harness.run(target) {
                $0.method = .replication
                $0.isStrict = true
            }
        }
        #expect(error?.kind == .unsafeTarget)
        #expect(try target.client().command("DBSIZE").integer == 0)
        // A filter by name makes the count an upper bound: then the records themselves tell.
        let filtered = try await harness.plan(target) {
            $0.method = .replication
            $0.match = [GlobPattern("s*")]
            $0.isStrict = true
        }
        #expect(filtered.refusals.isEmpty)
        let plan = try await harness.plan(target) { $0.method = .replication }
        #expect(plan.warnings.map(\.kind) == [.unsupportedTypes])
        let report = try await harness.run(target) { $0.method = .replication }
        #expect(report.failure?.kind == .partial)
        #expect(report.accounting[.restored] == 1 && report.accounting.isBalanced)
        #expect(report.accounting[.unsupported] == 2)
        try Self.expectDetached(target)
    }

    @Test func `a user who may not tell it to replicate is refused before the target is flushed`() async throws {
        let users = ["limited on >secret ~* &* +@all -replicaof"]
        let target = try await RedisServer.start(.init(users: users))
        try target.client().command("SET", "mine", "1")
        let fixture = try await Self.fixture(Self.strings(3))
        let message = "+replicaof"
        let url = "redis://limited:secret@127.0.0.1:\(target.port)"
        let error = await #expect(throws: (any Error).self) {
            _ = try await RestoreHarness(fixture).run(url: url) {
                $0.method = .replication
                $0.flushTarget = true
            }
        }
        #expect(error.map { OperationError(describing: $0).kind } == .denied)
        #expect(error.map { OperationError(describing: $0).message.contains(message) } ?? false)
        #expect(try target.client().command("GET", "mine").text == "1")
    }

    @Test func `options that only commands have are usage errors`() {
        var options = RestoreOptions()
        options.listen = ListenAddress("127.0.0.1:0")
        #expect(options.contradiction?.contains("--listen") ?? false)
        options.method = .replication
        #expect(options.contradiction == nil)
        for (change, name) in [
            ({ $0.keysPerSecond = 5 }, "--rate"), ({ $0.connectionCount = 2 }, "--connections"),
            ({ $0.existing = .skip }, "--existing skip"), ({ $0.existing = .replace }, "--existing replace"),
        ] as [((inout RestoreOptions) -> Void, String)] {
            var changed = options
            change(&changed)
            #expect(changed.contradiction?.contains(name) ?? false)
        }
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:0"), ("host:7", "host:7"), ("[::1]:9", "[::1]:9"), ("[::1]", "[::1]:0"), ("::1", nil),
        ("", nil), ("host:", nil), ("host:70000", nil), (":7", nil), ("[::1", nil),
    ]) func `addresses to listen on`(text: String, expected: String?) {
        #expect(ListenAddress(text)?.description == expected)
    }
}
