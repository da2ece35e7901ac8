import Foundation
import Operations
import Restore
import SnapshotModel
import Synchronization
import TestSupport
import Testing

/// Targets that are not what they were when the restore was interrupted.
@Suite(.serialized) struct ChangedTargetTests {
    private static let recordCount = 12_000

    private static func fixture() async throws -> ArchiveFixture {
        let text = String(repeating: "x", count: 100)
        let records = (0..<recordCount).map { ArchiveFixture.Record.string("key:\($0)", "\($0) " + text) }
        return try await ArchiveFixture.make(records, instant: UnixMilliseconds.now, blockByteCount: 8192)
    }

    /// Kills the target's process in the middle of a restore.
    private static func killed(
        _ harness: RestoreHarness,
        _ target: RedisServer,
        retryFor: Duration = .zero
    ) async throws -> RestoreReport {
        let killed = Mutex(false)
        return try await harness.run(target) {
            $0.keysPerSecond = 20_000
            $0.retryFor = retryFor
        } during: { count in
            guard count > 5000 else { return }
            let isFirst = killed.withLock { killed in
                defer { killed = true }
                return !killed
            }
            if isFirst, let process = target.processID { kill(process, SIGKILL) }
        }
    }

    private static func expectWhole(_ report: RestoreReport, _ target: RedisServer) throws {
        #expect(report.failure == nil && report.accounting.isBalanced, "\(report.summary)")
        #expect(report.accounting[.restored] + report.accounting[.restoredEarlier] == UInt64(recordCount))
        #expect(try target.client().command("DBSIZE") == .integer(Int64(recordCount)))
    }

    @Test func `a target that was restarted with its data goes on near where it was`() async throws {
        let target = try await RedisServer.start(.init(lines: ["appendonly yes", "appendfsync always"]))
        let harness = RestoreHarness(try await Self.fixture())
        let first = try await Self.killed(harness, target)
        #expect(first.failure?.kind == .unreachable, "\(first.summary)")
        try await target.restart()
        let second = try await harness.run(target) { $0.resumes = true }
        try Self.expectWhole(second, target)
        #expect(harness.notices.contains { $0.text.contains("was restarted and holds what it had acknowledged") })
        #expect(second.accounting[.restoredEarlier] >= first.accounting[.restored])
    }

    @Test func `a target that was restarted without its data is told, and filled from the beginning`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        _ = try await Self.killed(harness, target)
        try await target.restart()
        let second = try await harness.run(target) { $0.resumes = true }
        try Self.expectWhole(second, target)
        #expect(second.counts == ["restored": UInt64(Self.recordCount)])
        #expect(harness.notices.contains { $0.text.contains("none is there; the restore begins anew") })
    }

    @Test func `a target that was restarted from an older file has lost keys, and gets them back`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        let saved = Mutex(false)
        _ = try await harness.run(target) {
            $0.keysPerSecond = 20_000
        } during: { count in
            let wasSaved = saved.withLock { saved in
                defer { saved = saved || count > 500 }
                return saved
            }
            if count > 500, !wasSaved { _ = try? target.client().command("SAVE") }
            if count > 9000, let process = target.processID { kill(process, SIGKILL) }
        }
        try await target.restart()
        let kept = try #require(try target.client().command("DBSIZE").integer)
        #expect(kept > 0 && kept < 3000)
        let second = try await harness.run(target) { $0.resumes = true }
        try Self.expectWhole(second, target)
        #expect(second.accounting[.restoredEarlier] == UInt64(kept), "\(second.summary)")
        #expect(harness.notices.contains { $0.text.contains("that it had acknowledged; the restore begins anew") })
    }

    @Test func `a target that is killed and started again within --retry-for is waited for`() async throws {
        let target = try await RedisServer.start(.init(lines: ["appendonly yes", "appendfsync always"]))
        let harness = RestoreHarness(try await Self.fixture())
        let restarting = Task {
            while !harness.notices.contains(where: { $0.text.contains("trying again") }) {
                try await Task.sleep(for: .milliseconds(10))
            }
            try await target.restart()
        }
        let report = try await Self.killed(harness, target, retryFor: .seconds(60))
        try await restarting.value
        try Self.expectWhole(report, target)
        #expect(report.result.retryCount > 0)
        #expect(harness.notices.contains { $0.text.contains("was restarted") })
    }

    @Test func `a target that was emptied is told, and filled from the beginning`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        let emptied = Mutex(false)
        let first = try await harness.run(target) {
            $0.keysPerSecond = 20_000
            $0.retryFor = .seconds(30)
        } during: { count in
            guard count > 5000 else { return }
            let isFirst = emptied.withLock { emptied in
                defer { emptied = true }
                return !emptied
            }
            guard isFirst, let client = try? target.client() else { return }
            _ = try? client.pipeline([["FLUSHALL"], ["CLIENT", "KILL", "TYPE", "normal"]])
        }
        try Self.expectWhole(first, target)
        #expect(harness.notices.contains { $0.text.contains("was emptied since") }, "\(harness.notices)")
    }

    @Test func `a target that was exchanged for one with keys of its own is refused`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        _ = try await Self.killed(harness, target)
        try await target.restart()
        try target.client().command("SET", "another", "server's")
        await #expect {
            _ = try await harness.run(target) { $0.resumes = true }
        } throws: { error in
            guard let error = error as? OperationError else { return false }
            return error.kind == .unsafeTarget && error.message.contains("none of those that were restored")
        }
        #expect(try target.client().command("DBSIZE") == .integer(1))
    }

    @Test func `another node with keys is refused also where nothing was confirmed by which to know it`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        // Killed before the first window was confirmed: the journal has its header and nothing else.
        let isKilled = Mutex(false)
        _ = try await harness.run(target) {
            $0.keysPerSecond = 2000
        } during: { _ in
            let isFirst = isKilled.withLock { killed in
                defer { killed = true }
                return !killed
            }
            if isFirst, let process = target.processID { kill(process, SIGKILL) }
        }
        try await target.restart()
        try target.client().command("SET", "prod:1", "of somebody")
        await #expect {
            _ = try await harness.run(target) { $0.resumes = true }
        } throws: { error in
            (error as? OperationError)?.kind == .unsafeTarget
        }
        #expect(try target.client().command("DBSIZE") == .integer(1))
    }

    @Test func `after a failover the restore is continued on the promoted replica, whatever its address`() async throws
    {
        let primary = try await RedisServer.start()
        let replica = try await RedisServer.start()
        let client = try replica.client()
        try client.command("REPLICAOF", "127.0.0.1", RedisArgument(Int64(primary.port)))
        while try client.info("replication", "master_link_status") != "up" {
            try await Task.sleep(for: .milliseconds(5))
        }
        let harness = RestoreHarness(try await Self.fixture())
        let first = try await Self.killed(harness, primary)
        #expect(first.failure?.kind == .unreachable)
        try client.command("REPLICAOF", "NO", "ONE")
        let second = try await harness.run(replica) { $0.resumes = true }
        try Self.expectWhole(second, replica)
        #expect(second.result.resumedFrom != nil)
    }

    @Test func `two restores of a snapshot into one target exclude each other`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        let outcome = Mutex<Task<Bool, Never>?>(nil)
        let report = try await harness.run(target) {
            $0.keysPerSecond = 20_000
        } during: { count in
            outcome.withLock { outcome in
                guard outcome == nil, count > 2000 else { return }
                outcome = Task {
                    do {
                        _ = try await harness.run(target) { $0.resumes = true }
                        return false
                    } catch {
                        return (error as? OperationError)?.kind == .locked
                    }
                }
            }
        }
        #expect(report.failure == nil)
        #expect(await outcome.withLock { $0 }?.value == true)
    }
}
