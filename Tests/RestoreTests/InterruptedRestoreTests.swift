import Foundation
import Operations
import Restore
import SnapshotModel
import Synchronization
import TestSupport
import Testing

/// Restores that are interrupted and continued: nothing is lost, nothing overwritten, everything accounted for.
@Suite(.serialized) struct InterruptedRestoreTests {
    private typealias Record = ArchiveFixture.Record

    private static let recordCount = 12_000

    private static func strings(_ count: Int = recordCount) -> [Record] {
        let text = String(repeating: "x", count: 100)
        return (0..<count).map { .string("key:\($0)", "\($0) " + text, database: $0 % 3 == 0 ? 2 : 0) }
    }

    private static func fixture(_ records: [Record] = strings()) async throws -> ArchiveFixture {
        try await ArchiveFixture.make(records, instant: UnixMilliseconds.now, blockByteCount: 8192)
    }

    /// A rate that lets a test act in the middle.
    private static func slow(_ options: inout RestoreOptions) {
        options.keysPerSecond = 20_000
    }

    /// Runs a restore that `act` interrupts once, when so many records had their turn.
    private static func interrupted(
        _ harness: RestoreHarness,
        url: String,
        at keyCount: UInt64 = 5000,
        _ change: (inout RestoreOptions) -> Void = { _ in },
        _ act: @escaping @Sendable () -> Void
    ) async throws -> RestoreReport {
        let hasActed = Mutex(false)
        return try await harness.run(url: url) {
            slow(&$0)
            change(&$0)
        } during: { count in
            guard count >= keyCount else { return }
            let isFirst = hasActed.withLock { hasActed in
                defer { hasActed = true }
                return !hasActed
            }
            if isFirst { act() }
        }
    }

    private static func killConnections(of target: RedisServer) {
        _ = try? target.client().command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    }

    /// The keys of a target and their texts.
    private static func texts(_ target: RedisServer) throws -> [String: String] {
        var texts: [String: String] = [:]
        for database in [0, 2] {
            let client = try target.client(database: database)
            let keys = (try client.command("KEYS", "*").array ?? []).compactMap(\.text)
            let values = try client.pipeline(keys.map { ["GET", RedisArgument($0)] })
            for (key, value) in zip(keys, values) { texts[key] = value.text }
        }
        return texts
    }

    private static func expected(_ count: Int = recordCount) -> [String: String] {
        let text = String(repeating: "x", count: 100)
        return Dictionary(uniqueKeysWithValues: (0..<count).map { ("key:\($0)", "\($0) " + text) })
    }

    private static func journals(_ fixture: ArchiveFixture) -> [String] {
        let path = fixture.directory.path("state/rewarm/restores")
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).map { path + "/" + $0 }
    }

    @Test func `a restore whose connection was lost is continued, and only the last windows are sent again`()
        async throws
    {
        let target = try await RedisServer.start()
        let fixture = try await Self.fixture()
        let harness = RestoreHarness(fixture)
        let first = try await Self.interrupted(harness, url: target.url) { Self.killConnections(of: target) }
        #expect(first.failure?.kind == .unreachable && first.accounting.isBalanced, "\(first.summary)")
        #expect(first.failure?.hint?.contains("--resume") ?? false)
        #expect(Self.journals(fixture).count == 1)
        // A run that does not ask to continue is refused, and told what would.
        await #expect {
            _ = try await harness.run(target)
        } throws: { error in
            (error as? OperationError)?.hint?.contains("continue it with --resume") ?? false
        }
        let second = try await harness.run(target) { $0.resumes = true }
        #expect(second.failure == nil && second.accounting.isBalanced, "\(second.summary)")
        #expect(second.counts.keys.sorted() == ["restored", "restoredEarlier"])
        #expect(second.accounting[.restoredEarlier] >= first.accounting[.restored])
        let resumedFrom = try #require(second.result.resumedFrom)
        #expect(resumedFrom.recordCount > 0 && resumedFrom.recordCount <= second.accounting[.restoredEarlier])
        #expect(resumedFrom.startedAt == first.result.startedAt)
        #expect(second.result.verification?.databases.allSatisfy(\.isAsExpected) ?? false)
        #expect(second.result.verification?.sampledKeyCount ?? 0 > 900)
        #expect(try Self.texts(target) == Self.expected())
        #expect(Self.journals(fixture) == [])
    }

    @Test func `values that an earlier run stored are compared by the run that ends it`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        _ = try await Self.interrupted(harness, url: target.url) { Self.killConnections(of: target) }
        // Of so many keys some are in the sample.
        let client = try target.client()
        let keys = (try client.command("KEYS", "*").array ?? []).compactMap(\.text)
        for key in keys { try client.command("SETRANGE", RedisArgument(key), "20", "y") }
        let second = try await harness.run(target) { $0.resumes = true }
        #expect(second.accounting[.restoredEarlier] > 0)
        let verification = try #require(second.result.verification)
        #expect(verification.differingValueCount > 0 && verification.differingValueCount < verification.sampledKeyCount)
        #expect(verification.presenceOnlyKeyCount == 0)
        #expect(second.failure?.kind == .partial, "\(second.summary)")
    }

    @Test func `a value that a client wrote meanwhile stays, before, in and after the part that is redone`()
        async throws
    {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        _ = try await Self.interrupted(harness, url: target.url) { Self.killConnections(of: target) }
        let present = try Self.texts(target)
        let absent = Self.expected().keys.filter { present[$0] == nil }.sorted()
        // The last one in the snapshot's order is far behind every window.
        let last = "key:\(Self.recordCount - 1)"
        #expect(absent.contains(last))
        let changed = ["key:1", last]
        for key in changed {
            let database = (Int(key.dropFirst(4)) ?? 0) % 3 == 0 ? 2 : 0
            try target.client(database: database).command("SET", RedisArgument(key), "a client's")
        }
        let second = try await harness.run(target) { $0.resumes = true }
        #expect(second.accounting[.existing] == 1, "\(second.summary)")
        #expect(second.accounting.isBalanced)
        let texts = try Self.texts(target)
        for key in changed { #expect(texts[key] == "a client's") }
        #expect(texts.count == Self.recordCount)
        #expect(second.result.verification?.databases.allSatisfy(\.isAsExpected) ?? false)
    }

    @Test func `with --existing replace the redone part is written again`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        _ = try await Self.interrupted(harness, url: target.url) {
            $0.existing = .replace
        } _: {
            Self.killConnections(of: target)
        }
        let last = "key:\(Self.recordCount - 1)"
        try target.client().command("SET", RedisArgument(last), "a client's")
        let second = try await harness.run(target) {
            $0.resumes = true
            $0.existing = .replace
        }
        #expect(second.failure == nil, "\(second.summary)")
        #expect(second.accounting[.existing] == 0)
        #expect(try Self.texts(target) == Self.expected())
    }

    @Test func `other options cannot continue a restore, and are named`() async throws {
        let target = try await RedisServer.start()
        let harness = RestoreHarness(try await Self.fixture())
        _ = try await Self.interrupted(harness, url: target.url) { Self.killConnections(of: target) }
        let changes: [(String, @Sendable (inout RestoreOptions) -> Void)] = [
            ("--ttl was deadline and is persist now", { $0.deadlineMode = .persist }),
            ("--match was none and is a* now", { $0.match = [GlobPattern("a*")] }),
            ("--existing was refuse and is skip now", { $0.existing = .skip }),
            ("--database was none and is 0:5 now", { $0.databases = [DatabaseMapping(source: 0, destination: 5)] }),
        ]
        for (words, change) in changes {
            await #expect {
                _ = try await harness.run(target) {
                    $0.resumes = true
                    change(&$0)
                }
            } throws: { error in
                guard let error = error as? OperationError else { return false }
                return error.kind == .usage && error.message.contains(words)
            }
        }
        // What becomes of losses may be decided anew, and is told.
        let report = try await harness.run(target) {
            $0.resumes = true
            $0.isStrict = true
        }
        #expect(report.failure == nil)
        #expect(harness.notices.contains { $0.text.hasPrefix("--strict was not given and is given now: ") })
    }

    @Test func `the lives that start again do so from the first run's start`() async throws {
        let target = try await RedisServer.start()
        let instant = UnixMilliseconds.now
        let records = (0..<Self.recordCount).map { index in
            Record.string("key:\(index)", "x", expiry: .at(instant.advanced(byMilliseconds: 3_600_000)))
        }
        let harness = RestoreHarness(try await Self.fixture(records))
        _ = try await Self.interrupted(harness, url: target.url) {
            $0.deadlineMode = .remaining
        } _: {
            Self.killConnections(of: target)
        }
        try await Task.sleep(for: .milliseconds(50))
        let second = try await harness.run(target) {
            $0.resumes = true
            $0.deadlineMode = .remaining
        }
        #expect(second.failure == nil, "\(second.summary)")
        let client = try target.client()
        let keys = (0..<Self.recordCount).map { RedisArgument("key:\($0)") }
        let deadlines = Set(try client.pipeline(keys.map { ["PEXPIRETIME", $0] }).map(\.integer))
        #expect(deadlines.count == 1)
    }

    @Test func `a lost connection is made again within the run, more than once`() async throws {
        let target = try await RedisServer.start()
        let proxy = try CuttingProxy(to: target)
        let harness = RestoreHarness(try await Self.fixture())
        let next = Mutex<UInt64>(2000)
        let report = try await harness.run(url: proxy.url) {
            Self.slow(&$0)
            $0.retryFor = .seconds(30)
        } during: { count in
            let isDue = next.withLock { next in
                guard count >= next else { return false }
                next = count + 4000
                return true
            }
            if isDue { proxy.cut() }
        }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.result.retryCount >= 2)
        #expect(report.accounting.isBalanced)
        #expect(report.counts.keys.allSatisfy { ["restored", "restoredEarlier"].contains($0) }, "\(report.summary)")
        #expect(try Self.texts(target) == Self.expected())
        #expect(harness.notices.contains { $0.text.contains("trying again") })
        #expect(harness.notices.contains { $0.text.contains("connected again") })
    }

    @Test func `a target that does not come back in time ends the run, which can be continued`() async throws {
        let target = try await RedisServer.start()
        let proxy = try CuttingProxy(to: target)
        let harness = RestoreHarness(try await Self.fixture())
        let first = try await Self.interrupted(harness, url: proxy.url) {
            $0.retryFor = .milliseconds(700)
        } _: {
            proxy.refuse(true)
            proxy.cut()
        }
        #expect(first.failure?.kind == .unreachable && first.accounting.isBalanced, "\(first.summary)")
        #expect(first.accounting[.restored] > 0)
        proxy.refuse(false)
        let second = try await harness.run(url: proxy.url) { $0.resumes = true }
        #expect(second.failure == nil, "\(second.summary)")
        #expect(try Self.texts(target) == Self.expected())
    }

    @Test func `a reply that never comes is a lost connection`() async throws {
        let target = try await RedisServer.start()
        let proxy = try CuttingProxy(to: target)
        let harness = RestoreHarness(try await Self.fixture())
        let hasActed = Mutex(false)
        let report = try await harness.run(
            url: proxy.url,
            {
                Self.slow(&$0)
                $0.retryFor = .seconds(30)
            },
            replyTimeout: .seconds(1)
        ) { count in
            let isFirst = hasActed.withLock { hasActed in
                defer { hasActed = hasActed || count > 3000 }
                return count > 3000 && !hasActed
            }
            if isFirst { proxy.keepAnswersBack() }
        }
        #expect(report.failure == nil && report.result.retryCount == 1, "\(report.summary)")
        #expect(try Self.texts(target) == Self.expected())
    }
}
