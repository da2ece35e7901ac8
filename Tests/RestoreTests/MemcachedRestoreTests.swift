import Memcached
import NIOCore
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Restores to a real Memcached, from archives made by the test.
@Suite(.serialized, .enabled(if: MemcachedServer.isInstalled)) struct MemcachedRestoreTests {
    private typealias Record = ArchiveFixture.Record

    /// Of this many, `key:0` and so on.
    private static func items(_ count: Int, value: String = "value") -> [Record] {
        (0..<count).map { .item("key:\($0)", "\(value) \($0)") }
    }

    private static func expectGood(_ report: RestoreReport, restored: UInt64) {
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.accounting[.restored] == restored, "\(report.summary)")
        #expect(report.accounting.isBalanced)
        #expect(report.result.verification?.isGood ?? false, "\(String(describing: report.result.verification))")
    }

    @Test(arguments: [1, 3]) func `every class of item comes back exactly`(lanes: Int) async throws {
        let target = try await ItemTarget.start(["-m", "256"])
        let seed = SeededGenerator.fromEnvironment("restored items", fallback: 5).seed
        let now = try target.now()
        var generator = MemcachedItems(seed: seed, now: now, minimumLifetime: 1)
        let items = generator.special(largestValue: 1_048_400) + (0..<4000).map { generator.ordinary($0) }
        let fixture = try await ArchiveFixture.items(
            items.map { .item($0, now: now) },
            instant: UnixMilliseconds(now * 1000),
            blockByteCount: 16 << 10
        )
        let report = try await RestoreHarness(fixture).run(url: target.url) { $0.connectionCount = lanes }
        let accounting = report.accounting
        #expect(report.failure == nil, "\(report.summary), seed \(seed)")
        // What has a life of one or two seconds may have ended on the way.
        #expect(accounting[.restored] + accounting[.expired] == UInt64(items.count), "seed \(seed)")
        #expect(accounting.omissions["cas:item"] == accounting[.restored])
        #expect(report.result.verification?.sampledKeyCount == 1000)
        #expect(report.result.verification?.isGood ?? false, "\(String(describing: report.result.verification))")
        let differences = try target.differences(from: items, storedAt: now)
        #expect(differences == [], "\(differences.count): \(differences.prefix(5)), seed \(seed)")
        #expect(report.plan.warnings.contains { $0.kind == .casNotKept })
    }

    @Test func `an item of the largest size goes, and one byte more is counted`() async throws {
        let target = try await ItemTarget.start()
        let largest = (1 << 20) - 59 - 3
        let fixture = try await ArchiveFixture.items(
            [
                .item(Array("fit".utf8), Array(repeating: 0x61, count: largest)),
                .item(Array("big".utf8), Array(repeating: 0x61, count: largest + 1)),
                .item(Array("flg".utf8), Array(repeating: 0x61, count: largest), clientFlags: 1),
            ],
            instant: try target.instant()
        )
        let harness = RestoreHarness(fixture)
        let report = try await harness.run(url: target.url)
        #expect(report.accounting[.restored] == 1)
        #expect(report.accounting.reasons[.unsupported] == ["tooLarge:item": 2])
        #expect(report.failure?.kind == .partial)
        #expect(try target.read("fit")?.value.count == largest)
        // The bound is the server's: it takes the one and refuses the other.
        let client = try target.server.client()
        for (key, isTaken) in [("fi2", true), ("bi2", false)] {
            let count = isTaken ? largest : largest + 1
            try client.send("ms \(key) \(count)\r\n" + String(repeating: "b", count: count) + "\r\n")
            #expect(try client.line().hasPrefix("HD") == isTaken)
        }
        await #expect {
            _ = try await harness.run(url: target.url) {
                $0.isStrict = true
                $0.flushTarget = true
            }
        } throws: { error in
            (error as? OperationError)?.kind == .unsafeTarget
        }
        #expect(try target.read("fit") != nil, "a refused restore flushes nothing")
    }

    @Test func `what has less than a second left is not sent, and no deadline is passed`() async throws {
        let target = try await ItemTarget.start()
        let now = try target.now()
        let fixture = try await ArchiveFixture.items(
            [
                .item("past", "x", expiry: .at(UnixMilliseconds((now - 5) * 1000))),
                .item("now", "x", expiry: .at(UnixMilliseconds(now * 1000))),
                .item("fraction", "x", expiry: .at(UnixMilliseconds((now + 100) * 1000 + 700))),
                .item("far", "x", expiry: .at(UnixMilliseconds(Int64(UInt32.max) * 2000))),
            ],
            instant: UnixMilliseconds((now - 10) * 1000)
        )
        let report = try await RestoreHarness(fixture).run(url: target.url)
        #expect(report.accounting[.expired] == 2 && report.accounting[.restored] == 2, "\(report.summary)")
        #expect(report.accounting.omissions["deadlineAfter2038"] == 1)
        #expect(try target.text("past") == nil && target.text("now") == nil)
        let client = try target.server.client()
        let (before, left) = (try client.time(), try #require(try target.read("fraction")?.remainingSeconds))
        #expect(before + left <= now + 100 && before + left >= now + 99)
        let farLeft = try #require(try target.read("far")?.remainingSeconds)
        #expect(abs(try client.time() + farLeft - Int64(Int32.max)) <= 1)
    }

    @Test func `lives start again, are shortened, or end never, as asked`() async throws {
        let target = try await ItemTarget.start()
        let now = try target.now()
        let ago = UnixMilliseconds((now - 1000) * 1000)
        let records = (0..<100).map {
            Record.item("key:\($0)", "x", expiry: .at(UnixMilliseconds((now - 1000 + 500) * 1000)))
        }
        let harness = RestoreHarness(try await ArchiveFixture.items(records, instant: ago))
        Self.expectGood(try await harness.run(url: target.url) { $0.deadlineMode = .remaining }, restored: 100)
        let left = try #require(try target.read("key:7")?.remainingSeconds)
        #expect((480...501).contains(left))
        let persisted = try await harness.run(url: target.url) {
            $0.deadlineMode = .persist
            $0.existing = .replace
        }
        Self.expectGood(persisted, restored: 100)
        #expect(try target.read("key:7")?.remainingSeconds == nil)
        let shortened = try await harness.run(url: target.url) {
            $0.deadlineMode = .remaining
            $0.deadlineJitterPercent = 50
            $0.existing = .replace
        }
        Self.expectGood(shortened, restored: 100)
        let lives = try (0..<100).compactMap { try target.read("key:\($0)")?.remainingSeconds }
        #expect(lives.count == 100 && Set(lives).count > 20 && lives.allSatisfy { (200...501).contains($0) })
    }

    @Test func `a target that holds items is refused, skipped, filled, replaced or emptied, as asked`() async throws {
        let target = try await ItemTarget.start()
        let client = try target.server.client()
        try client.store([.init("key:3", "theirs"), .init("other", "theirs")])
        let harness = RestoreHarness(try await ArchiveFixture.items(Self.items(10), instant: try target.instant()))
        await #expect {
            _ = try await harness.run(url: target.url)
        } throws: { error in
            (error as? OperationError)?.kind == .unsafeTarget
        }
        #expect(try target.present(10) == [3])
        let skipped = try await harness.run(url: target.url) { $0.existing = .skip }
        #expect(skipped.accounting[.restored] == 9 && skipped.accounting[.existing] == 1, "\(skipped.summary)")
        #expect(skipped.failure == nil)
        #expect(try target.text("key:3") == "theirs")
        try client.send("md key:5\r\n")
        _ = try client.line()
        let missing = try await harness.run(url: target.url) { $0.onlyMissing = true }
        #expect(missing.accounting[.restored] == 1 && missing.accounting[.existing] == 9, "\(missing.summary)")
        #expect(missing.result.sentByteCount < 100)
        Self.expectGood(try await harness.run(url: target.url) { $0.existing = .replace }, restored: 10)
        #expect(try target.text("key:3") == "value 3")
        #expect(try target.text("other") == "theirs")
        Self.expectGood(try await harness.run(url: target.url) { $0.flushTarget = true }, restored: 10)
        #expect(try target.text("other") == nil)
    }

    @Test func `what was flushed or has expired is no item that a target holds`() async throws {
        let target = try await ItemTarget.start()
        let client = try target.server.client()
        try client.store((0..<50).map { .init("dead:\($0)", "x") })
        // What was stored in the second of the command it takes out of its count at once; of before, only when it is met.
        let stored = try client.time()
        while try client.time() < stored + 2 {}
        #expect(try client.command("flush_all") == "OK")
        #expect(try Int(client.stats()["curr_items"] ?? "0") ?? 0 > 0)
        let harness = RestoreHarness(try await ArchiveFixture.items(Self.items(10), instant: try target.instant()))
        Self.expectGood(try await harness.run(url: target.url), restored: 10)
    }

    @Test func `keys in every form arrive, and those that have none are counted`() async throws {
        let target = try await ItemTarget.start()
        let long = (0..<240).map { UInt8(33 + $0 % 90) }
        let control = [1] + long
        let fixture = try await ArchiveFixture.make(
            [
                .string("", "empty"), .string("two words", "spaced"),
                Record(key: [0, 10, 13, 255], body: [1, 0x61]),
                Record(key: control, body: [1, 0x62]),
                Record(key: [32] + long, body: [1, 0x63]),
                Record(key: Array(repeating: 0x6B, count: 251), body: [1, 0x64]),
                Record(key: Array(repeating: 0x6B, count: 250), body: [1, 0x65]),
            ],
            instant: try target.instant()
        )
        let report = try await RestoreHarness(fixture).run(url: target.url)
        #expect(report.accounting[.restored] == 4, "\(report.summary)")
        #expect(report.accounting.reasons[.unsupported] == ["emptyKey": 1, "keyTooLong": 2])
        let client = try target.server.client()
        #expect(try client.read(Array("two words".utf8), isBinary: true)?.value == Array("spaced".utf8))
        #expect(try client.read([0, 10, 13, 255], isBinary: true)?.value == [0x61])
        #expect(try client.read(control, isBinary: false)?.value == [0x62])
        #expect(try client.read(Array(repeating: 0x6B, count: 250), isBinary: false)?.value == [0x65])
    }

    @Test func `an eviction run is partial, its numbers are the server's, and the hottest stay`() async throws {
        let target = try await ItemTarget.start(["-m", "8"])
        let count = 40_000
        // The hottest tier stands first in the archive, and must come last.
        let records = (0..<count).map { index in
            Record.item(
                Array("key:\(index)".utf8),
                Array(repeating: 0x76, count: 300),
                tier: UInt8(index * 8 / count)
            )
        }
        let fixture = try await ArchiveFixture.items(records, instant: try target.instant(), blockByteCount: 64 << 10)
        let harness = RestoreHarness(fixture)
        let report = try await harness.run(url: target.url)
        #expect(report.failure?.kind == .partial, "\(report.summary)")
        #expect(report.accounting.isBalanced)
        let client = try target.server.client()
        let evicted = try #require(try client.stats()["evictions"].flatMap { UInt64($0) })
        #expect(evicted > 1000)
        #expect(report.accounting[.evicted] == evicted)
        let present = try target.present(count)
        #expect(UInt64(present.count) == report.accounting[.restored])
        #expect((0..<count / 8).allSatisfy(present.contains), "the hottest tier is there as a whole")
        #expect(report.plan.warnings.contains { $0.kind == .evicting })
        await #expect {
            _ = try await harness.run(url: target.url) {
                $0.isStrict = true
                $0.existing = .skip
            }
        } throws: { error in
            (error as? OperationError)?.kind == .unsafeTarget
        }
    }

    @Test func `evictions of other items are theirs: what the names tell of the restored ones is counted`()
        async throws
    {
        let target = try await ItemTarget.start(["-m", "8"])
        let client = try target.server.client()
        let value = [UInt8](repeating: 0x76, count: 300)
        // Colder than all that comes, and more than the server has room for.
        try client.store((0..<40_000).map { .init(key: Array("other:\($0)".utf8), value: value) })
        let before = try #require(try client.stats()["evictions"].flatMap { UInt64($0) })
        let records = (0..<4000).map { Record.item(Array("key:\($0)".utf8), value) }
        let fixture = try await ArchiveFixture.items(records, instant: try target.instant(), blockByteCount: 64 << 10)
        let harness = RestoreHarness(fixture)
        let report = try await harness.run(url: target.url) { $0.existing = .skip }
        let evicted = try #require(try client.stats()["evictions"].flatMap { UInt64($0) }) - before
        let present = try target.present(4000).count
        #expect(evicted >= 4000 && report.result.evictedKeyCount == evicted)
        #expect(report.accounting[.restored] == UInt64(present), "\(report.summary)")
        #expect(report.accounting[.evicted] == UInt64(4000 - present) && report.accounting.isBalanced)
        #expect(present == 4000 && report.failure == nil, "\(report.summary)")
        #expect(harness.notices.contains { "\($0)".contains("evicted \(evicted) items") })
    }

    @Test func `where no names can be read, every eviction counts as one of the snapshot's`() async throws {
        let target = try await ItemTarget.start(["-m", "8", "-X"])
        let client = try target.server.client()
        let value = [UInt8](repeating: 0x76, count: 300)
        try client.store((0..<40_000).map { .init(key: Array("other:\($0)".utf8), value: value) })
        let records = (0..<1000).map { Record.item(Array("key:\($0)".utf8), value) }
        let harness = RestoreHarness(try await ArchiveFixture.items(records, instant: try target.instant()))
        let report = try await harness.run(url: target.url) { $0.existing = .skip }
        #expect(report.accounting[.evicted] > 0 && report.failure?.kind == .partial, "\(report.summary)")
        #expect(harness.notices.contains { "\($0)".contains("whose they were is not known") })
    }

    @Test func `a server that evicts nothing ends the run when it is full, and the rest is sent by --resume`()
        async throws
    {
        let target = try await ItemTarget.start(["-M", "-m", "8"])
        let count = 60_000
        // Their bytes alone would fit; what the server needs beside them does not.
        let records = (0..<count).map { Record.item("key:\($0)", String(repeating: "v", count: 60)) }
        let harness = RestoreHarness(try await ArchiveFixture.items(records, instant: try target.instant()))
        let full = try await harness.run(url: target.url)
        #expect(full.failure?.kind == .partial, "\(full.summary)")
        #expect(full.accounting.isBalanced && full.accounting[.failed] > 0)
        #expect(full.accounting.reasons[.failed]?["outOfMemory"] ?? 0 > 0)
        #expect(full.result.errorTexts["outOfMemory"] == "SERVER_ERROR out of memory storing object")
        let present = try target.present(count)
        #expect(UInt64(present.count) == full.accounting[.restored])
        let client = try target.server.client()
        #expect(try client.command("cache_memlimit 64") == "OK")
        let rest = try await harness.run(url: target.url) { $0.resumes = true }
        #expect(rest.failure == nil, "\(rest.summary)")
        #expect(rest.accounting[.restored] + rest.accounting[.restoredEarlier] == UInt64(count), "\(rest.summary)")
        #expect(try target.present(count).count == count)
    }

    @Test func `a target that is far too small is refused before the first write where it evicts nothing`() async throws
    {
        let target = try await ItemTarget.start(["-M", "-m", "2"])
        let records = (0..<100).map { Record.item("key:\($0)", String(repeating: "v", count: 50_000)) }
        let harness = RestoreHarness(try await ArchiveFixture.items(records, instant: try target.instant()))
        await #expect {
            _ = try await harness.run(url: target.url)
        } throws: { error in
            (error as? OperationError)?.kind == .unsafeTarget && "\(error)".contains("-M")
        }
        #expect(try target.server.client().stats()["curr_items"] == "0")
    }

    @Test(arguments: [["-F"], ["-X"], ["-C"], ["-o", "no_lru_crawler,no_lru_maintainer"]])
    func `servers that withhold something are filled all the same`(arguments: [String]) async throws {
        let target = try await ItemTarget.start(arguments)
        let harness = RestoreHarness(try await ArchiveFixture.items(Self.items(2000), instant: try target.instant()))
        Self.expectGood(try await harness.run(url: target.url), restored: 2000)
        #expect(try target.present(2000).count == 2000)
        if arguments == ["-F"] {
            await #expect {
                _ = try await harness.run(url: target.url) { $0.flushTarget = true }
            } throws: { error in
                "\(error)".contains("-F")
            }
        }
    }

    @Test(arguments: [1, 2])
    func `invalidated items are so again, and those of others are left alone`(lanes: Int) async throws {
        let target = try await ItemTarget.start(["-m", "128", "-I", "2m"])
        let client = try target.server.client()
        let large = [UInt8](repeating: 0x76, count: 1_500_000)
        var records = (0..<600).map { Record.item(Array("key:\($0)".utf8), [0x76], isStale: $0 % 2 == 0) }
        records += ["own", "new"].map { Record.item(Array("large:\($0)".utf8), large, isStale: true) }
        let own = (0..<600).filter { $0 % 3 == 0 }.map { "key:\($0)" } + ["large:own"]
        try client.store(own.map { .init($0, "of another") })
        let harness = RestoreHarness(try await ArchiveFixture.items(records, instant: try target.instant()))
        let report = try await harness.run(url: target.url) {
            $0.existing = .skip
            $0.connectionCount = lanes
        }
        #expect(report.failure == nil && report.accounting[.existing] == UInt64(own.count), "\(report.summary)")
        #expect(report.accounting.omissions["stale:item"] == nil)
        let keys = (0..<600).map { "key:\($0)" } + ["large:own", "large:new"]
        for key in keys {
            let found = try #require(try target.read(key), "\(key)")
            let isOwn = own.contains(key)
            let isEven = Int(key.dropFirst(4)).map { $0.isMultiple(of: 2) } ?? false
            let isStale = !isOwn && (isEven || key == "large:new")
            // The first reader of each gets the right to renew it: the check afterwards has not taken that.
            #expect(found.marks == (isStale ? ["X", "W"] : []), "\(key): \(found.marks)")
            #expect(isOwn == (found.value == Array("of another".utf8)), "\(key)")
        }
    }

    @Test func `without CAS values no item is invalidated, and that is counted`() async throws {
        let target = try await ItemTarget.start(["-C"])
        let records = (0..<10).map { Record.item(Array("key:\($0)".utf8), [0x76], isStale: true) }
        let harness = RestoreHarness(try await ArchiveFixture.items(records, instant: try target.instant()))
        let report = try await harness.run(url: target.url)
        #expect(report.failure == nil && report.accounting.omissions == ["stale:item": 10], "\(report.summary)")
        #expect(try target.read("key:0")?.marks == [])
    }

    @Test func `options that have no meaning there are usage errors`() async throws {
        let target = try await ItemTarget.start()
        let harness = RestoreHarness(try await ArchiveFixture.items(Self.items(3), instant: try target.instant()))
        let senseless: [(inout RestoreOptions) -> Void] = [
            { $0.method = .replication }, { $0.databases = [DatabaseMapping(source: 0, destination: 0)] },
            { $0.types = ["string"] }, { $0.flagsHash = "flags" },
        ]
        for change in senseless {
            await #expect {
                _ = try await harness.run(url: target.url, change)
            } throws: { error in
                (error as? OperationError)?.kind == .usage
            }
        }
        #expect(try target.server.client().stats()["cmd_set"] == "0")
    }
}
