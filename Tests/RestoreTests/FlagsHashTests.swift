import ArchiveFormat
import ArchiveIO
import Catalog
import Foundation
import ObjectStorage
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// The hash of a Redis that keeps the client flags of Memcached's items: `--flags-hash`.
@Suite(.serialized) struct FlagsHashTests {
    private typealias Record = ArchiveFixture.Record

    private static func fixture(_ records: [Record], _ target: RedisServer) async throws -> ArchiveFixture {
        try await ArchiveFixture.items(
            records,
            instant: UnixMilliseconds(try KeyspaceContents.serverTime(try target.client()))
        )
    }

    private static func flags(_ target: RedisServer, _ hash: String = "flags") throws -> [String: String] {
        let words = try target.client().command("HGETALL", RedisArgument(hash)).array?.compactMap(\.text) ?? []
        return Dictionary(
            stride(from: 0, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private static func expect(
        _ kind: FailureKind,
        _ words: String,
        _ body: () async throws -> Void
    ) async {
        await #expect {
            try await body()
        } throws: { error in
            (error as? OperationError).map { $0.kind == kind && $0.message.contains(words) } ?? false
        }
    }

    @Test func `a hash of the key of an item is refused before anything is written, unless that item stays out`()
        async throws
    {
        let target = try await RedisServer.start()
        let fixture = try await Self.fixture(
            [.item("a", "1", clientFlags: 1), .item("flags", "2", clientFlags: 2), .item("z", "3", clientFlags: 3)],
            target
        )
        let harness = RestoreHarness(fixture)
        await Self.expect(.usage, "'flags'") { _ = try await harness.run(target) { $0.flagsHash = "flags" } }
        await Self.expect(.usage, "'flags'") { _ = try await harness.plan(target) { $0.flagsHash = "flags" } }
        #expect(try target.client().command("DBSIZE").integer == 0)
        let report = try await harness.run(target) {
            $0.flagsHash = "flags"
            $0.exclude = [GlobPattern("flags")]
        }
        #expect(report.failure == nil && report.accounting[.restored] == 2, "\(report.summary)")
        #expect(try Self.flags(target) == ["a": "1", "z": "3"])
    }

    /// An archive with an item of the hash's key among others.
    private static func damagedFixture(_ target: RedisServer) async throws -> ArchiveFixture {
        try await fixture(
            (0..<3000).map { .item($0 == 7 ? "flags" : "key:\($0)", "value \($0)", clientFlags: 5) },
            target
        )
    }

    @Test func `an item of that key is found in what is left of an archive`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await Self.damagedFixture(target)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: fixture.archivePath))
        try file.truncate(atOffset: try file.seekToEnd() / 2)
        try file.close()
        await Self.expect(.usage, "'flags'") {
            _ = try await RestoreHarness(fixture).run(target) {
                $0.flagsHash = "flags"
                $0.salvage = true
            }
        }
        #expect(try target.client().command("DBSIZE").integer == 0)
    }

    @Test func `an item of that key that is met on the way is counted, and the hash is there`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await Self.damagedFixture(target)
        let store = LocalObjectStore(root: fixture.repositoryPath)
        let archive = try await ArchiveReader.open(
            try await store.openReader(RepositoryLayout.part(0, of: fixture.manifest.id))
        )
        // Without its filters nobody can look a key up beforehand.
        let filters = try #require(archive.index.others(of: .filters).first)
        await archive.close()
        let file = URL(fileURLWithPath: fixture.archivePath)
        var bytes = try Data(contentsOf: file)
        bytes[Int(filters.end) - 1] ^= 1
        try bytes.write(to: file)
        let report = try await RestoreHarness(fixture).run(target) { $0.flagsHash = "flags" }
        #expect(report.failure?.kind == .partial && report.accounting.isBalanced, "\(report.summary)")
        #expect(report.accounting.reasons[.unsupported] == ["flagsHash": 1], "\(report.summary)")
        let flags = try Self.flags(target)
        #expect(flags.count == 2999 && flags["flags"] == nil)
    }

    @Test func `a key that holds something else is refused`() async throws {
        let target = try await RedisServer.start()
        let client = try target.client(database: 2)
        try client.command("SET", "flags", "no hash")
        let harness = RestoreHarness(try await Self.fixture([.item("key", "v", clientFlags: 7)], target))
        await Self.expect(.unsafeTarget, "holds a string") {
            _ = try await harness.run(target) {
                $0.flagsHash = "flags"
                $0.existing = .skip
                $0.databases = [DatabaseMapping(source: 0, destination: 2)]
            }
        }
        #expect(try client.command("DBSIZE").integer == 1)
        let emptied = try await harness.run(target) {
            $0.flagsHash = "flags"
            $0.flushTarget = true
        }
        #expect(emptied.failure == nil, "\(emptied.summary)")
        #expect(try Self.flags(target) == ["key": "7"])
    }

    @Test func `flags that cannot be kept make the restore partial`() async throws {
        let target = try await RedisServer.start(.init(lines: ["rename-command HSET \"\""]))
        let large = Array(repeating: UInt8(0x76), count: 50_000)
        let fixture = try await Self.fixture(
            [.item("key", "v", clientFlags: 7), .item(Array("large".utf8), large, clientFlags: 8)],
            target
        )
        let report = try await RestoreHarness(fixture).run(target) { $0.flagsHash = "flags" }
        #expect(report.accounting[.restored] == 2 && report.failure?.kind == .partial, "\(report.summary)")
        #expect(report.result.lostBlocks.filter { $0.contains("client flags of 1 items") }.count == 2)
    }

    @Test(arguments: [1, 3]) func `only what was restored has its flags in the hash`(connections: Int) async throws {
        let target = try await RedisServer.start()
        let client = try target.client()
        let large = Array(repeating: UInt8(0x76), count: 50_000)
        var records = (0..<3000).map { Record.item("key:\($0)", "new", clientFlags: UInt64($0 % 3)) }
        records += ["kept", "new"].map { Record.item(Array("large:\($0)".utf8), large, clientFlags: 9) }
        let fixture = try await Self.fixture(records, target)
        let kept = Set((0..<3000).filter { $0 % 7 == 0 }.map { "key:\($0)" } + ["large:kept"])
        for key in kept { try client.command("SET", RedisArgument(key), "own") }
        // Of kept keys with flags and without, and one of a time before: its item comes anew.
        try client.command("HSET", "flags", "key:7", "77", "key:1", "11", "key:3", "33", "stranger", "1")
        let report = try await RestoreHarness(fixture).run(target) {
            $0.flagsHash = "flags"
            $0.existing = .skip
            $0.connectionCount = connections
        }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.accounting[.existing] == UInt64(kept.count), "\(report.summary)")
        var expected = ["stranger": "1", "key:7": "77", "large:new": "9"]
        for index in 0..<3000 where index % 7 != 0 { expected["key:\(index)"] = "\(index % 3)" }
        let found = try Self.flags(target)
        #expect(found == expected, "\(found.count) of \(expected.count)")
    }
}
