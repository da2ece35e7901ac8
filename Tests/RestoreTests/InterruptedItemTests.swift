import Memcached
import Operations
import Restore
import SnapshotModel
import Synchronization
import TestSupport
import Testing

/// Restores into Memcached that are interrupted: by lost connections, by a server that ends, by answers that are errors.
@Suite(.serialized, .enabled(if: MemcachedServer.isInstalled)) struct InterruptedItemTests {
    private typealias Record = ArchiveFixture.Record

    private static let count = 12_000

    private static func fixture(_ instant: UnixMilliseconds) async throws -> ArchiveFixture {
        let text = String(repeating: "x", count: 100)
        return try await ArchiveFixture.items(
            (0..<count).map { .item("key:\($0)", "\($0) " + text) },
            instant: instant,
            blockByteCount: 8192
        )
    }

    /// Runs a restore during which `act` is called once, when so many records had their turn.
    private static func run(
        _ harness: RestoreHarness,
        url: String,
        at keyCount: UInt64 = 5000,
        _ change: @escaping (inout RestoreOptions) -> Void = { _ in },
        _ act: @escaping @Sendable () -> Void
    ) async throws -> RestoreReport {
        let hasActed = Mutex(false)
        return try await harness.run(url: url) {
            $0.keysPerSecond = 20_000
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

    @Test func `a restore whose connections were cut is continued, and nothing is overwritten`() async throws {
        let target = try await ItemTarget.start()
        let proxy = try CuttingProxy(toPort: target.server.port)
        let url = "memcached://127.0.0.1:\(proxy.port)"
        let harness = RestoreHarness(try await Self.fixture(try target.instant()))
        let first = try await Self.run(harness, url: url) { proxy.cut() }
        #expect(first.failure?.kind == .unreachable && first.accounting.isBalanced, "\(first.summary)")
        // What a client changed meanwhile is its own.
        let stored = try target.present(Self.count)
        let changed = try #require(stored.max())
        try target.server.client().store([.init("key:\(changed)", "theirs")])
        let second = try await harness.run(url: url) {
            $0.resumes = true
        }
        let accounting = second.accounting
        #expect(accounting.isBalanced && accounting[.failed] == 0 && accounting[.existing] == 0, "\(second.summary)")
        #expect(accounting[.restored] + accounting[.restoredEarlier] == UInt64(Self.count), "\(second.summary)")
        #expect(accounting[.restoredEarlier] > 0 && second.result.resumedFrom?.recordCount ?? 0 > 0)
        #expect(try target.present(Self.count).count == Self.count)
        #expect(try target.text("key:\(changed)") == "theirs")
    }

    @Test func `lost connections are tried again where that was asked for`() async throws {
        let target = try await ItemTarget.start()
        let proxy = try CuttingProxy(toPort: target.server.port)
        let harness = RestoreHarness(try await Self.fixture(try target.instant()))
        let url = "memcached://127.0.0.1:\(proxy.port)"
        let report = try await Self.run(harness, url: url, { $0.retryFor = .seconds(30) }) { proxy.cut() }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.result.retryCount >= 1)
        #expect(try target.present(Self.count).count == Self.count)
    }

    @Test func `a server that was restarted is empty: the run says so and begins anew`() async throws {
        let first = try await ItemTarget.start()
        let second = try await ItemTarget.start()
        let proxy = try CuttingProxy(toPort: first.server.port)
        let harness = RestoreHarness(try await Self.fixture(try first.instant()))
        let url = "memcached://127.0.0.1:\(proxy.port)"
        let port = second.server.port
        let broken = try await Self.run(harness, url: url) {
            proxy.lead(toPort: port)
            proxy.cut()
        }
        #expect(broken.failure != nil && broken.accounting[.restored] < UInt64(Self.count), "\(broken.summary)")
        let report = try await harness.run(url: url) { $0.resumes = true }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.accounting[.restored] == UInt64(Self.count), "\(report.summary)")
        #expect(try second.present(Self.count).count == Self.count)
        #expect(report.plan.warnings.contains { $0.kind == .interrupted && $0.message.contains("begins anew") })
        // The same within one run.
        let third = try await ItemTarget.start()
        let fourth = try await ItemTarget.start()
        proxy.lead(toPort: third.server.port)
        let other = RestoreHarness(try await Self.fixture(try third.instant()))
        let fourthPort = fourth.server.port
        let whole = try await Self.run(other, url: url, { $0.retryFor = .seconds(30) }) {
            proxy.lead(toPort: fourthPort)
            proxy.cut()
        }
        #expect(whole.failure == nil, "\(whole.summary)")
        #expect(try fourth.present(Self.count).count == Self.count)
    }

    @Test func `items of somebody else in an exchanged server are not mixed with the restore's`() async throws {
        let first = try await ItemTarget.start()
        let second = try await ItemTarget.start()
        try second.server.client().store([.init("their", "item")])
        let proxy = try CuttingProxy(toPort: first.server.port)
        let harness = RestoreHarness(try await Self.fixture(try first.instant()))
        let url = "memcached://127.0.0.1:\(proxy.port)"
        let port = second.server.port
        let report = try await Self.run(harness, url: url, { $0.retryFor = .seconds(30) }) {
            proxy.lead(toPort: port)
            proxy.cut()
        }
        #expect(report.failure?.kind == .unsafeTarget, "\(report.summary)")
        #expect(try second.server.client().stats()["curr_items"] == "1")
    }

    /// What a server may answer in the middle, and what becomes of the run.
    @Test(arguments: [
        ("SERVER_ERROR out of memory storing object", "outOfMemory", false),
        ("SERVER_ERROR object too large for cache", "tooLarge:item", false),
        ("SERVER_ERROR something else", "otherError", false),
        ("CLIENT_ERROR bad data chunk", "connectionLost", true), ("ERROR", "connectionLost", true),
        ("HD O0", "connectionLost", true), ("NS O999999", "connectionLost", true), ("NS", "connectionLost", true),
        ("nonsense", "connectionLost", true),
    ])
    func `each error in the middle is counted once, and ends the run where the stream may be out of step`(
        answer: String,
        reason: String,
        endsRun: Bool
    ) async throws {
        let standIn = try ItemStandIn(answering: answer, at: 700)
        let harness = RestoreHarness(
            try await ArchiveFixture.items(
                (0..<5000).map { .item("key:\($0)", String(repeating: "v", count: 200)) },
                instant: UnixMilliseconds.now
            )
        )
        let report = try await harness.run(url: standIn.url) { $0.connectionCount = 1 }
        let accounting = report.accounting
        #expect(accounting.isBalanced, "\(report.summary)")
        let found = (accounting.reasons[.failed] ?? [:]).merging(accounting.reasons[.unsupported] ?? [:]) { $0 + $1 }
        if endsRun {
            #expect(found[reason] ?? 0 > 0, "\(report.summary)")
            #expect(accounting[.restored] < 5000)
        } else {
            #expect(found == [reason: 1], "\(report.summary)")
            #expect(accounting[.restored] == 4999)
            #expect(report.result.errorTexts[reason] == answer)
        }
        #expect(report.failure != nil)
    }
}

/// A Memcached that keeps only the keys of its items, and answers one of them as a test says.
final class ItemStandIn: Sendable {
    private let listener = Mutex<ScriptedServer?>(nil)
    private let state = Mutex(State())

    private struct State {
        var keys: Set<String> = []
        var count = 0
    }

    init(answering answer: String, at place: Int) throws {
        let server = try ScriptedServer { [weak self] connection in
            while let self { try self.serve(connection, answer, at: place) }
        }
        listener.withLock { $0 = server }
    }

    var url: String { "memcached://127.0.0.1:\(listener.withLock { $0?.port ?? 0 })" }

    private func serve(_ connection: ScriptedConnection, _ answer: String, at place: Int) throws {
        let line = try connection.readLine()
        let words = line.split(separator: " ").map(String.init)
        switch words.first {
        case "version": try connection.send("VERSION 1.6.18\r\n")
        case "stats" where words.count > 1:
            try connection.send("STAT item_size_max 1048576\r\nSTAT evictions on\r\nEND\r\n")
        case "stats":
            let count = state.withLock { $0.keys.count }
            let time = Int64(UnixMilliseconds.now.rawValue / 1000)
            try connection.send(
                "STAT pid 7\r\nSTAT uptime 100\r\nSTAT time \(time)\r\nSTAT curr_items \(count)\r\nSTAT evictions 0\r\nEND\r\n"
            )
        case "mn": try connection.send("MN\r\n")
        case "ms":
            _ = try connection.readBytes((Int(words[2]) ?? 0) + 2)
            guard !words.contains("MZ") else { return try connection.send("CLIENT_ERROR invalid flag\r\n") }
            let isPlace = state.withLock { state in
                state.count += 1
                if state.count != place { state.keys.insert(words[1]) }
                return state.count == place
            }
            if isPlace { try connection.send(answer + "\r\n") }
        case "mg":
            let isThere = state.withLock { $0.keys.contains(words[1]) }
            let value = String(repeating: "v", count: 200)
            let isWanted = words.contains("v")
            try connection.send(!isThere ? "EN\r\n" : isWanted ? "VA 200 f0 t-1\r\n\(value)\r\n" : "HD t-1\r\n")
        default: try connection.send("ERROR\r\n")
        }
    }
}
