import ArchiveFormat
import ArchiveIO
import Catalog
import Foundation
import ObjectStorage
import Operations
import Restore
import SnapshotModel
import Synchronization
import TestSupport
import Testing

/// Restores that do not get through: the accounting is complete all the same.
@Suite(.serialized) struct BrokenRestoreTests {
    private typealias Record = ArchiveFixture.Record

    private static func strings(_ count: Int, byteCount: Int = 20) -> [Record] {
        let text = String(repeating: "x", count: byteCount)
        return (0..<count).map { .string("key:\($0)", "\($0) " + text) }
    }

    private static func fixture(_ records: [Record], blockByteCount: Int = 4096) async throws -> ArchiveFixture {
        try await ArchiveFixture.make(records, instant: UnixMilliseconds.now, blockByteCount: blockByteCount)
    }

    /// Flips a bit of the archive at a fraction of its length.
    private static func damage(_ fixture: ArchiveFixture, at fraction: Double) throws {
        let file = URL(fileURLWithPath: fixture.archivePath)
        var bytes = try Data(contentsOf: file)
        bytes[Int(Double(bytes.count) * fraction)] ^= 0x10
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: fixture.archivePath)
        try bytes.write(to: file)
    }

    private static func size(_ server: RedisServer) throws -> UInt64 {
        UInt64(try server.client().command("DBSIZE").integer ?? 0)
    }

    @Test func `a target that runs out of memory ends the run with everything accounted for`() async throws {
        let target = try await RedisServer.start(.init(lines: ["maxmemory 5mb"]))
        // Far more than what is under way at a time: some of it is never attempted.
        let fixture = try await Self.fixture(Self.strings(12_000, byteCount: 2000))
        // A filter turns the refusal into a warning: nobody knows what it leaves.
        let report = try await RestoreHarness(fixture).run(target) { $0.match = [GlobPattern("*")] }
        #expect(report.failure?.kind == .partial)
        guard case .refused(let text) = report.result.ending else {
            Issue.record("\(report.result.ending)")
            return
        }
        #expect(text.hasPrefix("OOM"))
        #expect(report.accounting.isBalanced)
        #expect(report.accounting[.restored] == (try Self.size(target)))
        let reasons = report.accounting.reasons[.failed] ?? [:]
        #expect(reasons["outOfMemory"] ?? 0 > 0)
        #expect(reasons["notAttempted"] ?? 0 > 0)
        #expect(report.counts.keys.sorted() == ["failed", "restored"])
    }

    @Test func `keys that the target throws away are counted as evicted`() async throws {
        let target = try await RedisServer.start(.init(lines: ["maxmemory 5mb", "maxmemory-policy allkeys-random"]))
        let fixture = try await Self.fixture(Self.strings(4000, byteCount: 2000))
        let report = try await RestoreHarness(fixture).run(target) { $0.match = [GlobPattern("*")] }
        #expect(report.failure?.kind == .partial)
        #expect(report.accounting.isBalanced)
        #expect(report.accounting[.evicted] > 0)
        // The client that asks needs memory too: for it some more keys may go after the last count.
        let size = try Self.size(target)
        #expect((size...size + 20).contains(report.accounting[.restored]))
        #expect(report.counts.keys.sorted() == ["evicted", "restored"])
    }

    @Test func `a target that is killed midway is unreachable, and every record has its class`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await Self.fixture(Self.strings(20_000))
        let killed = Mutex(false)
        let report = try await RestoreHarness(fixture).run(target) {
            $0.keysPerSecond = 10_000
        } during: { keyCount in
            guard keyCount > 3000, killed.withLock({ !$0.exchange(true) }) else { return }
            if let process = target.processID { kill(process, SIGKILL) }
        }
        #expect(report.failure?.kind == .unreachable, "\(report.summary)")
        #expect(report.accounting.isBalanced, "\(report.summary)")
        #expect(report.accounting[.restored] > 0)
        #expect(report.accounting.reasons[.failed]?["notAttempted"] ?? 0 > 0)
        #expect(report.result.verification == nil)
    }

    @Test func `a target that becomes a replica ends the run`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await Self.fixture(Self.strings(20_000))
        let demoted = Mutex(false)
        let report = try await RestoreHarness(fixture).run(target) {
            $0.keysPerSecond = 10_000
        } during: { keyCount in
            guard keyCount > 3000, demoted.withLock({ !$0.exchange(true) }) else { return }
            _ = try? target.client().command("REPLICAOF", "127.0.0.1", "1")
        }
        #expect(report.failure?.kind == .partial, "\(report.summary)")
        #expect(report.accounting.isBalanced)
        #expect(report.accounting.reasons[.failed]?["readOnly"] ?? 0 > 0)
        #expect(report.accounting[.restored] == (try Self.size(target)))
    }

    @Test func `a restore that is cancelled says so and counts on`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await Self.fixture(Self.strings(20_000))
        let harness = RestoreHarness(fixture)
        let running = Mutex<Task<RestoreReport, any Error>?>(nil)
        let task = Task {
            try await harness.run(target) {
                $0.keysPerSecond = 10_000
            } during: { keyCount in
                if keyCount > 3000 { running.withLock { $0 }?.cancel() }
            }
        }
        running.withLock { $0 = task }
        let report = try await task.value
        #expect(report.failure?.kind == .cancelled)
        #expect(report.accounting.isBalanced)
        #expect(report.accounting.reasons[.failed]?["notAttempted"] ?? 0 > 0)
    }

    @Test(arguments: [false, true])
    func `a string as large as the target's limit is stored, and one byte more is unsupported`(
        expires: Bool
    ) async throws {
        let target = try await RedisServer.start(.init(lines: ["proto-max-bulk-len 1mb"]))
        let now = UnixMilliseconds.now
        let expiry: Expiry = expires ? .at(now.advanced(byMilliseconds: 3_600_000)) : .never
        let records = (0...1).map { more in
            Record(
                expiry: expiry,
                key: Array("large:\(more)".utf8),
                body: [0x80, 0, 0x10, 0, UInt8(more)] + Array(repeating: 0x61, count: 0x100000 + more)
            )
        }
        let report = try await RestoreHarness(try await Self.fixture(records)).run(target)
        #expect(report.counts == ["restored": 1, "unsupported": 1], "\(report.summary)")
        #expect(report.accounting.reasons[.unsupported] == ["tooLarge:string": 1])
        let client = try target.client()
        #expect(try client.command("STRLEN", "large:0") == .integer(0x100000))
        let deadline = try client.command("PEXPIRETIME", "large:0").integer
        if case .at(let instant) = expiry { #expect(deadline == instant.rawValue) } else { #expect(deadline == -1) }
        #expect(report.result.verification?.isGood ?? false)
    }

    @Test func `a lost list of superseded records is told, because older values come back`() async throws {
        var early = Record.string("twice", "early")
        early.isSuperseded = true
        let fixture = try await Self.fixture([early] + Self.strings(3) + [Record.string("twice", "late")])
        let store = LocalObjectStore(root: fixture.repositoryPath)
        let object = try await store.openReader(RepositoryLayout.part(0, of: fixture.manifest.id))
        let archive = try await ArchiveReader.open(object)
        let list = try #require(archive.index.others(of: .superseded).first)
        await archive.close()
        let file = URL(fileURLWithPath: fixture.archivePath)
        var bytes = try Data(contentsOf: file)
        bytes[Int(list.end) - 1] ^= 1
        try bytes.write(to: file)
        let target = try await RedisServer.start()
        let report = try await RestoreHarness(fixture).run(target) { $0.salvage = true }
        #expect(report.accounting.isBalanced && report.failure?.kind == .partial, "\(report.summary)")
        #expect(report.counts == ["restored": 4, "existing": 1])
        #expect(report.result.lostBlocks.contains { $0.contains("1 keys may come back with an older value") })
    }

    @Test func `values that the target cannot hold are counted by type`() async throws {
        let target = try await RedisServer.start(.init(lines: ["proto-max-bulk-len 1mb"]))
        var records = Self.strings(10)
        records.append(Record(type: 10, key: Array("broken".utf8), body: [3, 1, 2, 3]))
        records.append(
            Record(
                type: 1,
                key: Array("large".utf8),
                body: [1, 0x80, 0, 0x18, 0, 0] + Array(repeating: 0x61, count: 0x180000)
            )
        )
        let fixture = try await Self.fixture(records)
        let report = try await RestoreHarness(fixture).run(target)
        #expect(report.failure?.kind == .partial)
        #expect(report.counts == ["restored": 10, "unsupported": 2])
        #expect(report.accounting.reasons[.unsupported] == ["unknownType:list": 1, "tooLarge:list": 1])
        #expect(try Self.size(target) == 10)
    }

    @Test func `a damaged block ends the run, or is left out with salvage`() async throws {
        let fixture = try await Self.fixture(Self.strings(3000))
        try Self.damage(fixture, at: 0.4)
        let target = try await RedisServer.start()
        let strict = try await RestoreHarness(fixture).run(target)
        #expect(strict.failure?.kind == .integrity)
        #expect(strict.accounting.isBalanced, "\(strict.summary)")
        #expect(strict.accounting[.restored] == (try Self.size(target)))
        let salvaged = try await RestoreHarness(fixture).run(target) {
            $0.salvage = true
            $0.flushTarget = true
        }
        #expect(salvaged.failure?.kind == .partial)
        #expect(salvaged.counts.keys.sorted() == ["lostBlock", "restored"])
        #expect(salvaged.accounting.isBalanced)
        #expect(salvaged.accounting[.lostBlock] < 300)
        #expect(salvaged.result.lostBlocks.count == 1)
        #expect(salvaged.accounting[.restored] == (try Self.size(target)))
        #expect(salvaged.result.verification?.isGood ?? false)
    }

    @Test(arguments: [0.3, 0.6]) func `what is left of a truncated archive is loaded`(fraction: Double) async throws {
        let fixture = try await Self.fixture(Self.strings(3000))
        let file = URL(fileURLWithPath: fixture.archivePath)
        let bytes = try Data(contentsOf: file)
        try bytes.prefix(Int(Double(bytes.count) * fraction)).write(to: file)
        let target = try await RedisServer.start()
        await #expect {
            _ = try await RestoreHarness(fixture).run(target)
        } throws: { error in
            (error as? OperationError)?.kind == .integrity
        }
        #expect(try Self.size(target) == 0)
        let report = try await RestoreHarness(fixture).run(target) { $0.salvage = true }
        #expect(report.failure?.kind == .partial)
        #expect(report.counts.keys.sorted() == ["lostBlock", "restored"])
        #expect(report.accounting.isBalanced, "\(report.summary)")
        #expect(report.accounting[.restored] == (try Self.size(target)))
    }

    @Test func `an archive that lost only what stands behind its records is loaded whole`() async throws {
        let fixture = try await Self.fixture(Self.strings(3000))
        let file = URL(fileURLWithPath: fixture.archivePath)
        let bytes = try Data(contentsOf: file)
        try bytes.dropLast(100).write(to: file)
        let target = try await RedisServer.start()
        let report = try await RestoreHarness(fixture).run(target) { $0.salvage = true }
        #expect(report.counts == ["restored": 3000])
        #expect(report.failure?.kind == .partial)
        #expect(!report.result.lostBlocks.isEmpty)
    }

    @Test func `never half of a value whose later blocks are damaged`() async throws {
        let large = Record(
            type: 1,
            key: Array("large".utf8),
            body: [1, 0x80, 0, 4, 0, 0] + (0..<0x40000).map { UInt8($0 * $0 % 251) }
        )
        let fixture = try await Self.fixture(Self.strings(50) + [large] + Self.strings(60).dropFirst(50))
        try Self.damage(fixture, at: 0.5)
        let target = try await RedisServer.start()
        let strict = try await RestoreHarness(fixture).run(target)
        #expect(strict.failure?.kind == .integrity)
        #expect(strict.accounting.isBalanced, "\(strict.summary)")
        #expect(try target.client().command("EXISTS", "large") == .integer(0))
        let salvaged = try await RestoreHarness(fixture).run(target) {
            $0.salvage = true
            $0.flushTarget = true
        }
        #expect(salvaged.counts == ["restored": 60, "lostBlock": 1])
        #expect(salvaged.failure?.kind == .partial)
        #expect(try target.client().command("EXISTS", "large") == .integer(0))
    }

    @Test func `a key that another client deletes during the restore is found by the check`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await Self.fixture(Self.strings(900))
        let report = try await RestoreHarness(fixture).run(target) {
            _ in
        } beforeCheck: {
            _ = try? target.client().command("DEL", "key:17")
        }
        #expect(report.failure?.kind == .partial, "\(report.summary)")
        let verification = try #require(report.result.verification)
        #expect(!verification.isGood)
        #expect(verification.missingKeyCount == 1)
        #expect(verification.databases.first?.isAsExpected == false)
    }

    @Test func `a value or deadline that another client changes is found by the check`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await Self.fixture(Self.strings(900))
        let report = try await RestoreHarness(fixture).run(target) {
            _ in
        } beforeCheck: {
            guard let client = try? target.client() else { return }
            _ = try? client.command("APPEND", "key:3", "more")
            _ = try? client.command("EXPIRE", "key:4", 1000)
        }
        let verification = try #require(report.result.verification)
        #expect(verification.differingValueCount == 1)
        #expect(verification.differingDeadlineCount == 1)
        #expect(report.failure?.kind == .partial)
    }
}

extension Bool {
    /// Sets the value and returns the one before.
    fileprivate mutating func exchange(_ new: Bool) -> Bool {
        defer { self = new }
        return self
    }
}
