import Foundation
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Real servers in the states in which nothing may be written to them: each is exit code 14.
@Suite(.serialized) struct RefusedTargetTests {
    private static func fixture(
        _ records: [ArchiveFixture.Record] = [.string("key", "value"), .string("other", "x", database: 3)],
        format: PayloadFormat = PayloadFormat(engine: .redis, rdbVersion: 10)
    ) async throws -> ArchiveFixture {
        try await ArchiveFixture.make(records, format: format, instant: UnixMilliseconds.now)
    }

    /// Expects exactly this refusal, of the plan and of the run, and a target that did not change.
    private static func expectRefusal(
        _ kind: PreflightFinding.Kind,
        _ target: RedisServer,
        _ fixture: ArchiveFixture,
        _ change: (inout RestoreOptions) -> Void = { _ in }
    ) async throws {
        let harness = RestoreHarness(fixture)
        let size = try target.client().command("DBSIZE")
        #expect(try await harness.plan(target, change).refusals.map(\.kind) == [kind])
        await #expect {
            _ = try await harness.run(target, change)
        } throws: { error in
            guard let error = error as? OperationError else { return false }
            return error.kind == .unsafeTarget && error.hint?.isEmpty == false
        }
        #expect(try target.client().command("DBSIZE") == size)
    }

    @Test func `a target that holds keys`() async throws {
        let target = try await RedisServer.start()
        try target.client(database: 9).command("SET", "mine", "x")
        try await Self.expectRefusal(.notEmpty, target, Self.fixture())
    }

    @Test func `a replica`() async throws {
        let primary = try await RedisServer.start()
        let target = try await RedisServer.start()
        try target.client().command("REPLICAOF", "127.0.0.1", RedisArgument(Int64(primary.port)))
        while try target.client().info("replication", "master_link_status") != "up" {
            try await Task.sleep(for: .milliseconds(5))
        }
        try await Self.expectRefusal(.replica, target, Self.fixture())
    }

    @Test func `a node of a cluster`() async throws {
        let target = try await RedisServer.start(.init(lines: ["cluster-enabled yes"]))
        let fixture = try await Self.fixture([.string("key", "value")])
        try await Self.expectRefusal(.clusterNode, target, fixture)
    }

    @Test func `a server that is still loading`() async throws {
        let server = try ScriptedServer { connection in
            try connection.answer { _ in "-LOADING Redis is loading the dataset in memory\r\n" }
        }
        let harness = RestoreHarness(try await Self.fixture())
        await #expect {
            _ = try await harness.run(url: server.url)
        } throws: { error in
            (error as? OperationError)?.kind == .unsafeTarget
        }
    }

    @Test func `a server without the database`() async throws {
        let target = try await RedisServer.start()
        try await Self.expectRefusal(.missingDatabase, target, Self.fixture()) {
            $0.databases = [DatabaseMapping(source: 3, destination: 16)]
        }
    }

    @Test func `a primary with too few replicas`() async throws {
        let target = try await RedisServer.start(.init(lines: ["min-replicas-to-write 1"]))
        try await Self.expectRefusal(.noReplicas, target, Self.fixture())
    }

    @Test func `a server whose last save failed`() async throws {
        let target = try await RedisServer.start()
        let client = try target.client()
        try client.command("CONFIG", "SET", "save", "3600 1")
        // A directory under the file's name: the save cannot be renamed to it.
        try FileManager.default.createDirectory(atPath: target.dumpPath, withIntermediateDirectories: false)
        try client.command("BGSAVE")
        while try client.info("persistence", "rdb_last_bgsave_status") != "err" {
            try await Task.sleep(for: .milliseconds(5))
        }
        try await Self.expectRefusal(.misconfigured, target, Self.fixture())
    }

    @Test func `a server that is out of memory`() async throws {
        let target = try await RedisServer.start()
        let client = try target.client()
        try client.command("SETRANGE", "ballast", 3_000_000, "x")
        try client.command("CONFIG", "SET", "maxmemory", "2mb")
        let harness = RestoreHarness(try await Self.fixture())
        let kinds = try await harness.plan(target) { $0.existing = .skip }.refusals.map(\.kind)
        #expect(kinds.contains(.outOfMemory))
    }

    @Test func `a server that is too small, or would evict what it was given`() async throws {
        let value = String(repeating: "v", count: 10_000)
        let fixture = try await Self.fixture((0..<1000).map { .string("key:\($0)", value + "\($0)") })
        let small = try await RedisServer.start(.init(lines: ["maxmemory 6mb"]))
        try await Self.expectRefusal(.tooSmall, small, fixture)
        let evicting = try await RedisServer.start(.init(lines: ["maxmemory 6mb", "maxmemory-policy allkeys-lru"]))
        try await Self.expectRefusal(.evicting, evicting, fixture)
    }

    @Test func `a user who lacks a permission is told which, before anything is written`() async throws {
        let target = try await RedisServer.start(.init(users: ["loader on nopass ~* +@all -set -dump"]))
        let harness = RestoreHarness(try await Self.fixture())
        await #expect {
            _ = try await harness.run(url: target.url(user: "loader").replacing("loader@", with: "loader:any@"))
        } throws: { error in
            guard let error = error as? OperationError else { return false }
            return error.kind == .denied && error.message.contains("+set +dump")
        }
        #expect(try target.client().command("DBSIZE") == .integer(0))
    }

    @Test func `a database in the target's URL is a usage error`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        await #expect {
            _ = try await harness.run(url: target.url(database: 3))
        } throws: { error in
            (error as? OperationError)?.kind == .usage
        }
    }

    @Test func `a managed service without CONFIG is no reason`() async throws {
        let target = try await RedisServer.start(.managedService)
        let report = try await RestoreHarness(try await Self.fixture()).run(target)
        #expect(report.failure == nil, "\(report.summary)")
    }
}
