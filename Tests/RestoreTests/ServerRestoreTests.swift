import NIOCore
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Restores to a real server, from archives made by the test.
@Suite(.serialized) struct ServerRestoreTests {
    private typealias Record = ArchiveFixture.Record

    private static func now(_ server: RedisServer) throws -> UnixMilliseconds {
        UnixMilliseconds(try KeyspaceContents.serverTime(try server.client()))
    }

    private static func strings(_ count: Int, database: UInt32 = 0) -> [Record] {
        (0..<count).map { .string("key:\($0)", "value \($0)", database: database) }
    }

    /// A target on which `count` keys of `strings` were just restored, so that nothing is wrong with it.
    private static func expectGood(_ report: RestoreReport, restored: UInt64) {
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.accounting[.restored] == restored, "\(report.summary)")
        #expect(report.result.verification?.isGood ?? false, "\(String(describing: report.result.verification))")
    }

    @Test(arguments: [1, 2, 5]) func `every type, deadline, database and function comes back`(lanes: Int) async throws {
        let source = try await RedisServer.start()
        let seed = SeededGenerator.fromEnvironment("restored keyspace", fallback: 3).seed
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: 1500)
        let keys = try Record.all(of: source)
        let fixture = try await ArchiveFixture.make(
            try Record.libraries(of: source) + keys,
            instant: try Self.now(source),
            blockByteCount: 16 << 10
        )
        let target = try await RedisServer.start()
        let report = try await RestoreHarness(fixture).run(target) { $0.connectionCount = lanes }
        Self.expectGood(report, restored: UInt64(keys.count))
        #expect(report.result.libraries[.restored] == 2)
        #expect(report.result.verification?.sampledKeyCount == 1000)
        let differences = try KeyspaceContents.read(target).differences(from: try KeyspaceContents.read(source))
        #expect(differences == [], "seed \(seed)")
    }

    @Test func `a value over many blocks arrives whole, by one command`() async throws {
        let source = try await RedisServer.start()
        let client = try source.client()
        for index in 0..<4000 { try client.command("RPUSH", "list", "element \(index) of a long list") }
        try client.command("SETRANGE", "string", 500_000, "end")
        try client.command("PEXPIREAT", "string", 4_000_000_000_000)
        for index in 0..<20 { try client.command("SET", "small:\(index)", "x") }
        try client.command("CONFIG", "SET", "rdbcompression", "no")
        let records = try Record.all(of: source)
        let fixture = try await ArchiveFixture.make(records, instant: try Self.now(source))
        let target = try await RedisServer.start()
        let report = try await RestoreHarness(fixture).run(target)
        Self.expectGood(report, restored: 22)
        #expect(report.result.verification?.presenceOnlyKeyCount == 2)
        let differences = try KeyspaceContents.read(target).differences(from: try KeyspaceContents.read(source))
        #expect(differences == [])
        // Only some keys of it, and in another database.
        let other = try await RedisServer.start()
        let part = try await RestoreHarness(fixture).run(other) {
            $0.match = [GlobPattern("st*")]
            $0.databases = [DatabaseMapping(source: 0, destination: 6)]
        }
        Self.expectGood(part, restored: 1)
        #expect(try other.client(database: 6).command("STRLEN", "string") == .integer(500_003))
    }

    @Test func `deadlines are checked to the millisecond on a server that does not tell them, too`() async throws {
        let target = try await RedisServer.start(.init(withheldCommands: ["PEXPIRETIME"]))
        let deadline = try Self.now(target).advanced(byMilliseconds: 3_600_000)
        // Values that take a while to read back: the time must be told beside the deadline, not after the values.
        // They do not compress: DUMP would make little of them.
        var random = SeededGenerator(seed: 11)
        let body: [UInt8] = [0x80, 0, 3, 0x0D, 0x40] + random.bytes(200_000)
        let fixture = try await ArchiveFixture.make(
            (0..<40 as Range<Int64>).map { index in
                let expiry = Expiry.at(deadline.advanced(byMilliseconds: index))
                return Record(expiry: expiry, key: Array("key:\(index)".utf8), body: body)
            },
            instant: deadline,
            blockByteCount: 1 << 20
        )
        let report = try await RestoreHarness(fixture).run(target)
        Self.expectGood(report, restored: 40)
        // Half a second off, in whichever direction, is seen.
        for change in [500, -500] as [Int64] {
            let changed = try await RestoreHarness(fixture).run(target) {
                $0.flushTarget = true
            } beforeCheck: {
                let client = try? target.client()
                _ = try? client?.command("PEXPIREAT", "key:7", RedisArgument(deadline.rawValue + 7 + change))
            }
            #expect(changed.result.verification?.differingDeadlineCount == 1, "\(changed.summary)")
        }
    }

    @Test func `access data is put back where the target's policy uses it`() async throws {
        let records = [
            Record.string("string", "x", access: .frequency(201)),
            Record(type: 2, access: .frequency(99), key: Array("set".utf8), body: [1, 1, 0x61]),
            Record.string("idle", "x", access: .idle(seconds: 5000)),
        ]
        let target = try await RedisServer.start(.init(lines: ["maxmemory-policy allkeys-lfu"]))
        let fixture = try await ArchiveFixture.make(records, instant: try Self.now(target))
        let report = try await RestoreHarness(fixture).run(target) { $0.sampleSeed = 1 }
        Self.expectGood(report, restored: 3)
        // Reading the sample back touches a key once: the logarithmic counter may have gone up by one.
        for (key, expected) in [("string", 201), ("set", 99)] as [(String, Int64)] {
            let frequency = try target.client().command("OBJECT", "FREQ", RedisArgument(key)).integer ?? -1
            #expect((expected...expected + 1).contains(frequency), "\(key)")
        }
    }

    // MARK: Deadlines

    @Test func `deadlines are kept, started again or taken away as the mode says`() async throws {
        let target = try await RedisServer.start()
        let now = try Self.now(target)
        let instant = now.advanced(byMilliseconds: -100_000)
        let records = [
            Record.string("past", "x", expiry: .at(now.advanced(byMilliseconds: -50_000))),
            Record.string("soon", "x", expiry: .at(now.advanced(byMilliseconds: 500_000))),
            Record(
                type: 2,
                expiry: .at(now.advanced(byMilliseconds: 500_000)),
                key: Array("set".utf8),
                body: [1, 1, 0x61]
            ),
            Record.string("forever", "x"),
        ]
        let fixture = try await ArchiveFixture.make(records, instant: instant)
        let harness = RestoreHarness(fixture)
        func deadline(_ key: String) throws -> Int64 {
            try target.client().command("PEXPIRETIME", RedisArgument(key)).integer ?? 0
        }
        let kept = try await harness.run(target)
        #expect(kept.counts == ["restored": 3, "expired": 1])
        #expect(kept.failure == nil)
        #expect(try deadline("soon") == now.rawValue + 500_000)
        #expect(try deadline("set") == now.rawValue + 500_000)
        #expect(try deadline("forever") == -1)
        #expect(try deadline("past") == -2)

        let remaining = try await harness.run(target) {
            $0.deadlineMode = .remaining
            $0.flushTarget = true
        }
        Self.expectGood(remaining, restored: 4)
        let start = remaining.result.startedAt
        #expect(try deadline("past") == start.rawValue + 50_000)
        #expect(try deadline("soon") == start.rawValue + 600_000)
        #expect(try deadline("set") == start.rawValue + 600_000)
        #expect(try deadline("forever") == -1)

        let persistent = try await harness.run(target) {
            $0.deadlineMode = .persist
            $0.flushTarget = true
        }
        Self.expectGood(persistent, restored: 4)
        for key in ["past", "soon", "set", "forever"] { #expect(try deadline(key) == -1) }
    }

    @Test func `keys that expire during the restore are told apart from keys that are lost`() async throws {
        let target = try await RedisServer.start()
        let now = try Self.now(target)
        var records = Self.strings(100)
        for index in 0..<50 {
            records.append(.string("brief:\(index)", "x", expiry: .at(now.advanced(byMilliseconds: 700))))
        }
        let fixture = try await ArchiveFixture.make(records, instant: now)
        // 100 keys a second: the check comes after the deadline of the brief keys.
        let report = try await RestoreHarness(fixture).run(target) { $0.keysPerSecond = 100 }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.accounting[.restored] + report.accounting[.expired] == 150)
        #expect(report.accounting[.restored] >= 100)
        let verification = try #require(report.result.verification)
        #expect(verification.isGood)
        #expect(verification.dueKeyCount + 100 == report.accounting[.restored])
        #expect(report.result.dueKeyCount >= verification.dueKeyCount)
    }

    // MARK: What goes where

    @Test func `filters leave out what they say and count it by their name`() async throws {
        let target = try await RedisServer.start()
        var records = Self.strings(10) + Self.strings(5, database: 2)
        records.append(Record(type: 2, key: Array("key:set".utf8), body: [1, 1, 0x61]))
        records.append(.string("other", "x"))
        let fixture = try await ArchiveFixture.make(records, instant: try Self.now(target))
        let report = try await RestoreHarness(fixture).run(target) {
            $0.match = [GlobPattern("key:*")]
            $0.exclude = [GlobPattern("*[13]")]
            $0.types = ["string"]
            $0.databases = [DatabaseMapping(source: 0, destination: 0)]
        }
        Self.expectGood(report, restored: 8)
        let expected: [String: UInt64] = ["match": 1, "exclude": 2, "type": 1, "database": 5]
        #expect(report.accounting.reasons[.filtered] == expected)
        let keys = (try target.client().command("KEYS", "*").array ?? []).compactMap(\.text)
        #expect(Set(keys) == Set([0, 2, 4, 5, 6, 7, 8, 9].map { "key:\($0)" }))
    }

    @Test func `databases are mapped, also crosswise`() async throws {
        let target = try await RedisServer.start()
        let records = [Record.string("zero", "0"), .string("one", "1", database: 1), .string("two", "2", database: 2)]
        let fixture = try await ArchiveFixture.make(records, instant: try Self.now(target))
        let report = try await RestoreHarness(fixture).run(target) {
            $0.databases = [DatabaseMapping(source: 0, destination: 1), DatabaseMapping(source: 1, destination: 0)]
        }
        #expect(report.counts == ["restored": 2, "filtered": 1])
        #expect(try target.client(database: 1).command("GET", "zero").text == "0")
        #expect(try target.client(database: 0).command("GET", "one").text == "1")
    }

    @Test func `records of many databases in one block go each to its own`() async throws {
        let target = try await RedisServer.start()
        let records = (0..<200).map { Record.string("k\($0)", "v\($0)", database: UInt32($0 % 16)) }
        let fixture = try await ArchiveFixture.make(records, instant: try Self.now(target), blockByteCount: 1 << 20)
        let report = try await RestoreHarness(fixture).run(target)
        Self.expectGood(report, restored: 200)
        for database in 0..<16 {
            let count = try target.client(database: database).command("DBSIZE").integer ?? 0
            #expect(count == Int64((0..<200).count { $0 % 16 == database }))
        }
    }

    @Test func `keys that exist stay with skip and go with replace, whatever their type`() async throws {
        let target = try await RedisServer.start()
        let records = Self.strings(10) + [Record(type: 2, key: Array("set".utf8), body: [1, 1, 0x61])]
        let fixture = try await ArchiveFixture.make(records, instant: try Self.now(target))
        let client = try target.client()
        try client.command("LPUSH", "key:3", "mine")
        try client.command("SET", "set", "mine")
        let skipped = try await RestoreHarness(fixture).run(target) { $0.existing = .skip }
        #expect(skipped.counts == ["restored": 9, "existing": 2])
        #expect(skipped.failure == nil)
        #expect(try client.command("TYPE", "key:3").text == "list")
        #expect(try client.command("GET", "set").text == "mine")
        let replaced = try await RestoreHarness(fixture).run(target) { $0.existing = .replace }
        #expect(replaced.counts == ["restored": 11])
        #expect(try client.command("GET", "key:3").text == "value 3")
        #expect(try client.command("TYPE", "set").text == "set")
    }

    @Test func `function libraries that exist are treated like keys`() async throws {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: 1, keyCount: 0)
        let fixture = try await ArchiveFixture.make(try Record.libraries(of: source), instant: try Self.now(source))
        let target = try await RedisServer.start()
        let code = "#!lua name=first_library\nredis.register_function('mine', function() return 1 end)"
        let client = try target.client()
        try client.command("FUNCTION", "LOAD", RedisArgument(code))
        let harness = RestoreHarness(fixture)
        #expect(try await harness.plan(target).refusals.map(\.kind) == [.functionsPresent])
        let skipped = try await harness.run(target) { $0.existing = .skip }
        #expect(skipped.failure == nil)
        #expect(skipped.result.libraries[.existing] == 1)
        #expect(skipped.result.libraries[.restored] == 1)
        #expect(try client.command("FCALL", "mine", 0) == .integer(1))
        let replaced = try await harness.run(target) { $0.existing = .replace }
        #expect(replaced.result.libraries[.restored] == 2)
        #expect(try client.reply(to: ["FCALL", "mine", 0]) != .integer(1))
        try client.command(
            "FUNCTION",
            "LOAD",
            "#!lua name=extra\nredis.register_function('more', function() return 2 end)"
        )
        let flushed = try await harness.run(target) { $0.flushTarget = true }
        #expect(flushed.result.libraries[.restored] == 2)
        #expect(try client.command("FUNCTION", "LIST").array?.count == 2)
    }

    @Test func `a flushed target holds the snapshot and nothing else`() async throws {
        let target = try await RedisServer.start()
        for database in [0, 3] {
            let client = try target.client(database: database)
            for index in 0..<500 { try client.command("SET", "old:\(index)", "x") }
        }
        let fixture = try await ArchiveFixture.make(Self.strings(20), instant: try Self.now(target))
        let report = try await RestoreHarness(fixture).run(target) { $0.flushTarget = true }
        Self.expectGood(report, restored: 20)
        #expect(try KeyspaceContents.read(target).entries.count == 20)
    }

    @Test func `superseded records are counted as duplicates and never written`() async throws {
        let target = try await RedisServer.start()
        var early = Record.string("twice", "early")
        early.isSuperseded = true
        let records = [early] + Self.strings(3) + [Record.string("twice", "late")]
        let fixture = try await ArchiveFixture.make(records, instant: try Self.now(target))
        let report = try await RestoreHarness(fixture).run(target)
        Self.expectGood(report, restored: 4)
        #expect(report.counts == ["restored": 4, "duplicate": 1])
        #expect(try target.client().command("GET", "twice").text == "late")
    }

    @Test func `a plan asks and writes nothing`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await ArchiveFixture.make(Self.strings(50), instant: try Self.now(target))
        let plan = try await RestoreHarness(fixture).plan(target)
        #expect(plan.refusals.isEmpty)
        #expect(plan.estimate.keyCount == 50)
        #expect(plan.databases == [DatabaseMapping(source: 0, destination: 0)])
        #expect(try target.client().info("persistence", "rdb_changes_since_last_save") == "0")
        #expect(try target.client().command("DBSIZE") == .integer(0))
    }

    @Test func `an empty snapshot is restored to an empty target`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await ArchiveFixture.make(
            [],
            format: PayloadFormat(engine: .redis, rdbVersion: 0),
            instant: try Self.now(target)
        )
        let report = try await RestoreHarness(fixture).run(target)
        Self.expectGood(report, restored: 0)
    }
}
