import ArchiveFormat
import SnapshotModel
import Testing
import Transport

@testable import Capture

/// How a sentinel is named, how long it lives, and what its absence means; without a server.
struct SentinelTests {
    private static func writer(_ mayScan: Bool, _ rate: Int?) throws -> SentinelWriter {
        SentinelWriter(ConnectionOptions(url: try NodeURL("redis://c1")), mayScan: mayScan, keysPerSecond: rate)
    }

    @Test func `it lives for ten minutes, and while a scan reads`() throws {
        #expect(try Self.writer(false, 1).lifetimeMilliseconds(keyCount: .max) == 600_000)
        #expect(try Self.writer(true, nil).lifetimeMilliseconds(keyCount: 0) == 600_000)
        // 10 000 keys at 100 per second are 100 s, and may take twice that.
        #expect(try Self.writer(true, 100).lifetimeMilliseconds(keyCount: 10_000) == 800_000)
        #expect(try Self.writer(true, 1).lifetimeMilliseconds(keyCount: .max) == 86_400_000)
    }

    @Test(arguments: [[[0, 0]], [[16_383, 16_383]], [[5, 9], [100, 101]]] as [[[UInt16]]])
    func `its name lies in a slot of the node`(ranges: [[UInt16]]) throws {
        let key = try #require(SentinelWriter.key(in: ranges))
        let slot = HashSlot.of(Array(key.utf8))
        #expect(ranges.contains { $0[0] <= slot && slot <= $0[1] })
        #expect(key.hasPrefix(SnapshotSentinel.keyPrefix))
    }

    @Test func `a node without slots has no name for it, and no two names are the same`() {
        #expect(SentinelWriter.key(in: []) == nil)
        #expect(Set((0..<100).map { _ in SentinelWriter.key(in: nil) }).count == 100)
    }

    /// What is known at the end of a capture that did not find it.
    struct Absence: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var writtenRunID: String? = "a"
        var readRunID: String? = "a"
        var isPointInTime = true
        /// The sentinel is written at 1000 and gone at 601 000.
        var readAt: Int64 = 1000
        var mayBeEvicted = false
        let isSuspicious: Bool
    }

    static let absences: [Absence] = [
        .init(testDescription: "the same node", isSuspicious: true),
        .init(testDescription: "another node", readRunID: "b", readAt: 700_000, mayBeEvicted: true, isSuspicious: true),
        .init(testDescription: "a node that is not known", readRunID: nil, mayBeEvicted: true, isSuspicious: true),
        .init(
            testDescription: "two nodes that are not known",
            writtenRunID: nil,
            readRunID: nil,
            mayBeEvicted: true,
            isSuspicious: true
        ),
        .init(testDescription: "data of before", readAt: 999, isSuspicious: false),
        .init(testDescription: "a scan that ended before", isPointInTime: false, readAt: 999, isSuspicious: true),
        .init(testDescription: "a scan that took too long", isPointInTime: false, readAt: 601_000, isSuspicious: false),
        .init(testDescription: "a hand-over too late", readAt: 601_000, isSuspicious: false),
        .init(testDescription: "right before its end", readAt: 600_999, isSuspicious: true),
        .init(testDescription: "a full node", mayBeEvicted: true, isSuspicious: false),
    ]

    @Test("that it is not there is suspicious, unless the same node explains it", arguments: absences)
    func absence(_ absence: Absence) {
        let sentinel = SnapshotSentinel(
            database: 0,
            key: "k",
            value: "v",
            writtenAt: UnixMilliseconds(1000),
            deadline: UnixMilliseconds(601_000),
            finding: .missing
        )
        let written = WrittenSentinel(sentinel, runID: absence.writtenRunID, mayBeEvicted: absence.mayBeEvicted)
        let end = UnixMilliseconds(absence.readAt)
        let consistency = Consistency(isPointInTime: absence.isPointInTime, from: end, to: end)
        let opening = CaptureOpening(
            method: absence.isPointInTime ? .replication : .scan,
            engine: .redis,
            serverVersion: "7.0.15",
            runID: absence.readRunID,
            address: "c1:6379",
            instant: end,
            consistency: consistency,
            format: PayloadFormat(engine: .redis, rdbVersion: 10),
            warnings: []
        )
        let judgement = written.judge(.missing, opening, consistency)
        #expect((judgement.suspicion != nil) == absence.isSuspicious)
        #expect((judgement.warning == nil) == absence.isSuspicious)
        #expect(judgement.sentinel.finding == (absence.isSuspicious ? .missing : .undecided))
        // Another value has no explanation.
        #expect(written.judge(.different, opening, consistency).suspicion != nil)
        #expect(written.judge(.found, opening, consistency).suspicion == nil)
    }
}
