import ArchiveFormat
import Capture
import Catalog
import Operations
import SnapshotModel
import TestSupport
import Testing
import Transport

/// A key that a snapshot writes to its source and finds again in its archive, or not.
@Suite(.serialized)
struct SentinelTests {
    static let methods: [SnapshotRequest.Method] = [.replication, .scan]
    private static let undelayed = RedisServer.Configuration(lines: ["repl-diskless-sync-delay 0"])

    private static func request(_ url: String, _ method: SnapshotRequest.Method = .auto) throws -> SnapshotRequest {
        SnapshotRequest(
            connection: ConnectionOptions(url: try NodeURL(url)),
            sourceName: "web",
            method: method,
            codec: .zstd(level: 1),
            policy: "web",
            writesSentinel: true
        )
    }

    private static func sentinels(_ server: RedisServer) throws -> [String] {
        try server.client().command("KEYS", "rewarm:sentinel:*").array?.compactMap(\.text) ?? []
    }

    @Test("it is in the archive, in the manifest, and in the source until it expires", arguments: methods)
    func present(_ method: SnapshotRequest.Method) async throws {
        let server = try await RedisServer.start(Self.undelayed)
        let directory = try TemporaryDirectory()
        try server.client().command("SET", "a", "1")
        let context = DrillBench.context(directory)
        let request = try Self.request(server.url, method)
        let report = try await SnapshotOperation(request).run(context)
        #expect(report.suspicion == nil && report.warnings.isEmpty, "\(report.warnings)")
        let manifest = try await context.openRepositoryForReading().manifest(report.manifest.id)
        let sentinel = try #require(manifest.sentinel)
        #expect(sentinel.finding == .found)
        #expect(sentinel.writtenAt <= manifest.instant && manifest.instant < sentinel.deadline)
        #expect(try Self.sentinels(server) == [sentinel.key])
        #expect(try server.client().command("GET", RedisArgument(sentinel.key)).text == sentinel.value)
        let life = try #require(try server.client().command("PTTL", RedisArgument(sentinel.key)).integer)
        #expect(life > 0 && life <= 600_000)
        #expect(report.keyCount == 2 && manifest.ownKeyCount == 1)
        // The next one is another.
        let next = try await SnapshotOperation(request).run(context).manifest.sentinel
        #expect(next?.finding == .found && next?.key != sentinel.key && next?.value != sentinel.value)
    }

    @Test("another node behind the same URL makes the snapshot suspicious", arguments: methods)
    func anotherNode(_ method: SnapshotRequest.Method) async throws {
        let (first, second) = (try await RedisServer.start(Self.undelayed), try await RedisServer.start(Self.undelayed))
        for server in [first, second] { try server.client().command("SET", "a", "1") }
        let proxy = try CuttingProxy(to: first)
        proxy.whenServerIsSent("rewarm:sentinel:") { proxy.lead(to: second) }
        let directory = try TemporaryDirectory()
        let request = try Self.request(proxy.url, method)
        let report = try await SnapshotOperation(request).run(DrillBench.context(directory))
        #expect(try Self.sentinels(first).count == 1 && Self.sentinels(second).isEmpty)
        #expect(report.suspicion?.contains("the sentinel is not in the archive") == true)
        #expect(report.manifest.sentinel?.finding == .missing)
        let entries = try await DrillBench.context(directory).openRepositoryForReading().snapshots().entries
        #expect(entries.map(\.state.isTrusted) == [false])
    }

    @Test("a node that was emptied behind the sentinel is found out")
    func emptied() async throws {
        let server = try await RedisServer.start(Self.undelayed)
        try server.client().command("SET", "a", "1")
        let proxy = try CuttingProxy(to: server)
        proxy.whenServerIsSent("PSYNC") { _ = try? server.client().command("FLUSHALL") }
        let directory = try TemporaryDirectory()
        let report = try await SnapshotOperation(try Self.request(proxy.url)).run(DrillBench.context(directory))
        #expect(report.keyCount == 0)
        #expect(report.suspicion?.contains("the sentinel is not in the archive") == true)
    }

    @Test("a sentinel whose value was changed is found out")
    func changed() async throws {
        let server = try await RedisServer.start(Self.undelayed)
        let proxy = try CuttingProxy(to: server)
        proxy.whenServerIsSent("PSYNC") {
            for key in (try? Self.sentinels(server)) ?? [] {
                _ = try? server.client().command("SET", RedisArgument(key), "another")
            }
        }
        let directory = try TemporaryDirectory()
        let report = try await SnapshotOperation(try Self.request(proxy.url)).run(DrillBench.context(directory))
        #expect(report.manifest.sentinel?.finding == .different)
        #expect(report.suspicion?.contains("has another value") == true)
    }

    @Test("it is no key of the source's for the guards: an empty source stays empty")
    func guards() async throws {
        let server = try await RedisServer.start(Self.undelayed)
        let directory = try TemporaryDirectory()
        var request = try Self.request(server.url)
        request.guards.minimumKeyCount = 1
        let empty = try await SnapshotOperation(request).run(DrillBench.context(directory))
        #expect(empty.keyCount == 1 && empty.manifest.sentinel?.finding == .found)
        #expect(empty.suspicion == "it has 0 keys, and min-keys is 1")
        let value = RedisArgument(String(repeating: "x", count: 10_000))
        try server.client().command("FLUSHALL")
        try server.client().command("SET", "a", value)
        let first = try await SnapshotOperation(request).run(DrillBench.context(directory))
        #expect(first.suspicion == nil && first.keyCount == 2)
        // Nor in those before: a single key is as many as the last time.
        request.writesSentinel = false
        request.guards.maximumDropPercent = 10
        try server.client().command("FLUSHALL")
        try server.client().command("SET", "a", value)
        let second = try await SnapshotOperation(request).run(DrillBench.context(directory))
        #expect(second.suspicion == nil)
    }

    @Test(
        "one of an earlier snapshot is no key of the source's either, and both snapshots pass a drill",
        arguments: methods
    )
    func earlierSentinels(_ method: SnapshotRequest.Method) async throws {
        let server = try await RedisServer.start(Self.undelayed)
        let directory = try TemporaryDirectory()
        let context = DrillBench.context(directory)
        var request = try Self.request(server.url, method)
        request.guards.minimumKeyCount = 1
        for count in 1...3 {
            let empty = try await SnapshotOperation(request).run(context)
            #expect(empty.keyCount == UInt64(count) && empty.manifest.ownKeyCount == 0)
            #expect(empty.suspicion == "it has 0 keys, and min-keys is 1")
        }
        // A name that only begins like one is a key as any other.
        try server.client().command("SET", "rewarm:sentinel:mine", "1")
        var ids: [SnapshotID] = []
        for count in 4...5 {
            let report = try await SnapshotOperation(request).run(context)
            #expect(report.suspicion == nil && report.keyCount == UInt64(count + 1) && report.manifest.ownKeyCount == 1)
            let sentinels = report.manifest.statistics.sentinels
            #expect(sentinels?.keyCount == UInt64(count) && report.manifest.ownByteCount < report.manifest.rawByteCount)
            ids.append(report.manifest.id)
        }
        for id in ids {
            var drill = DrillRequest(.query(SnapshotQuery(id.text)))
            drill.availableMemory = { nil }
            let outcome = try await DrillOperation(drill).run(context)
            #expect(outcome.record.result == .pass, "\(outcome.record.reason ?? "")")
            #expect(outcome.record.sentinel == .archiveAndNode)
            #expect(outcome.record.comparedKeyCount == outcome.manifest.keyCount)
        }
    }

    /// A source that takes no writes, and what the snapshot says of it.
    struct ReadOnly: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var configuration = undelayed
        /// Settings that are made when it runs.
        var settings: [[RedisArgument]] = []
        let words: String
    }

    static let readOnly: [ReadOnly] = [
        .init(
            testDescription: "a user without the permission",
            configuration: .init(
                lines: undelayed.lines,
                users: ["backup on >pw ~* &* +@all -set"]
            ),
            words: "ACL SETUSER <user> +set ~rewarm:sentinel:*"
        ),
        .init(
            testDescription: "a user without the key",
            configuration: .init(
                lines: undelayed.lines,
                users: ["backup on >pw ~app:* &* +@all"]
            ),
            words: "ACL SETUSER <user> +set ~rewarm:sentinel:*"
        ),
        .init(
            testDescription: "a full memory",
            settings: [["CONFIG", "SET", "maxmemory", "1"]],
            words: "OOM"
        ),
        .init(
            testDescription: "too few replicas",
            settings: [["CONFIG", "SET", "min-replicas-to-write", "3"]],
            words: "NOREPLICAS"
        ),
    ]

    @Test("a source that takes no writes is no reason to fail: a warning says why", arguments: readOnly)
    func readOnlySource(_ source: ReadOnly) async throws {
        let server = try await RedisServer.start(source.configuration)
        let client = try server.client()
        try client.command("SET", "app:a", "1")
        for setting in source.settings { try client.command(setting) }
        let directory = try TemporaryDirectory()
        let hasUser = !source.configuration.users.isEmpty
        var request = try Self.request(hasUser ? server.url(user: "backup") : server.url)
        if hasUser { request.connection.password = Secret("pw") }
        let report = try await SnapshotOperation(request).run(DrillBench.context(directory))
        #expect(report.suspicion == nil && report.manifest.sentinel == nil && report.keyCount == 1)
        let warning = report.warnings.first { $0.hasPrefix("no sentinel was written: ") }
        #expect(warning?.contains(source.words) == true, "\(report.warnings)")
        #expect(try Self.sentinels(server).isEmpty)
    }

    @Test("nothing is written to a replica, also to one that would take it", arguments: ["yes", "no"])
    func replica(_ readOnly: String) async throws {
        let primary = try await RedisServer.start(Self.undelayed)
        try primary.client().command("SET", "a", "1")
        let replica = try await RedisServer.start(
            .init(
                lines: Self.undelayed.lines + ["replicaof 127.0.0.1 \(primary.port)", "replica-read-only \(readOnly)"]
            )
        )
        let client = try replica.client()
        while try client.info("replication", "master_link_status") != "up" {
            try await Task.sleep(for: .milliseconds(20))
        }
        let directory = try TemporaryDirectory()
        let report = try await SnapshotOperation(try Self.request(replica.url)).run(DrillBench.context(directory))
        #expect(report.suspicion == nil && report.manifest.sentinel == nil && report.keyCount == 1)
        #expect(report.warnings.contains { $0.hasSuffix("is a replica") }, "\(report.warnings)")
        #expect(try Self.sentinels(replica).isEmpty)
    }

    @Test("a node of a cluster gets it in a slot of its own", arguments: [[0, 8191], [7, 7]])
    func cluster(_ slots: [Int64]) async throws {
        let busPort = try SocketCalls.freeLoopbackPort()
        let server = try await RedisServer.start(
            .init(
                lines: Self.undelayed.lines + [
                    "cluster-enabled yes", "cluster-require-full-coverage no", "cluster-port \(busPort)",
                    "cluster-announce-bus-port \(busPort)",
                ]
            )
        )
        let client = try server.client()
        try client.command("CLUSTER", "ADDSLOTSRANGE", RedisArgument(slots[0]), RedisArgument(slots[1]))
        while try client.command("CLUSTER", "INFO").text?.contains("cluster_state:ok") != true {
            try await Task.sleep(for: .milliseconds(20))
        }
        let directory = try TemporaryDirectory()
        let report = try await SnapshotOperation(try Self.request(server.url)).run(DrillBench.context(directory))
        let sentinel = try #require(report.manifest.sentinel, "\(report.warnings)")
        #expect(sentinel.finding == .found && report.suspicion == nil)
        let slot = try #require(try client.command("CLUSTER", "KEYSLOT", RedisArgument(sentinel.key)).integer)
        #expect(slots[0]...slots[1] ~= slot)
    }

    @Test("a node of a cluster without slots gets none")
    func noSlots() async throws {
        let busPort = try SocketCalls.freeLoopbackPort()
        let server = try await RedisServer.start(
            .init(
                lines: Self.undelayed.lines + [
                    "cluster-enabled yes", "cluster-port \(busPort)", "cluster-announce-bus-port \(busPort)",
                ]
            )
        )
        let directory = try TemporaryDirectory()
        let report = try await SnapshotOperation(try Self.request(server.url)).run(DrillBench.context(directory))
        #expect(report.manifest.sentinel == nil && report.suspicion == nil)
        #expect(report.warnings.contains { $0.hasPrefix("no sentinel was written: ") }, "\(report.warnings)")
    }

    // MARK: Drills

    @Test("a drill finds it in archive and node, and fails where the node has lost it")
    func drill() async throws {
        let bench = try await DrillBench(writesSentinel: true) { client in
            for index in 0..<30 { try client.command("SET", RedisArgument("key:\(index)"), "1") }
        }
        let key = try #require(try await bench.manifest().sentinel?.key)
        let good = try await bench.drill()
        #expect(good.record.result == .pass && good.record.sentinel == .archiveAndNode)
        let lost = try await bench.drill { try $0.command("DEL", RedisArgument(key)) }
        #expect(lost.record.result == .difference && lost.record.sentinel == .archiveOnly)
        #expect(lost.record.reason == "1 key is missing; the sentinel is in the archive, but not in the node")
        #expect(lost.failure?.kind == .integrity)
        // Also where a sample may leave it out, and another key makes the number right.
        var request = bench.request
        (request.sampleCount, request.sampleSeed) = (1, 1)
        let sampled = try await bench.drill(request) { try $0.command("RENAME", RedisArgument(key), "b") }
        #expect(sampled.record.result == .difference && sampled.record.sentinel == .archiveOnly)
        #expect(sampled.record.reason?.hasSuffix("the sentinel is in the archive, but not in the node") == true)
        #expect(try await bench.records().map(\.sentinel) == [.archiveAndNode, .archiveOnly, .archiveOnly])
        let plain = try await DrillBench { try $0.command("SET", "a", "1") }
        #expect(try await plain.drill().record.sentinel == nil)
    }
}
