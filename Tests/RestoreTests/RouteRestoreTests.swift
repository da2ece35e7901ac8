import NIOCore
import Operations
import RDB
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Every type and encoding with every class of deadline, by each of the ways in which a record gets to a target.
@Suite(.serialized) struct RouteRestoreTests {
    private typealias Record = ArchiveFixture.Record

    /// A way, and a server that makes the restore take it.
    struct Way: Sendable, CustomStringConvertible {
        var name: String
        var configuration: RedisServer.Configuration
        var isByCommands = false

        var description: String { name }

        static func all() async throws -> [Self] {
            var ways = [
                Self(name: "payloads as they are", configuration: .init()),
                Self(
                    name: "commands of the types",
                    configuration: .init(withheldCommands: ["RESTORE"]),
                    isByCommands: true
                ),
            ]
            for binary in try await ServerMatrix.present() {
                ways.append(Self(name: "payloads to \(binary)", configuration: .init(binary: binary)))
            }
            return ways
        }
    }

    /// What the deadlines of the records are, from the target's clock.
    private enum Class: String, CaseIterable {
        case never
        case past
        /// A millisecond from now: it has expired when its turn comes, or right after.
        case atOnce
        case hour
        /// The last millisecond of the year 9999.
        case largest

        func expiry(_ now: UnixMilliseconds) -> Expiry {
            switch self {
            case .never: .never
            case .past: .at(now.advanced(byMilliseconds: -1))
            case .atOnce: .at(now.advanced(byMilliseconds: 1))
            case .hour: .at(now.advanced(byMilliseconds: 3_600_000))
            case .largest: .at(UnixMilliseconds(253_402_300_799_999))
            }
        }
    }

    /// One record of each encoding of each type, times the classes, and what is to be found of each key.
    private static func records(
        _ source: RedisServer,
        now: UnixMilliseconds
    ) throws -> (records: [Record], expected: [String: PortableContents.Entry]) {
        let contents = try PortableContents.read(source)
        var records: [Record] = []
        var expected: [String: PortableContents.Entry] = [:]
        var seen: [UInt8: Int] = [:]
        for (number, record) in try Record.all(of: source).enumerated() {
            seen[record.type, default: 0] += 1
            guard (seen[record.type] ?? 0) <= 4,
                let entry = contents.entries[.init(database: Int(record.database), key: record.key)]
            else { continue }
            for life in Class.allCases {
                let key = "\(life):\(record.type):\(number)"
                var copy = record
                (copy.database, copy.key, copy.expiry) = (0, Array(key.utf8), life.expiry(now))
                records.append(copy)
                expected[key] = entry
            }
        }
        return (records, expected)
    }

    @Test(arguments: try await Way.all(), DeadlineMode.allCases)
    func `every encoding comes back with its deadline`(_ way: Way, _ mode: DeadlineMode) async throws {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: 53, keyCount: 192)
        let target = try await RedisServer.start(way.configuration)
        let now = UnixMilliseconds(try KeyspaceContents.serverTime(try target.client()))
        let (records, expected) = try Self.records(source, now: now)
        let fixture = try await ArchiveFixture.make(records, instant: now, blockByteCount: 64 << 10)
        let report = try await RestoreHarness(fixture).run(target) { $0.deadlineMode = mode }
        #expect(report.failure == nil, "\(report.summary) \(String(describing: report.result.verification))")
        #expect(report.accounting.isBalanced)
        let restored = report.accounting[.restored]
        let perClass = UInt64(records.count / Class.allCases.count)
        switch mode {
        case .persist: #expect(restored == perClass * 5)
        case .deadline, .remaining: #expect((perClass * 3...perClass * 4).contains(restored), "\(report.counts)")
        }
        let startedAt = report.result.startedAt
        let slack: Int64 = target.binary.knows(.absoluteExpiry) ? 0 : 2
        var found = try PortableContents.read(target).entries
        for (name, var entry) in expected {
            guard let life = Class.allCases.first(where: { name.hasPrefix($0.rawValue + ":") }) else { continue }
            let place = PortableContents.Place(database: 0, key: Array(name.utf8))
            let there = found.removeValue(forKey: place)
            guard mode == .persist || life == .never || life == .hour || life == .largest else {
                #expect(there == nil || life == .atOnce, "\(name)")
                continue
            }
            entry.deadline = -1
            if mode != .persist, case .at(let deadline) = life.expiry(now) {
                let shift = mode == .remaining ? startedAt.milliseconds(since: now) : 0
                entry.deadline = deadline.rawValue + shift
            }
            if way.isByCommands { entry.dropUnclaimable() }
            let (mine, theirs) = (
                PortableContents(entries: [place: entry]), PortableContents(entries: there.map { [place: $0] } ?? [:])
            )
            #expect(theirs.differences(from: mine, slack: slack) == [], "\(way), \(mode)")
        }
        #expect(found.keys.map(\.description) == [])
        #expect(report.accounting.omissions.isEmpty == !(way.isByCommands || !target.binary.knows(.absoluteExpiry)))
    }

    @Test(arguments: [false, true])
    func `a key that the target has stays or is replaced, also by commands`(isByCommands: Bool) async throws {
        let target = try await RedisServer.start(.init(withheldCommands: isByCommands ? ["RESTORE"] : []))
        let now = UnixMilliseconds(try KeyspaceContents.serverTime(try target.client()))
        let set = Record(type: 2, key: Array("set".utf8), body: [1, 1, 0x61])
        let fixture = try await ArchiveFixture.make([set, .string("other", "x")], instant: now)
        try target.client().command("SADD", "set", "mine")
        let kept = try await RestoreHarness(fixture).run(target) { $0.existing = .skip }
        #expect(kept.counts == ["restored": 1, "existing": 1])
        #expect(try target.client().command("SMEMBERS", "set").description == "[\"mine\"]")
        let replaced = try await RestoreHarness(fixture).run(target) { $0.existing = .replace }
        #expect(replaced.counts == ["restored": 2])
        #expect(try target.client().command("SMEMBERS", "set").description == "[\"a\"]")
        #expect(try target.client().command("DBSIZE") == .integer(2))
    }

    @Test func `a target without RESTORE is told, and filters hold`() async throws {
        let target = try await RedisServer.start(.init(withheldCommands: ["RESTORE"]))
        let now = UnixMilliseconds(try KeyspaceContents.serverTime(try target.client()))
        let records = (0..<40).map { Record(type: 2, key: Array("set:\($0)".utf8), body: [1, 1, 0x61]) }
        let fixture = try await ArchiveFixture.make(records + [.string("string", "x")], instant: now)
        let harness = RestoreHarness(fixture)
        let report = try await harness.run(target) {
            $0.match = [GlobPattern("set:1*"), GlobPattern("string")]
            $0.databases = [DatabaseMapping(source: 0, destination: 3)]
        }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.counts == ["restored": 12, "filtered": 29])
        #expect(report.plan.findings.contains { $0.kind == .noPayloads && !$0.isRefusal })
        #expect(try target.client(database: 3).command("DBSIZE") == .integer(12))
    }

    // MARK: What cannot go

    @Test func `a strict restore is refused before the first write, and what is left out by filters does not count`()
        async throws
    {
        let target = try await RedisServer.start()
        let now = UnixMilliseconds(try KeyspaceContents.serverTime(try target.client()))
        var table = ByteBuffer()
        table.writeInteger(now.rawValue + 3_600_000, endianness: .little)
        table.writeBytes([1, 1, 1, 0x66, 1, 0x76])
        let records = [
            Record.string("string", "x"),
            Record(type: 24, key: Array("hash".utf8), body: Array(table.readableBytesView)),
            Record(type: 28, key: Array("array".utf8), body: [0, 0]),
            Record(type: 28, expiry: .at(now), key: Array("gone".utf8), body: [0, 0]),
        ]
        let format = PayloadFormat(engine: .redis, rdbVersion: 14)
        let fixture = try await ArchiveFixture.make(records, format: format, instant: now)
        let harness = RestoreHarness(fixture)
        await #expect {
            _ = try await harness.run(target) { $0.isStrict = true }
        } throws: { error in
            let refusal = error as? OperationError
            let text = refusal.map { "\($0)" } ?? ""
            return refusal?.kind == .unsafeTarget && text.contains("2 keys")
                && text.contains("fieldDeadlines:hash 1, unknownType:array 1")
        }
        #expect(try target.client().command("DBSIZE") == .integer(0))
        let plan = try await harness.plan(target) { $0.isStrict = true }
        #expect(plan.refusals.map(\.kind) == [.unsupportedTypes])
        let strict = try await harness.run(target) {
            $0.isStrict = true
            $0.types = ["string"]
        }
        #expect(strict.counts == ["restored": 1, "filtered": 3])
        let report = try await harness.run(target) { $0.flushTarget = true }
        #expect(report.counts == ["restored": 1, "unsupported": 2, "expired": 1])
        #expect(report.accounting.reasons[.unsupported] == ["fieldDeadlines:hash": 1, "unknownType:array": 1])
        #expect(report.failure?.kind == .partial)
    }

    @Test func `a server that takes less than its version promises is asked what it takes`() async throws {
        let target = try await RedisServer.start()
        let now = UnixMilliseconds(try KeyspaceContents.serverTime(try target.client()))
        let format = PayloadFormat(engine: .valkey, rdbVersion: 80)
        let fixture = try await ArchiveFixture.make(
            [.string("a", "x", expiry: .at(now.advanced(byMilliseconds: 60_000)))],
            format: format,
            instant: now
        )
        let report = try await RestoreHarness(fixture).run(target)
        #expect(report.counts == ["restored": 1])
        #expect(report.failure == nil)
    }
}
