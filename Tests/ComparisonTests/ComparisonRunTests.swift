import ArchiveFormat
import ByteCoding
import Comparison
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel
import TestSupport
import Testing

/// The merge of two sides against dictionaries, in memory and spilled.
struct ComparisonRunTests {
    private static let secret = SipHasher.Secret(low: 1, high: 2)

    private static func side(
        _ entries: [ComparisonEntry],
        memoryByteCount: Int,
        _ directory: TemporaryDirectory
    ) throws -> ComparisonSide {
        var side = ComparisonSide(
            secret: secret,
            limits: .init(memoryByteCount: memoryByteCount, mergeWidth: 3),
            spillingTo: .init(directory: directory.path)
        )
        for entry in entries { try side.append(entry) }
        return side
    }

    /// Keys that share long beginnings, are continuations of others, or are longer than a record holds.
    private static func key(_ generator: inout SeededGenerator) -> ByteBuffer {
        let bytes: [UInt8] =
            switch Int.random(in: 0...9, using: &generator) {
            case 0: Array(repeating: 0, count: Int.random(in: 0...12, using: &generator))
            case 1: Array("session:".utf8) + [UInt8.random(in: .min ... .max, using: &generator)]
            case 2:
                Array(repeating: 7, count: 16 << 10)
                    + Array(
                        repeating: UInt8.random(in: 0...3, using: &generator),
                        count: Int.random(in: 0...2, using: &generator)
                    )
            default: Array("key:\(Int.random(in: 0...500, using: &generator))".utf8)
            }
        return ByteBuffer(bytes: bytes)
    }

    private static func entry(_ generator: inout SeededGenerator) -> ComparisonEntry {
        func number() -> UInt64 { generator.next() }
        let isHash = generator.chance(30)
        var value = ValueFingerprint(
            kind: isHash ? .hash : .string,
            content: Digest128(first: number(), second: number())
        )
        if isHash {
            value.fieldDeadlines = FieldDeadlineFingerprint(
                earliest: UnixMilliseconds(Int64(truncatingIfNeeded: number())),
                weight: number(),
                weightedSum: number()
            )
        }
        if generator.chance(10) { value.streamCounters = number() }
        let item = ItemTraits(clientFlags: number(), cas: generator.chance(50) ? number() : nil)
        let place = ComparisonEntry.Place(part: 3, record: RecordPlace(block: 9, ordinal: UInt32(number() % 1000)))
        return ComparisonEntry(
            database: [0, 1, 15, 254, 255, 70_000][Int(number() % 6)],
            key: key(&generator),
            typeName: isHash ? "hash" : "module:MBbloom--",
            expiry: generator.chance(50) ? .never : .at(UnixMilliseconds(Int64(truncatingIfNeeded: number()))),
            fieldEnd: generator.chance(20) ? UnixMilliseconds(5) : nil,
            value: generator.chance(90) ? value : nil,
            item: generator.chance(30) ? item : nil,
            place: generator.chance(50) ? place : nil
        )
    }

    private struct Name: Hashable {
        var database: UInt32
        var key: ByteBuffer
    }

    @Test("every key comes once, as it was added last, ordered by database and key", arguments: [1 << 20, 1])
    func merging(memoryByteCount: Int) throws {
        var generator = SeededGenerator.fromEnvironment("ComparisonRunTests", fallback: 0xC0)
        let directory = try TemporaryDirectory()
        for count in [0, 1, 40, 3000] {
            let left = (0..<count).map { _ in Self.entry(&generator) }
            let right = (0..<count / 2).map { _ in
                generator.chance(50) ? left[Int(generator.next() % UInt64(count))] : Self.entry(&generator)
            }
            let expectedLeft = Dictionary(left.map { (Name(database: $0.database, key: $0.key), $0) }) { $1 }
            let expectedRight = Dictionary(right.map { (Name(database: $0.database, key: $0.key), $0) }) { $1 }
            var run = try ComparisonRun(
                left: Self.side(left, memoryByteCount: memoryByteCount, directory),
                right: Self.side(right, memoryByteCount: memoryByteCount, directory)
            )
            var seen: [Name] = []
            while let pair = try run.next() {
                let entry = try #require(pair.left ?? pair.right)
                let name = Name(database: entry.database, key: entry.key)
                #expect(pair.left == expectedLeft[name])
                #expect(pair.right == expectedRight[name])
                seen.append(name)
            }
            #expect(Set(seen).count == seen.count)
            #expect(Set(seen) == Set(expectedLeft.keys).union(expectedRight.keys))
            let short = seen.filter { $0.key.readableBytes <= 16 << 10 }
            let ordered = short.sorted { left, right in
                left.database != right.database
                    ? left.database < right.database
                    : left.key.readableBytesView.lexicographicallyPrecedes(right.key.readableBytesView)
            }
            #expect(short == ordered)
        }
    }
}
