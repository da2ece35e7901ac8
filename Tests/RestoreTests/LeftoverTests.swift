import Foundation
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Temporary keys that a restore leaves behind when it is cut off.
@Suite(.serialized) struct LeftoverTests {
    private static let token = String(repeating: "3c", count: 16)
    private static let name = "rewarm:{0}:\(token):1"

    private static func fixture() async throws -> ArchiveFixture {
        let item: [UInt8] = [0x43, 0xE8] + Array(repeating: 0x61, count: 1000)
        let body: [UInt8] = [0x80, 0, 0, 0x20, 0] + (0..<8192).flatMap { _ in item }
        let records = [
            ArchiveFixture.Record.string("small", "value"),
            ArchiveFixture.Record(type: 1, key: Array("list".utf8), body: body),
        ]
        return try await ArchiveFixture.make(records, instant: .now, blockByteCount: 64 << 10)
    }

    @Test func `what a restore leaves when its connections break is removed by the next one`() async throws {
        let target = try await RedisServer.start(.init(lines: LargeValues.limits))
        let fixture = try await Self.fixture()
        let (broken, hasSeen) = try await LargeValues.atFirstTemporaryKey(target) { client, _ in
            try client.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        } during: { url in
            try await RestoreHarness(fixture).run(url: url)
        }
        #expect(hasSeen)
        #expect(broken.accounting.isBalanced && broken.failure != nil, "\(broken.summary)")
        #expect(broken.accounting.reasons[.failed]?["connectionLost"] == 1, "\(broken.summary)")
        let client = try target.client()
        #expect(try client.command("EXISTS", "list").integer == 0)
        #expect(try LargeValues.temporaryKeys(target).count == 1)
        try client.command("DEL", "small")
        // The target holds nothing but the leftover: that is no reason to refuse it, and its counts are to be right.
        let plan = try await RestoreHarness(fixture).plan(target)
        #expect(plan.refusals == [])
        #expect(plan.warnings.map(\.kind) == [.leftovers])
        #expect(try LargeValues.temporaryKeys(target).count == 1)
        let report = try await RestoreHarness(fixture).run(target)
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.counts == ["restored": 2])
        #expect(report.result.verification?.databases.first?.keyCount == 2)
        #expect(try LargeValues.temporaryKeys(target) == [])
    }

    @Test func `the key of a restore that lives stays, and the target is not empty`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await Self.fixture()
        let client = try target.client()
        try client.command("RPUSH", RedisArgument(Self.name), "x")
        try client.command("EXPIRE", RedisArgument(Self.name), "80000")
        var maker: RedisClient? = try target.client()
        try maker?.command("CLIENT", "SETNAME", "rewarm-restore:\(Self.token)")
        #expect(try await RestoreHarness(fixture).plan(target).refusals.map(\.kind) == [.notEmpty])
        let beside = try await RestoreHarness(fixture).run(target) { $0.existing = .skip }
        #expect(beside.failure == nil, "\(beside.summary)")
        #expect(try client.command("EXISTS", RedisArgument(Self.name)).integer == 1)
        maker = nil
        while try client.command("CLIENT", "LIST").text?.contains(Self.token) == true { await Task.yield() }
        _ = try await RestoreHarness(fixture).run(target) { $0.existing = .skip }
        #expect(try client.command("EXISTS", RedisArgument(Self.name)).integer == 0)
    }

    @Test func `a user's keys stay, whatever they are called`() async throws {
        let target = try await RedisServer.start()
        let client = try target.client(database: 3)
        let names = [Self.name + ":1", Self.name.uppercased(), "rewarm:{0}:short:1", Self.name]
        for name in names { try client.command("SET", RedisArgument(name), "x") }
        // All with a deadline but the one that has exactly the form: no temporary key is without.
        for name in names.dropLast() { try client.command("EXPIRE", RedisArgument(name), "1000") }
        // And one whose deadline is beyond the life of a temporary key.
        let far = Self.name.dropLast() + "2"
        try client.command("SET", RedisArgument(String(far)), "x", "EX", "100000")
        #expect(try await RestoreHarness(try await Self.fixture()).plan(target).refusals.map(\.kind) == [.notEmpty])
        let report = try await RestoreHarness(try await Self.fixture()).run(target) { $0.existing = .skip }
        #expect(report.failure == nil, "\(report.summary)")
        for name in names + [String(far)] {
            #expect(try client.command("EXISTS", RedisArgument(name)).integer == 1, "\(name)")
        }
    }

    @Test func `where CLIENT LIST is forbidden, only what has lived for long is removed`() async throws {
        let target = try await RedisServer.start(.init(withheldCommands: ["CLIENT"]))
        let client = try target.client()
        let old = Self.name.dropLast() + "2"
        try client.command("SET", RedisArgument(Self.name), "x", "EX", "80000")
        try client.command("SET", RedisArgument(String(old)), "x", "EX", "40000")
        let report = try await RestoreHarness(try await Self.fixture()).run(target) { $0.existing = .skip }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(try LargeValues.temporaryKeys(target) == [Self.name])
    }
}
