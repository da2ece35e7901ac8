import Memcached
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Items of Memcached in Redis, and strings of Redis in Memcached: what can go goes, the rest is counted.
@Suite(.serialized, .enabled(if: MemcachedServer.isInstalled)) struct CrossEngineTests {
    private typealias Record = ArchiveFixture.Record

    @Test func `items become strings with their deadlines, and their flags a hash`() async throws {
        let target = try await RedisServer.start()
        let client = try target.client()
        let now = UnixMilliseconds(try KeyspaceContents.serverTime(client))
        let deadline = UnixMilliseconds((now.rawValue / 1000 + 5000) * 1000)
        let large = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let fixture = try await ArchiveFixture.items(
            [
                .item("plain", "value"), .item("flagged", "v", clientFlags: 42, expiry: .at(deadline)),
                .item([0, 1, 255], [], clientFlags: UInt64(UInt32.max), cas: 99, isBinary: true),
                .item(Array("large".utf8), large, clientFlags: 3, expiry: .at(deadline)),
                .item("past", "v", expiry: .at(UnixMilliseconds(1000))),
            ],
            instant: now
        )
        let harness = RestoreHarness(fixture)
        let report = try await harness.run(target) {
            $0.flagsHash = "flags"
            $0.databases = [DatabaseMapping(source: 0, destination: 2)]
        }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.accounting[.restored] == 4 && report.accounting[.expired] == 1, "\(report.summary)")
        #expect(report.accounting.omissions == ["cas:item": 1])
        #expect(report.result.verification?.isGood ?? false, "\(String(describing: report.result.verification))")
        let second = try target.client(database: 2)
        #expect(try second.command("GET", "plain").text == "value")
        #expect(try second.command("PEXPIRETIME", "flagged").integer == deadline.rawValue)
        #expect(try second.command("GET", RedisArgument([0, 1, 255])).bytes == [])
        #expect(try second.command("GET", "large").bytes == large)
        #expect(try second.command("PEXPIRETIME", "large").integer == deadline.rawValue)
        #expect(try second.command("HLEN", "flags").integer == 3)
        #expect(try second.command("HGET", "flags", "flagged").text == "42")
        #expect(try second.command("HGET", "flags", "large").text == "3")
        #expect(try second.command("HGET", "flags", RedisArgument([0, 1, 255])).text == "4294967295")
        // Without the hash they are counted.
        let other = try await RedisServer.start()
        let without = try await harness.run(other)
        #expect(without.failure == nil && without.accounting.omissions == ["cas:item": 1, "clientFlags:item": 3])
        #expect(without.plan.warnings.contains { $0.kind == .itemsAsStrings })
    }

    @Test func `a target that evicts by use is told how long items were unused`() async throws {
        let target = try await RedisServer.start(.init(lines: ["maxmemory 100mb", "maxmemory-policy allkeys-lru"]))
        let fixture = try await ArchiveFixture.items(
            [.item(Array("key".utf8), Array("v".utf8), access: .idle(seconds: 5000))],
            instant: UnixMilliseconds(try KeyspaceContents.serverTime(try target.client()))
        )
        let report = try await RestoreHarness(fixture).run(target)
        #expect(report.failure == nil, "\(report.summary)")
        let idle = try #require(try target.client().command("OBJECT", "IDLETIME", "key").integer)
        #expect((4990...5100).contains(idle))
    }

    @Test func `strings become items, and everything else is counted with its reason`() async throws {
        let source = try await RedisServer.start()
        let client = try source.client()
        try client.command("SET", "text", "value")
        try client.command("SET", "number", "-12345")
        try client.command("SET", "compressed", RedisArgument(Array(repeating: 0x61, count: 20_000)))
        try client.command("SET", "due", "v", "PXAT", "4000000000123")
        try client.command("SET", "soon", "v", "EX", "1000")
        try client.command("RPUSH", "list", "a")
        try client.command("HSET", "hash", "a", "b")
        // Nothing that the server can compress, so that its size can be seen.
        var random = SeededGenerator.fromEnvironment("a big string", fallback: 8)
        let big = (0..<2_000_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        try client.command("SET", "big", RedisArgument(big))
        try source.client(database: 3).command("SET", "text", "another")
        let fixture = try await ArchiveFixture.make(
            try Record.all(of: source),
            instant: UnixMilliseconds(try KeyspaceContents.serverTime(client))
        )
        let target = try await ItemTarget.start()
        let harness = RestoreHarness(fixture)
        let plan = try await harness.plan(url: target.url)
        #expect(plan.unsupported.text.contains("hash 1") && plan.unsupported.text.contains("keys of database 3 1"))
        #expect(plan.unsupported.text.contains("values of more than 1048576 bytes"))
        let report = try await harness.run(url: target.url)
        #expect(report.accounting[.restored] == 5, "\(report.summary)")
        let expected: [String: UInt64] = [
            "otherDatabase": 1, "tooLarge:string": 1, "unknownType:hash": 1, "unknownType:list": 1,
        ]
        #expect(report.accounting.reasons[.unsupported] == expected)
        #expect(report.failure?.kind == .partial && report.accounting.isBalanced)
        #expect(try target.text("text") == "value" && target.text("number") == "-12345")
        #expect(try target.read("compressed")?.value.count == 20_000)
        #expect(try target.read("number")?.clientFlags == 0)
        let left = try #require(try target.read("soon")?.remainingSeconds)
        #expect((980...1000).contains(left))
        // One database is asked for.
        let third = try await harness.run(url: target.url) {
            $0.databases = [DatabaseMapping(source: 3, destination: 3)]
            $0.existing = .replace
        }
        #expect(third.failure == nil && third.accounting[.restored] == 1, "\(third.summary)")
        #expect(try target.text("text") == "another")
        await #expect {
            _ = try await harness.run(url: target.url) {
                $0.databases = [DatabaseMapping(source: 0, destination: 0), DatabaseMapping(source: 3, destination: 3)]
            }
        } throws: { error in
            (error as? OperationError)?.kind == .usage
        }
    }

    @Test func `a value over several blocks is streamed into one item`() async throws {
        let target = try await ItemTarget.start(["-I", "8m", "-m", "256"])
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let fixture = try await ArchiveFixture.items(
            [
                .item("small", "v"), .item(Array("large".utf8), bytes, clientFlags: 12),
                .item(Array("larger".utf8), bytes + bytes + bytes),
            ],
            instant: try target.instant()
        )
        let report = try await RestoreHarness(fixture).run(url: target.url)
        #expect(report.accounting[.restored] == 2, "\(report.summary)")
        #expect(report.accounting.reasons[.unsupported] == ["tooLarge:item": 1])
        #expect(report.result.verification?.isGood ?? false)
        let found = try #require(try target.read("large"))
        #expect(found.value == bytes && found.clientFlags == 12)
    }
}
