import Foundation
import Operations
import RDB
import Restore
import SnapshotModel
import TestSupport
import Testing

/// What a plan tells before the first write.
struct PlanTests {
    private static let instant = UnixMilliseconds(1_800_000_000_000)
    private typealias Record = ArchiveFixture.Record

    private static func contents(
        _ change: (inout RestoreOptions) -> Void = { _ in }
    ) async throws -> PlannedContents {
        let records: [Record] = [
            .string("a", "v"), .string("b", "v", expiry: .at(instant)), .string("c", "v", database: 3),
            Record(type: 16, key: [1], body: [0]), Record(kind: .functionLibrary, body: [1, 0x78]),
        ]
        let fixture = try await ArchiveFixture.make(records, instant: instant)
        var options = RestoreOptions()
        change(&options)
        return PlannedContents(fixture.manifest, options)
    }

    @Test func `keys by database and type are those of the snapshot`() async throws {
        let contents = try await Self.contents()
        #expect(contents.databases.map(\.keyCount) == [3, 1])
        #expect(contents.databases.map(\.expiringKeyCount) == [1, 0])
        #expect(contents.types.map(\.name) == ["string", "hash"] && contents.types.map(\.keyCount) == [3, 1])
        #expect(contents.areDatabasesExact && contents.areTypesExact)
        #expect(contents.functionLibraryCount == 1)
    }

    @Test func `a filter makes exact what it chooses by, and an upper bound of the rest`() async throws {
        let database = try await Self.contents { $0.databases = [DatabaseMapping(source: 3, destination: 5)] }
        #expect(database.databases.map(\.keyCount) == [1] && database.databases.map(\.destination) == [5])
        #expect(database.areDatabasesExact && !database.areTypesExact)
        #expect(database.functionLibraryCount == 0)
        let type = try await Self.contents { $0.types = ["hash"] }
        #expect(type.types.map(\.name) == ["hash"])
        #expect(!type.areDatabasesExact && type.areTypesExact)
        let name = try await Self.contents { $0.match = [GlobPattern("a*")] }
        #expect(!name.areDatabasesExact && !name.areTypesExact)
    }

    @Test(
        arguments: [
            (0, 1, 1), (500, 1, 2), (1000, 2, 2), (59_999, 2, 3), (60_000, 3, 3), (1_000_000, 3, 3),
        ] as [(Int64, UInt64, UInt64)]
    )
    func `what has expired is told as bounds, from the classes of remaining lives`(
        age: Int64,
        least: UInt64,
        most: UInt64
    ) async throws {
        let lives: [Int64] = [0, 700, 30_000]
        let records =
            lives.enumerated().map { index, life in
                Record.string("k\(index)", "v", expiry: .at(Self.instant.advanced(byMilliseconds: life)))
            } + [.string("never", "v")]
        let manifest = try await ArchiveFixture.make(records, instant: Self.instant).manifest
        let now = Self.instant.advanced(byMilliseconds: age)
        let estimate = RestoreEstimate(manifest, RestoreOptions(), now: now)
        #expect(estimate.expiredKeyCount == least && estimate.mostExpiredKeyCount == most)
        let dead = lives.count { $0 <= age }
        #expect((least...most).contains(UInt64(dead)))
    }

    @Test func `a duration is the longer of what keys and bytes come to, and what the rate allows`() {
        var options = RestoreOptions()
        let rate = LoadRate(recordCount: 1000, byteCount: 100_000, duration: .milliseconds(10))
        let byKeys = RestoreForecast(keyCount: 200_000, byteCount: 1_000_000, options: options, rate: rate)
        #expect(byKeys.duration == .seconds(2) && byKeys.source == .measured)
        let byBytes = RestoreForecast(keyCount: 1000, byteCount: 50_000_000, options: options, rate: rate)
        #expect(byBytes.duration == .seconds(5))
        #expect(RestoreForecast(keyCount: 1, byteCount: 1, options: options, rate: nil).duration == nil)
        options.keysPerSecond = 100
        let limited = RestoreForecast(keyCount: 200_000, byteCount: 1, options: options, rate: rate)
        #expect(limited.duration == .seconds(2000) && limited.source == .rate)
    }

    @Test func `what cannot be held is exact by encodings, and an upper bound without them`() async throws {
        let format = PayloadFormat(engine: .redis, rdbVersion: 14)
        let records: [Record] = [
            .string("s", "v"), Record(type: 16, key: [1], body: [0]), Record(type: 24, key: [2], body: [0]),
            Record(type: 28, key: [3], body: [0, 0]),
        ]
        var manifest = try await ArchiveFixture.make(records, format: format, instant: Self.instant).manifest
        func counts(_ change: (inout RestoreOptions) -> Void = { _ in }) -> [UnsupportedCounts.Entry] {
            var options = RestoreOptions()
            change(&options)
            let routes = RecordRoutes(from: format, to: .redis, newest: 10)
            return UnsupportedCounts(manifest, options, routes).entries
        }
        // Of hashes those whose fields have deadlines stay out, unless the deadlines go.
        let name = "hash (hash table with deadlines)"
        let array = try #require(counts().last?.name)
        #expect(counts() == [.init(name, 0, 1), .init(array, 1, 1)])
        #expect(counts { $0.types = ["string"] } == [])
        #expect(counts { $0.deadlineMode = .persist } == [.init(array, 1, 1)])
        #expect(counts { $0.match = [GlobPattern("s")] } == [.init(name, 0, 1), .init(array, 0, 1)])
        manifest.statistics.encodings = nil
        #expect(counts() == [.init("array", 1, 1), .init("hash", 0, 2)])
    }

    // MARK: On servers

    @Test func `measuring leaves no trace at the target`() async throws {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: 31, keyCount: 500)
        let fixture = try await ArchiveFixture.make(try Record.all(of: source), instant: .now)
        let target = try await RedisServer.start()
        let client = try target.client()
        let changes = try client.info("persistence", "rdb_changes_since_last_save")
        let plan = try await RestoreHarness(fixture).plan(target)
        #expect(plan.forecast.source == .measured)
        #expect(plan.forecast.rate?.recordCount ?? 0 > 0)
        #expect(try client.command("DBSIZE").integer == 0)
        #expect(try client.info("persistence", "rdb_changes_since_last_save") == changes)
        #expect(try client.info("stats", "expired_keys") == "0")
    }

    @Test func `a target that would be refused is not measured`() async throws {
        let fixture = try await ArchiveFixture.make([.string("k", "v")], instant: .now)
        let target = try await RedisServer.start()
        try target.client().command("SET", "mine", "1")
        let plan = try await RestoreHarness(fixture).plan(target)
        #expect(plan.forecast.source == .unknown && plan.forecast.duration == nil)
        #expect(try target.client().command("DBSIZE").integer == 1)
    }

    @Test func `where CONFIG, TIME and MODULE are forbidden the plan says what it does not know`() async throws {
        let fixture = try await ArchiveFixture.make([.string("k", "v")], instant: .now)
        let users = ["limited on >secret ~* &* +@all -config -time -module"]
        let target = try await RedisServer.start(.init(users: users))
        let harness = RestoreHarness(fixture)
        let plan = try await harness.plan(url: "redis://limited:secret@127.0.0.1:\(target.port)")
        #expect(plan.refusals.isEmpty, "\(plan.findings)")
        for word in ["CONFIG GET", "TIME", "MODULE LIST"] {
            #expect(plan.unknowns.contains { $0.contains(word) }, "\(plan.unknowns)")
        }
        // The memory limit and the policy stand in INFO.
        #expect(plan.target.evictionPolicy == "noeviction")
        let managed = try await RedisServer.start(.managedService)
        let ofService = try await harness.plan(managed)
        #expect(ofService.refusals.isEmpty && ofService.unknowns.contains { $0.contains("CONFIG GET") })
        let whole = try await harness.plan(try await RedisServer.start())
        #expect(whole.unknowns == [])
    }
}

/// Findings of the preflight that the report brought.
struct PlanFindingTests {
    private static func findings(
        _ records: [ArchiveFixture.Record],
        modules: [String: UInt64] = [:],
        _ change: (inout TargetFacts, inout RestoreOptions) -> Void
    ) async throws -> [PreflightFinding] {
        var manifest = try await ArchiveFixture.make(records, instant: .now).manifest
        for (name, count) in modules {
            manifest.statistics.types["module:" + name] = .init(keyCount: count, bodyByteCount: 100)
        }
        var facts = TargetFacts(address: "node:6379", engine: .redis, version: "7.0.15")
        facts.functionLibraryCount = 0
        facts.newestRDBVersion = 10
        facts.moduleNames = []
        var options = RestoreOptions()
        change(&facts, &options)
        return RestorePlan(manifest: manifest, options: options, target: facts, now: manifest.instant).findings
    }

    private static let large = [ArchiveFixture.Record.string("k", String(repeating: "x", count: 1_000_000))]

    @Test func `a target without maxmemory is held against its machine`() async throws {
        let findings = try await Self.findings(Self.large) { facts, _ in facts.systemMemory = 900_000 }
        #expect(findings.map(\.kind) == [.memoryTight] && findings.allSatisfy { !$0.isRefusal })
        #expect(try await Self.findings(Self.large) { facts, _ in facts.systemMemory = 9_000_000 } == [])
    }

    @Test func `a target that will evict soon is warned of`() async throws {
        for (limit, kinds) in [(1_100_000, [.evictingSoon]), (2_000_000, [])] as [(UInt64, [PreflightFinding.Kind])] {
            let findings = try await Self.findings(Self.large) { facts, _ in
                facts.memoryLimit = limit
                facts.evictionPolicy = "allkeys-lru"
            }
            #expect(findings.map(\.kind) == kinds, "\(limit)")
        }
    }

    @Test func `modules of the data that the target lacks are named`() async throws {
        let data = ["MBbloom--": UInt64(3)]
        let none = try await Self.findings([.string("k", "v")], modules: data) { _, _ in }
        #expect(none.map(\.kind) == [.missingModules] && !none[0].isRefusal)
        #expect(none[0].message.contains("MBbloom--"))
        let strict = try await Self.findings([.string("k", "v")], modules: data) { $1.isStrict = true }
        #expect(strict.first?.isRefusal ?? false)
        let replicated = try await Self.findings([.string("k", "v")], modules: data) { $1.method = .replication }
        #expect(replicated.first { $0.kind == .missingModules }?.isRefusal ?? false)
        let other = try await Self.findings([.string("k", "v")], modules: data) { facts, _ in
            facts.moduleNames = ["ReJSON"]
        }
        #expect(other.map(\.kind) == [.missingModules])
        #expect(
            try await Self.findings([.string("k", "v")], modules: data) { facts, _ in facts.moduleNames = ["bf"] } == []
        )
        // What brings a type that is not known here cannot be told.
        let unknown = try await Self.findings([.string("k", "v")], modules: ["whatever-": 1]) { facts, _ in
            facts.moduleNames = ["x"]
        }
        #expect(unknown == [])
    }
}
