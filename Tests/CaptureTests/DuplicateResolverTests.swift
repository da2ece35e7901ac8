import ArchiveFormat
import Capture
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel
import TestSupport
import Testing

/// The resolver and the statistics against a dictionary.
struct DuplicateResolverTests {
    @Test(
        "of several readings of a key all but the last are superseded, and their counts are taken back",
        // All in files and sorted; some in a file, none sorted; all in memory.
        arguments: [400, 64 << 10, 8 << 20]
    )
    func againstModel(memoryByteCount: Int) throws {
        var generator = SeededGenerator.fromEnvironment("DuplicateResolverTests", fallback: 0xD0B1)
        let directory = try TemporaryDirectory()
        let instant = UnixMilliseconds(1_700_000_000_000)
        var resolver = DuplicateResolver(
            limits: .init(memoryByteCount: memoryByteCount, mergeWidth: 4),
            spillingTo: .init(directory: directory.path)
        )
        var collector = StatisticsCollector(instant: instant)
        var expected = StatisticsCollector(instant: instant)
        var live: [String: (RecordPlace, RecordHead, UInt64)] = [:]
        var superseded: Set<RecordPlace> = []
        for number in 0..<2000 as Range<UInt32> {
            let head = RecordHead(
                database: UInt32.random(in: 0...2, using: &generator),
                type: UInt8.random(in: 0...5, using: &generator),
                expiry: generator.chance(50)
                    ? .never : .at(instant.advanced(byMilliseconds: .random(in: -5...10_000_000, using: &generator))),
                access: generator.chance(50) ? .none : generator.chance(50) ? .idle(seconds: 4) : .frequency(9),
                key: ByteBuffer(string: "key-\(Int.random(in: 0...900, using: &generator))")
            )
            let place = RecordPlace(block: number / 7, ordinal: number % 7)
            let byteCount = UInt64.random(in: 0...100_000, using: &generator)
            let tally = collector.addKey(KeyTraits(head), valueType: head.type, bodyByteCount: byteCount)
            try resolver.add(resolver.fingerprint(head), place: place, tally: tally)
            let name = "\(head.database)/\(String(buffer: head.key))"
            if let before = live.updateValue((place, head, byteCount), forKey: name) { superseded.insert(before.0) }
        }
        for (_, head, byteCount) in live.values {
            _ = expected.addKey(KeyTraits(head), valueType: head.type, bodyByteCount: byteCount)
        }

        var found: [RecordPlace] = []
        try resolver.resolve { (record) throws(ObjectStoreError) in
            found.append(record.place)
            collector.remove(record.tally)
        }
        #expect(Set(found) == superseded)
        #expect(found.count == superseded.count)
        var (counted, model) = (collector.statistics { "type \($0)" }, expected.statistics { "type \($0)" })
        // The largest sizes are those of all records that were read.
        (counted.largestBodyByteCount, model.largestBodyByteCount) = (0, 0)
        (counted.largestKeyByteCount, model.largestKeyByteCount) = (0, 0)
        #expect(counted == model)
        #expect(collector.keyCount == UInt64(live.count))
    }

    @Test("statistics agree with the model's own sums, remaining lives at the class borders included")
    func statisticsAgainstModel() {
        let instant = UnixMilliseconds(1_000_000)
        var collector = StatisticsCollector(instant: instant)
        var histogram = LifetimeHistogram()
        var expiries: [Expiry] = [.never, .at(UnixMilliseconds(.min)), .at(UnixMilliseconds(.max))]
        for bucket in LifetimeHistogram.buckets {
            for change in [-1, 0, 1] as [Int64] {
                expiries.append(
                    .at(instant.advanced(byMilliseconds: bucket.upToMilliseconds).advanced(byMilliseconds: change))
                )
            }
        }
        for (index, expiry) in expiries.enumerated() {
            histogram.add(expiry, at: instant)
            _ = collector.addKey(
                KeyTraits(
                    RecordHead(
                        database: UInt32(index % 2 * 15),
                        type: 0,
                        expiry: expiry,
                        key: ByteBuffer(string: "k\(index)")
                    )
                ),
                valueType: 0,
                bodyByteCount: UInt64(index)
            )
        }
        let statistics = collector.statistics { _ in "string" }
        #expect(statistics.lifetimes == histogram)
        #expect(statistics.keyCount == UInt64(expiries.count))
        #expect(statistics.expiringKeyCount == UInt64(expiries.count - 1))
        #expect(Set(statistics.databases.keys) == [0, 15])
        #expect(statistics.bodyByteCount == UInt64((0..<expiries.count).reduce(0, +)))
        #expect(statistics.largestBodyByteCount == UInt64(expiries.count - 1))
    }

    @Test("values of modules are counted under the name in their id")
    func moduleNames() {
        // "ReJSON-RL" version 3, the id that RedisJSON's values carry.
        let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let digits = Array("ReJSON-RL").reduce(UInt64(0)) { $0 << 6 | UInt64(characters.firstIndex(of: $1) ?? 0) }
        let id = RDBModuleID(rawValue: digits << 10 | 3)
        var collector = StatisticsCollector(instant: UnixMilliseconds(0))
        let head = RecordHead(database: 0, type: 7, key: ByteBuffer(string: "document"))
        _ = collector.addKey(KeyTraits(head), valueType: 7, bodyByteCount: 9, module: id)
        _ = collector.addKey(KeyTraits(head), valueType: 7, bodyByteCount: 9, module: id)
        #expect(
            collector.statistics { _ in "module" }.types == ["module:ReJSON-RL": .init(keyCount: 2, bodyByteCount: 18)]
        )
    }
}
