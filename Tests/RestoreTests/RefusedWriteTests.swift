import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Row 10 of the fault tests: whatever a target answers to a write midway, every record has its class, and nothing that
/// is partial counts as complete.
@Suite(.serialized) struct RefusedWriteTests {
    private static let recordCount: UInt64 = 300

    private static func fixture() async throws -> ArchiveFixture {
        let records = (0..<Int(recordCount)).map { ArchiveFixture.Record.string("key:\($0)", "value \($0)") }
        return try await ArchiveFixture.make(records, instant: UnixMilliseconds.now, blockByteCount: 512)
    }

    /// Replies that end a run: nothing after them can succeed.
    static let ending = [
        "OOM command not allowed when used memory > 'maxmemory'.",
        "OOM command not allowed under OOM prevention.",
        "READONLY You can't write against a read only replica.",
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
        "MISCONF Errors writing to the AOF file: No space left on device",
        "NOREPLICAS Not enough good replicas to write.",
        "LOADING Redis is loading the dataset in memory",
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        "BUSY Valkey is busy running a script.",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "NOPERM this user has no permissions to run the 'set' command",
        "NOPERM User default has no permissions to run the 'restore' command",
        "NOPERM No permissions to access a key", "NOAUTH Authentication required.",
        "MOVED 3999 127.0.0.1:6381", "MOVED 0 10.0.0.1:6379", "ASK 3999 127.0.0.1:6381",
        "TRYAGAIN Multiple keys request during rehashing of slot", "CLUSTERDOWN The cluster is down",
        "CLUSTERDOWN Hash slot not served", "CLUSTERDOWN The cluster is down and only accepts read commands",
        "CROSSSLOT Keys in request don't hash to the same slot",
    ]
    /// Replies to one record that say nothing of the others.
    static let single = [
        "ERR Bad data format", "ERR DUMP payload version or checksum are wrong", "ERR Unsupported foreign data type",
        "ERR Protocol error: invalid bulk length", "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
        "ERR syntax error", "ERR Invalid TTL value, must be >= 0", "ERR invalid expire time in 'set' command",
        "ERR value is not an integer or out of range", "ERR unknown command 'SET', with args beginning with: ",
        "ERR wrong number of arguments for 'set' command", "ERR max number of clients + cluster connections reached",
        "ERR Invalid IDLETIME value, must be >= 0", "ERR Invalid FREQ value, must be >= 0 and <= 255",
        "ERR This instance has cluster support disabled", "ERR Can't handle RDB format version 80",
        "WRONGTYPE Operation against a key holding the wrong kind of value", "EXECABORT Transaction discarded",
        "NOSCRIPT No matching script.", "UNKILLABLE Sorry the script already executed write commands",
        "IOERR error or timeout reading to target instance", "INPROG Failover already in progress",
        "ERR", "", "UNHEARDOF of in any version",
    ]

    @Test(arguments: ending) func `a reply that nothing can succeed after ends the run`(text: String) async throws {
        let target = try StandInTarget(.init(text: text, after: 120))
        let report = try await RestoreHarness(try await Self.fixture()).run(url: target.url)
        guard case .refused(let said) = report.result.ending else {
            Issue.record("\(text): \(report.result.ending)")
            return
        }
        #expect(said.hasPrefix(text.prefix { $0 != " " }))
        #expect(report.failure?.kind == .partial)
        #expect(report.accounting.isBalanced, "\(report.summary)")
        #expect(report.counts == ["restored": 120, "failed": Self.recordCount - 120])
        #expect(target.keys.count == 120)
    }

    @Test(arguments: single) func `a reply to one record leaves the others alone`(text: String) async throws {
        let target = try StandInTarget(.init(text: text, after: 120, times: 1))
        let report = try await RestoreHarness(try await Self.fixture()).run(url: target.url)
        guard case .finished = report.result.ending else {
            Issue.record("\(text): \(report.result.ending)")
            return
        }
        #expect(report.failure?.kind == .partial)
        #expect(report.accounting.isBalanced, "\(report.summary)")
        #expect(report.accounting[.restored] == Self.recordCount - 1)
        #expect(report.accounting[.failed] + report.accounting[.unsupported] == 1)
        #expect(target.keys.count == Int(Self.recordCount) - 1)
    }

    @Test(arguments: ["LOADING x", "NOREPLICAS x", "BUSY x", "CLUSTERDOWN x", "TRYAGAIN x"])
    func `a refusal that passes is waited for`(text: String) async throws {
        // Two lanes of batches under way are refused, then the target takes writes again.
        let target = try StandInTarget(.init(text: text, after: 120, times: 1))
        let harness = RestoreHarness(try await Self.fixture())
        let report = try await harness.run(url: target.url, { $0.retryFor = .seconds(20) })
        guard case .finished = report.result.ending else {
            Issue.record("\(text): \(report.result.ending)")
            return
        }
        #expect(report.result.retryCount == 1)
        #expect(report.accounting.isBalanced, "\(report.summary)")
        #expect(report.accounting[.restored] + report.accounting[.restoredEarlier] == Self.recordCount)
        #expect(report.accounting[.failed] == 0)
        #expect(target.keys.count == Int(Self.recordCount))
    }

    @Test(arguments: ["OOM x", "MISCONF x", "NOPERM x", "MOVED 1 h:1"])
    func `a refusal that somebody has to mend is not tried again`(text: String) async throws {
        let target = try StandInTarget(.init(text: text, after: 120))
        let harness = RestoreHarness(try await Self.fixture())
        let report = try await harness.run(url: target.url, { $0.retryFor = .seconds(20) })
        #expect(report.result.retryCount == 0 && report.failure?.kind == .partial, "\(report.summary)")
        #expect(report.failure?.hint?.contains("--resume") ?? false)
    }

    @Test func `what was refused is written when the restore is continued`() async throws {
        let target = try StandInTarget(.init(text: "OOM x", after: 120, times: 1))
        let harness = RestoreHarness(try await Self.fixture())
        let first = try await harness.run(url: target.url)
        #expect(first.failure?.kind == .partial && first.accounting[.failed] > 0)
        let second = try await harness.run(url: target.url, { $0.resumes = true })
        #expect(second.accounting.isBalanced && second.accounting[.failed] == 0, "\(second.summary)")
        #expect(second.accounting[.restored] + second.accounting[.restoredEarlier] == Self.recordCount)
        #expect(target.keys.count == Int(Self.recordCount))
    }

    /// Row 10: a connection that is cut at the k-th byte, for all k.
    @Test func `a connection that is reset at any byte loses nothing`() async throws {
        let server = try await RedisServer.start()
        let records = (0..<40).map { ArchiveFixture.Record.string("key:\($0)", "value \($0)") }
        let fixture = try await ArchiveFixture.make(records, instant: UnixMilliseconds.now, blockByteCount: 256)
        let proxy = try CuttingProxy(to: server)
        let harness = RestoreHarness(fixture)
        #expect(try await harness.run(url: proxy.url).failure == nil)
        let byteCount = proxy.passedByteCount
        let step = TestExtent.isSoak ? 1 : max(1, byteCount / 60)
        var cutCount = 0
        for (index, place) in stride(from: 1, to: byteCount, by: step).enumerated() {
            try server.client().command("FLUSHALL")
            proxy.cut(after: place)
            let cutsBefore = proxy.cutCount
            let first = try? await harness.run(url: proxy.url) {
                // Every other one connects again by itself.
                $0.retryFor = index % 2 == 0 ? .seconds(20) : .zero
                $0.resumes = true
            }
            if proxy.cutCount > cutsBefore { cutCount += 1 }
            #expect(first?.accounting.isBalanced ?? true, "byte \(place): \(first?.summary ?? "")")
            if let first, first.failure == nil {
                #expect(first.accounting[.restored] + first.accounting[.restoredEarlier] == 40, "byte \(place)")
            } else {
                let second = try await harness.run(server) { $0.resumes = true }
                #expect(second.failure == nil, "byte \(place): \(second.summary)")
            }
            #expect(try server.client().command("DBSIZE") == .integer(40), "byte \(place)")
        }
        print("cut at \(cutCount) of \(byteCount) bytes")
        #expect(cutCount > 30)
    }
}
