import NIOCore
import RDB
import Restore
import SnapshotModel
import Testing
import Transport

@testable import Restore

@Suite struct VerificationTests {
    private static let start = UnixMilliseconds(1_000_000)

    private static func stored() -> LoadedKeyspace {
        var stored = LoadedKeyspace(start: start)
        stored.update(0) { database in
            for _ in 0..<10 { database.add(deadline: 0) }
            for _ in 0..<5 { database.add(deadline: start.rawValue + 2000) }
            for _ in 0..<3 { database.add(deadline: start.rawValue + 3_600_000) }
        }
        return stored
    }

    private static func check(_ keys: UInt64, _ expiring: UInt64, evicted: UInt64 = 0, after seconds: Int64 = 1) -> Bool
    {
        RestoreVerification.check(
            stored(),
            against: StoreCounts(keyspace: [0: .init(keyCount: keys, expiringKeyCount: expiring)]),
            evictedCount: evicted,
            now: start.advanced(byMilliseconds: seconds * 1000)
        ).allSatisfy(\.isAsExpected)
    }

    @Test func `a target that counts what was stored is as expected, one key off is not`() {
        #expect(Self.check(18, 8))
        #expect(!Self.check(17, 8))
        #expect(!Self.check(19, 8))
        #expect(!Self.check(18, 7))
        #expect(!Self.check(18, 9))
    }

    @Test func `keys that were due may be there still or not`() {
        #expect(Self.check(18, 8, after: 10))
        #expect(Self.check(13, 3, after: 10))
        #expect(!Self.check(12, 3, after: 10))
        #expect(!Self.check(13, 2, after: 10))
    }

    @Test func `hashes whose last field was due may be there still or not, and count as without deadline`() {
        var stored = LoadedKeyspace(start: Self.start)
        stored.update(0) { database in
            for seconds in [1, 2, 3600] as [Int64] {
                database.add(deadline: 0, fieldEnd: Self.start.rawValue + seconds * 1000)
            }
        }
        func isGood(_ keys: UInt64, expiring: UInt64 = 0) -> Bool {
            RestoreVerification.check(
                stored,
                against: StoreCounts(keyspace: [0: .init(keyCount: keys, expiringKeyCount: expiring)]),
                evictedCount: 0,
                now: Self.start.advanced(byMilliseconds: 10_000)
            ).allSatisfy(\.isAsExpected)
        }
        #expect(isGood(3) && isGood(2) && isGood(1))
        #expect(!isGood(0))
        #expect(!isGood(3, expiring: 1))
    }

    @Test func `a value in a form that is newer than this program is present, not different`() throws {
        func payload(_ type: UInt8, _ body: [UInt8], _ version: Int) -> ByteBuffer {
            var payload = ByteBuffer()
            DumpPayload.write(type: type, body: ByteBuffer(bytes: body), rdbVersion: version, into: &payload)
            return payload
        }
        let scope = RestoreSample(seed: 1).scope
        let expected = try #require(RestoreSample.fingerprint(.string(ByteBuffer(string: "a")), scope))
        func compare(_ payload: ByteBuffer) -> SampleReader.Outcome {
            SampleReader.compare(payload, with: expected, engine: .redis, scope: scope)
        }
        #expect(compare(payload(0, [1, 0x61], 12)) == .matches)
        #expect(compare(payload(0, [1, 0x62], 12)) == .valueDiffers)
        #expect(compare(payload(200, [1, 0x61], 16)) == .presentOnly)
        #expect(compare(ByteBuffer(bytes: [0, 1, 0x61])) == .valueDiffers)
    }

    @Test func `evicted keys may be missing anywhere`() {
        #expect(Self.check(16, 8, evicted: 2))
        #expect(!Self.check(15, 8, evicted: 2))
    }

    @Test func `a database that was not written to must be empty, and one that was cannot be`() {
        let checks = RestoreVerification.check(
            Self.stored(),
            against: StoreCounts(keyspace: [4: .init(keyCount: 1, expiringKeyCount: 0)]),
            evictedCount: 0,
            now: Self.start
        )
        #expect(checks.map(\.database) == [0, 4])
        #expect(checks.map(\.isAsExpected) == [false, false])
    }

    @Test func `the sample is that of the lowest ranks whatever the order, and forgets what was not stored`() {
        func ranks(_ ordinals: [UInt32], removing: [UInt32] = []) -> Set<UInt64> {
            var sample = RestoreSample(seed: 42)
            for ordinal in ordinals {
                let rank = sample.rank(part: 0, block: ordinal / 100, ordinal: ordinal % 100)
                guard sample.wants(rank, keyByteCount: 3) else { continue }
                sample.insert(
                    RestoreSample.Entry(rank: rank, database: 0, key: ByteBuffer(), fingerprint: nil, deadline: nil)
                )
            }
            for ordinal in removing {
                sample.remove(rank: sample.rank(part: 0, block: ordinal / 100, ordinal: ordinal % 100))
            }
            return Set(sample.entries.map(\.rank))
        }
        let forward = ranks(Array(0..<5000))
        #expect(forward.count == RestoreSample.targetCount)
        #expect(forward == ranks((0..<5000).reversed()))
        let all = (0..<5000 as Range<UInt32>).map {
            RestoreSample(seed: 42).rank(part: 0, block: $0 / 100, ordinal: $0 % 100)
        }
        #expect(forward == Set(all.sorted().prefix(RestoreSample.targetCount)))
        #expect(ranks(Array(0..<500), removing: Array(0..<500)).isEmpty)
        #expect(ranks(Array(0..<500), removing: [3, 77]).count == 498)
    }

    @Test func `long keys are not sampled`() {
        let sample = RestoreSample(seed: 1)
        #expect(!sample.wants(0, keyByteCount: RestoreSample.largestKeyByteCount + 1))
    }

    @Test func `a value that cannot be decoded has no fingerprint, and a stream none of its counters`() throws {
        let scope = RestoreSample(seed: 1).scope
        #expect(RestoreSample.fingerprint(.opaque(encoding: "module"), scope) == nil)
        let id = StreamValue.ID(milliseconds: 1, sequence: 1)
        let stream = StreamValue(
            entries: [],
            length: 0,
            lastID: id,
            firstID: id,
            maximalDeletedID: id,
            entriesAdded: 7,
            groups: []
        )
        let fingerprint = try #require(RestoreSample.fingerprint(.stream(stream), scope))
        #expect(fingerprint.streamCounters == nil)
    }
}
