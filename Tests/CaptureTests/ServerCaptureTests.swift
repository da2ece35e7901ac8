import ArchiveFormat
import ArchiveIO
import Capture
import NIOCore
import SnapshotModel
import TestSupport
import Testing
import Transport

/// Captures of a real server, proven by giving the records to a second server and comparing both.
struct ServerCaptureTests {
    private static let quickReplication = ["repl-diskless-sync-delay 0"]

    @Test(
        "every type, encoding, database and deadline comes through each way of capture",
        arguments: CaptureWay.allCases
    )
    func roundTrip(_ way: CaptureWay) async throws {
        var generator = SeededGenerator.fromEnvironment("ServerCaptureTests.roundTrip", fallback: 0x5EED_2)
        let server = try await RedisServer.start(.init(lines: Self.quickReplication))
        let twin = try await RedisServer.start()
        let directory = try TemporaryDirectory()
        try KeyspaceGenerator.fill(server, seed: generator.next(), keyCount: 400)
        let source = try KeyspaceContents.read(server)

        let archive = try await CapturedArchive.take(way.open(server, spillingTo: directory), in: directory)

        try archive.restore(to: twin)
        #expect(try KeyspaceContents.read(twin).differences(from: source) == [])
        #expect(archive.result.statistics.keyCount == UInt64(source.entries.count))
        let expiring = source.entries.values.count { $0.deadline >= 0 }
        #expect(archive.result.statistics.expiringKeyCount == UInt64(expiring))
        let databases = Dictionary(grouping: source.entries.keys, by: \.database).mapValues { UInt64($0.count) }
        #expect(archive.result.statistics.databases.mapValues(\.keyCount) == databases)
        let types = Dictionary(grouping: source.entries.values, by: \.type).mapValues { UInt64($0.count) }
        #expect(archive.result.statistics.types.mapValues(\.keyCount) == types)
        #expect(
            archive.result.format == PayloadFormat(engine: .redis, rdbVersion: archive.opening.format.rdbVersion)
                || way == .scan
        )
        #expect(archive.result.consistency.isPointInTime == (way != .scan))
    }

    @Test(
        "the instant of a hand-over lies between the server's times before and after it",
        arguments: [CaptureWay.diskless, .disk]
    )
    func instant(_ way: CaptureWay) async throws {
        let server = try await RedisServer.start(.init(lines: Self.quickReplication))
        let directory = try TemporaryDirectory()
        let client = try server.client()
        try client.command("SET", "a", "1")
        let before = try KeyspaceContents.serverTime(client)
        let archive = try await CapturedArchive.take(way.open(server, spillingTo: directory), in: directory)
        let after = try KeyspaceContents.serverTime(client)
        #expect((before...after).contains(archive.opening.instant.rawValue))
        #expect(archive.result.shard.replicationID?.count == 40)
        #expect(archive.result.shard.replicationOffset != nil)
        #expect(archive.opening.clocks != nil)
        // Source and host are the same machine.
        #expect(abs(archive.opening.clocks?.differenceMilliseconds ?? .max) <= 1000)
    }

    @Test("an empty server gives an archive without records", arguments: CaptureWay.allCases)
    func emptyServer(_ way: CaptureWay) async throws {
        let server = try await RedisServer.start(.init(lines: Self.quickReplication))
        let directory = try TemporaryDirectory()
        let archive = try await CapturedArchive.take(way.open(server, spillingTo: directory), in: directory)
        #expect(archive.records.isEmpty)
        #expect(archive.result.statistics.keyCount == 0)
    }

    @Test(
        "values over several blocks, and payloads that arrive in pieces, come through whole",
        arguments: CaptureWay.allCases
    )
    func largeValues(_ way: CaptureWay) async throws {
        var generator = SeededGenerator.fromEnvironment("ServerCaptureTests.largeValues", fallback: 0xB16)
        let server = try await RedisServer.start(.init(lines: Self.quickReplication))
        let twin = try await RedisServer.start()
        let directory = try TemporaryDirectory()
        let client = try server.client()
        let noise = generator.bytes(5 << 20)
        try client.command("SET", "noise", RedisArgument(noise))
        try client.command("SET", "zeros", RedisArgument([UInt8](repeating: 0, count: 9 << 20)), "PX", 3_600_000)
        try client.command("SETRANGE", "around a piece", RedisArgument(64 << 10), "x")
        for start in stride(from: 0, to: noise.count / 4, by: 1000) {
            try client.command("RPUSH", "list", RedisArgument(Array(noise[start..<start + 1000])))
        }
        let source = try KeyspaceContents.read(server)
        let archive = try await CapturedArchive.take(way.open(server, spillingTo: directory), in: directory)
        try archive.restore(to: twin)
        #expect(try KeyspaceContents.read(twin).differences(from: source) == [])
        #expect(archive.summary.blockCount > 5)
    }

    @Test(
        "access data is captured where the policy keeps it, and disturbing it is told",
        arguments: [CaptureWay.diskless, .scan],
        ["allkeys-lru", "volatile-lfu", "noeviction"]
    )
    func accessData(_ way: CaptureWay, policy: String) async throws {
        let server = try await RedisServer.start(
            .init(lines: Self.quickReplication + ["maxmemory-policy \(policy)", "lfu-decay-time 0"])
        )
        let directory = try TemporaryDirectory()
        let client = try server.client()
        let began = ContinuousClock.now
        for index in 0..<20 { try client.command("SET", RedisArgument("key:\(index)"), "value") }
        let kind: KeyspaceContents.AccessKind =
            policy.hasSuffix("lru") ? .idle : policy.hasSuffix("lfu") ? .frequency : .none
        let source = try KeyspaceContents.read(server, access: kind)
        let archive = try await CapturedArchive.take(way.open(server, spillingTo: directory), in: directory)
        #expect(archive.keys.count == 20)
        let age = UInt64((ContinuousClock.now - began).components.seconds) + 1
        for record in archive.keys {
            let entry = try #require(source.entries[.init(database: Int(record.database), key: record.key)])
            switch record.access {
            case .none: #expect(kind == .none)
            // Reading the keyspace for comparison touches the keys, and time goes on meanwhile.
            case .idle(let seconds): #expect(kind == .idle && seconds <= age)
            case .frequency(let counter): #expect(kind == .frequency && Int64(counter) >= entry.access ?? .max)
            }
        }
        let hasNoTouch = try client.reply(to: ["CLIENT", "NO-TOUCH", "ON"]).text == "OK"
        #expect(archive.result.consistency.disturbedAccessData == (way == .scan && !hasNoTouch))
        #expect(
            archive.opening.warnings.contains { $0.contains("NO-TOUCH") }
                == (way == .scan && !hasNoTouch && kind != .none)
        )
    }

    @Test("a managed service, which knows neither SYNC nor CONFIG, is scanned")
    func managedService() async throws {
        let server = try await RedisServer.start(.managedService)
        let twin = try await RedisServer.start()
        let directory = try TemporaryDirectory()
        try KeyspaceGenerator.fill(server, seed: 0x3A3A6ED, keyCount: 60)
        await #expect(
            performing: {
                _ = try await CaptureWay.diskless.open(server, spillingTo: directory)
            },
            throws: { ($0 as? TransportError)?.isUnknownCommand == true }
        )
        let archive = try await CapturedArchive.take(CaptureWay.scan.open(server, spillingTo: directory), in: directory)
        try archive.restore(to: twin)
        #expect(try KeyspaceContents.read(twin).differences(from: KeyspaceContents.read(server)) == [])
    }

    @Test("a replica whose link is down is refused", arguments: [CaptureWay.diskless, .scan])
    func replicaWithBrokenLink(_ way: CaptureWay) async throws {
        let port = try SocketCalls.freeLoopbackPort()
        let server = try await RedisServer.start(.init(lines: ["replicaof 127.0.0.1 \(port)"]))
        let directory = try TemporaryDirectory()
        await #expect(
            performing: {
                _ = try await way.open(server, spillingTo: directory)
            },
            throws: { ($0 as? CaptureError)?.code == .notReady }
        )
    }

    @Test("a scan among writers never joins the value of one moment with the deadline of another")
    func consistentPairs() async throws {
        let server = try await RedisServer.start()
        let directory = try TemporaryDirectory()
        let client = try server.client()
        let deadline = try KeyspaceContents.serverTime(client) + 3_600_000
        _ = try client.pipeline(Self.turn(1, deadline: deadline))
        let archive = try await withThrowingTaskGroup(of: CapturedArchive?.self) { group in
            group.addTask {
                let writer = try server.client()
                var turn: Int64 = 2
                while !Task.isCancelled {
                    _ = try writer.pipeline(Self.turn(turn, deadline: deadline))
                    turn += 1
                }
                return nil
            }
            let archive = try await CapturedArchive.take(
                CaptureWay.scan.open(server, spillingTo: directory),
                in: directory
            )
            group.cancelAll()
            try await group.waitForAll()
            return archive
        }
        #expect(!archive.keys.isEmpty)
        for record in archive.keys {
            // A small integer's body is one of the integer encodings; its value is the turn.
            let turn = try #require(Self.integer(record.body))
            #expect(record.expiry == .at(UnixMilliseconds(deadline + turn)))
        }
        let names = archive.keys.map(\.key)
        #expect(Set(names).count == names.count)
    }

    /// Writes that give value and deadline the same turn; every seventh key is deleted instead.
    private static func turn(_ turn: Int64, deadline: Int64) -> [[RedisArgument]] {
        (0..<3000 as Range<Int64>).map { index in
            let key = RedisArgument("key:\(index)")
            return (index + turn) % 7 == 0
                ? ["DEL", key] : ["SET", key, RedisArgument("\(turn)"), "PXAT", RedisArgument(deadline + turn)]
        }
    }

    /// The value of an RDB string in integer encoding (0xC0, 0xC1, 0xC2).
    private static func integer(_ body: [UInt8]) -> Int64? {
        let value = body.dropFirst().reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
        return body.first.map { (0xC0...0xC2).contains($0) } == true ? value : nil
    }
}
