import Catalog
import Foundation
import Operations
import Restore
import SnapshotModel
import Synchronization
import TestSupport
import Testing
import Transport

/// Restores by replication that do not get through, and others that knock at the door.
@Suite(.serialized) struct ReplicationFailureTests {
    @Test func `a target that is killed midway is unreachable, and every record has its class`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await ReplicationRestoreTests.fixture(ReplicationRestoreTests.strings(4000, byteCount: 5000))
        let harness = RestoreHarness(fixture)
        let killed = Mutex(false)
        let report = try await harness.run(target) {
            $0.method = .replication
        } during: { keyCount in
            let isFirst = killed.withLock { isKilled in
                defer { isKilled = keyCount > 300 }
                return keyCount > 300 && !isKilled
            }
            guard isFirst else { return }
            if let process = target.processID { kill(process, SIGKILL) }
        }
        #expect(report.failure?.kind == .unreachable, "\(String(describing: report.failure))")
        #expect(report.accounting.isBalanced)
        #expect(report.accounting[.restored] == 0)
        #expect(report.accounting[.failed] == 4000)
        #expect(harness.journal == [])
    }

    @Test func `a cancelled run leaves an empty target that is its own`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await ReplicationRestoreTests.fixture(ReplicationRestoreTests.strings(4000, byteCount: 5000))
        let harness = RestoreHarness(fixture)
        let running = Mutex<Task<RestoreReport, any Error>?>(nil)
        let task = Task {
            try await harness.run(target) {
                $0.method = .replication
            } during: { keyCount in
                if keyCount > 300 { running.withLock { $0?.cancel() } }
            }
        }
        running.withLock { $0 = task }
        let report = try await task.value
        #expect(report.failure?.kind == .cancelled)
        #expect(report.accounting.isBalanced)
        try ReplicationRestoreTests.expectDetached(target)
        #expect(try target.client().command("DBSIZE").integer == 0)
        #expect(harness.journal == [])
    }

    @Test func `a damaged archive detaches the target, which keeps nothing`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await ReplicationRestoreTests.fixture(ReplicationRestoreTests.strings(4000, byteCount: 500))
        var archive = try Data(contentsOf: URL(fileURLWithPath: fixture.archivePath))
        archive[archive.count / 2] ^= 0x40
        try archive.write(to: URL(fileURLWithPath: fixture.archivePath))
        let report = try await RestoreHarness(fixture).run(target) { $0.method = .replication }
        #expect(report.failure?.kind == .integrity)
        #expect(report.accounting.isBalanced)
        #expect(report.accounting[.restored] == 0)
        try ReplicationRestoreTests.expectDetached(target)
        #expect(try target.client().command("DBSIZE").integer == 0)
        let salvaged = try await RestoreHarness(fixture).run(target) {
            $0.method = .replication
            $0.salvage = true
        }
        #expect(salvaged.failure?.kind == .partial)
        #expect(salvaged.accounting[.restored] > 0 && salvaged.accounting[.lostBlock] > 0)
        #expect(salvaged.accounting.isBalanced)
        try ReplicationRestoreTests.expectDetached(target)
    }

    /// The first value that a server loads whole before it looks at it, so that the damage is found in the middle.
    private static let malformed = ArchiveFixture.Record(type: 16, key: Array("bad".utf8), body: [3, 1, 2, 3])

    @Test(arguments: [false, true])
    func `a target that refuses to load is detached, or gone, and nothing counts as restored`(
        fromDisk: Bool
    ) async throws {
        let target = try await RedisServer.start(
            .init(lines: ["sanitize-dump-payload yes"], withheldCommands: fromDisk ? ["CONFIG"] : [])
        )
        let records = ReplicationRestoreTests.strings(500) + [Self.malformed]
        let harness = RestoreHarness(try await ReplicationRestoreTests.fixture(records))
        let report = try await harness.run(target) { $0.method = .replication }
        #expect(report.accounting.isBalanced)
        #expect(report.accounting[.restored] == 0)
        #expect(report.accounting.reasons[.failed] == ["notLoaded": 501], "\(report.accounting)")
        #expect(harness.journal == [])
        if (try? target.client().command("PING")) != nil {
            #expect(report.failure?.kind == .partial, "\(String(describing: report.failure))")
            try ReplicationRestoreTests.expectDetached(target)
            #expect(try target.client().command("DBSIZE").integer == 0)
        } else {
            // Most servers end themselves when what they load is damaged.
            #expect(report.failure?.kind == .unreachable, "\(String(describing: report.failure))")
        }
    }

    @Test func `a target that somebody else detaches midway is not restored`() async throws {
        // It takes the stream to its disk first, and obeys meanwhile.
        let target = try await RedisServer.start(.init(withheldCommands: ["CONFIG"]))
        let fixture = try await ReplicationRestoreTests.fixture(ReplicationRestoreTests.strings(4000, byteCount: 5000))
        let harness = RestoreHarness(fixture)
        let report = try await harness.run(target) {
            $0.method = .replication
        } during: { keyCount in
            if keyCount > 300 { _ = try? target.client().reply(to: ["REPLICAOF", "NO", "ONE"]) }
        }
        #expect(report.failure?.kind == .partial, "\(String(describing: report.failure))")
        #expect(report.accounting.isBalanced && report.accounting[.restored] == 0)
        #expect(try target.client().info("replication", "role") == "master")
        #expect(harness.journal == [])
    }

    @Test func `another replica that asks at the same port gets nothing, and afterwards nobody listens`() async throws {
        let target = try await RedisServer.start()
        let other = try await RedisServer.start()
        try other.client().command("SET", "its", "own")
        let port = try SocketCalls.freeLoopbackPort()
        // It asks again and again, from the target's own address.
        try other.client().command("REPLICAOF", "127.0.0.1", RedisArgument(Int64(port)))
        let fixture = try await ReplicationRestoreTests.fixture(ReplicationRestoreTests.strings(3000, byteCount: 2000))
        let report = try await RestoreHarness(fixture).run(target) {
            $0.method = .replication
            $0.listen = ListenAddress(host: "127.0.0.1", port: port)
        }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.accounting[.restored] == 3000)
        try ReplicationRestoreTests.expectDetached(target)
        #expect(try other.client().command("DBSIZE").integer == 1)
        #expect(throws: (any Error).self) { _ = try RedisClient(port: port) }
    }

    @Test func `a target that restarts midway is its own again`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await ReplicationRestoreTests.fixture(ReplicationRestoreTests.strings(4000, byteCount: 5000))
        let harness = RestoreHarness(fixture)
        let restart = Mutex<Task<Void, any Error>?>(nil)
        let report = try await harness.run(target) {
            $0.method = .replication
        } during: { keyCount in
            guard keyCount > 300 else { return }
            restart.withLock { running in
                guard running == nil else { return }
                if let process = target.processID { kill(process, SIGKILL) }
                running = Task {
                    await target.kill()
                    try await target.restart()
                }
            }
        }
        try await restart.withLock { $0 }?.value
        #expect(report.failure != nil)
        #expect(report.accounting.isBalanced && report.accounting[.restored] == 0)
        try ReplicationRestoreTests.expectDetached(target)
        #expect(harness.journal == [])
    }
}
