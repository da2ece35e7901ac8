import ArchiveFormat
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Which blocks a restore loads first, and what it tells of that.
@Suite struct BlockOrderTests {
    /// An index of blocks with these tiers and numbers of records.
    private static func index(_ blocks: [(tier: UInt8, recordCount: Int)]) -> ArchiveIndex {
        var index = ArchiveIndex()
        for (number, block) in blocks.enumerated() {
            let header = BlockHeader(
                archiveTag: 1,
                number: UInt32(number),
                kind: .records,
                codec: .none,
                tier: block.tier,
                storedByteCount: 1,
                rawByteCount: 1,
                bodyByteCount: 1,
                recordCount: block.recordCount,
                storedChecksum: 0,
                firstRecord: 0
            )
            index.append(IndexEntry(offset: UInt64(number) * 100, header: header, databases: nil))
        }
        return index
    }

    private static func places(_ order: BlockOrder) -> [[UInt32]] {
        order.places.map { [UInt32($0.part), $0.block] }
    }

    @Test func `without tiers blocks come as they lie, but those that only carry a value on`() {
        let order = BlockOrder([Self.index([(0, 5), (0, 1), (0, 0), (0, 3)]), Self.index([(0, 2)])])
        #expect(Self.places(order) == [[0, 0], [0, 1], [0, 3], [1, 0]])
    }

    @Test func `the hottest tier of every part comes first`() {
        let indices = [
            Self.index([(3, 1), (0, 1), (1, 1), (0, 1)]), Self.index([]), Self.index([(1, 1), (0, 1)]),
        ]
        let order = BlockOrder(indices)
        #expect(Self.places(order) == [[0, 1], [0, 3], [2, 1], [0, 2], [2, 0], [0, 0]])
        #expect(BlockOrder(indices).fingerprint == order.fingerprint, "the same every time")
        #expect(
            BlockOrder([Self.index([(0, 1), (0, 1)])]).fingerprint
                != BlockOrder([Self.index([(1, 1), (0, 1)])]).fingerprint
        )
        #expect(BlockOrder([ArchiveIndex]()).places.isEmpty)
    }

    @Test func `a share of the accesses is served when that much weight is stored`() {
        let start = ContinuousClock.now
        var served = ServedAccesses()
        #expect(served.milestones(since: start).isEmpty)
        served.add(weight: 0, at: start)
        #expect(served.milestones(since: start).isEmpty, "nothing is known of the accesses")
        for (second, weight) in [(1, 40), (2, 10), (3, 29), (4, 1), (5, 20)] as [(Int, UInt64)] {
            served.add(weight: weight, at: start + .seconds(second))
        }
        served.add(weight: 0, at: start + .seconds(60))
        let milestones = served.milestones(since: start)
        #expect(milestones.map(\.percent) == [50, 80, 100])
        #expect(milestones.map(\.duration) == [.seconds(2), .seconds(4), .seconds(5)])
        let curve = served.curve(since: start, count: 10)
        #expect(curve.map(\.duration) == (1...5).map { .seconds($0) })
        #expect(curve.map(\.share) == [0.4, 0.5, 0.79, 0.8, 1])
        #expect(served.curve(since: start, count: 3).last?.share == 1)
        #expect(ServedAccesses().curve(since: start, count: 10) == [])
    }

    @Test func `a long run is told to a two-thousandth`() {
        let start = ContinuousClock.now
        var served = ServedAccesses()
        let count = 100_000
        for index in 1...count { served.add(weight: 1 << 40, at: start + .milliseconds(index)) }
        let curve = served.curve(since: start, count: 100)
        #expect((50...100).contains(curve.count) && curve.last?.duration == .milliseconds(count))
        #expect(curve.map(\.share) == curve.map(\.share).sorted())
        let milestones = served.milestones(since: start).map(\.duration)
        #expect(milestones[2] == .milliseconds(count))
        for (duration, exact) in zip(milestones, [50_000, 80_000]) {
            #expect((.milliseconds(exact)...(.milliseconds(exact + count / 2000))).contains(duration), "\(duration)")
        }
    }

    @Test func `a target that takes no more has the hot keys`() async throws {
        let target = try await RedisServer.start(.init(lines: ["maxmemory 6mb"]))
        let text = String(repeating: "x", count: 2000)
        // The hot keys lie among the cold ones, with a value over several blocks in either tier.
        var records = (0..<4000).map { index -> ArchiveFixture.Record in
            var record = ArchiveFixture.Record.string("key:\(index)", "\(index) " + text)
            record.tier = index % 20 == 0 ? 0 : 2
            record.access = .frequency(record.tier == 0 ? 200 : 4)
            return record
        }
        let chain = ArchiveFixture.Record.largeString("large", byteCount: 20_000)
        for (tier, place) in [(0, 2001), (2, 5)] as [(UInt8, Int)] {
            var record = chain
            record.tier = tier
            record.key += [UInt8(ascii: "0") + tier]
            records.insert(record, at: place)
        }
        let fixture = try await ArchiveFixture.make(records, instant: UnixMilliseconds.now)
        // A filter turns the refusal into a warning: nobody knows what it leaves.
        let report = try await RestoreHarness(fixture).run(target) { $0.match = [GlobPattern("*")] }
        guard case .refused = report.result.ending else {
            Issue.record("\(report.result.ending)")
            return
        }
        #expect(report.accounting.isBalanced && report.result.servedAccesses.isEmpty)
        let client = try target.client()
        // Values over several blocks come behind all others.
        let hot = (0..<4000).filter { $0 % 20 == 0 }.map { RedisArgument("key:\($0)") }
        #expect(try client.command(["EXISTS"] + hot) == .integer(Int64(hot.count)))
        #expect(try client.command("DBSIZE").integer ?? 0 < 4000)
    }

    @Test func `what was stored is told by its weight, and nothing of what is unknown`() async throws {
        var generator = SeededGenerator.fromEnvironment("BlockOrderTests", fallback: 3)
        let records = (0..<3000).map { index -> ArchiveFixture.Record in
            var record = ArchiveFixture.Record.string("key:\(index)", "value")
            record.tier = generator.chance(10) ? 0 : 1
            record.access = .idle(seconds: record.tier == 0 ? 1 : 100_000)
            return record
        }
        let fixture = try await ArchiveFixture.make(records, instant: UnixMilliseconds.now)
        let target = try await RedisServer.start()
        let report = try await RestoreHarness(fixture).run(target)
        #expect(report.failure == nil, "\(String(describing: report.failure))")
        let milestones = report.result.servedAccesses
        #expect(milestones.map(\.percent) == [50, 80, 100])
        #expect(milestones.map(\.duration) == milestones.map(\.duration).sorted())
        #expect(milestones[2].duration <= report.result.loadingDuration)
        let plain = try await ArchiveFixture.make([.string("a", "b")], instant: UnixMilliseconds.now)
        let other = try await RestoreHarness(plain).run(try await RedisServer.start())
        #expect(other.failure == nil && other.result.servedAccesses.isEmpty)
    }
}
