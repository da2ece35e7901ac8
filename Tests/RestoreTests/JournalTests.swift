import ByteCoding
import NIOCore
import RDB
import SnapshotModel
import Testing

@testable import Restore

/// The journal's lines, and what of them a later run goes by.
@Suite struct JournalTests {
    private static let start = UnixMilliseconds(1_000_000)

    private static let secret = SipHasher.Secret(low: 1, high: .max)

    /// Of a hash with a deadline: every part of it is there.
    private static let fingerprint = RestoreSample.fingerprint(
        .hash([.init(field: ByteBuffer(string: "f"), value: ByteBuffer(string: "v"), expiry: .at(start))]),
        RestoreSample.scope(secret)
    )

    private static func header() -> RestoreJournalHeader {
        RestoreJournalHeader(
            snapshot: SnapshotID(instant: start, random: 7),
            address: "h:1",
            node: JournaledNode(runID: "a", replicationID: "r"),
            options: RestoreOptions().journaled,
            start: start,
            sampleSeed: 9,
            sampleSecret: secret,
            wasEmpty: true,
            evictedBefore: 0,
            blockCount: 100,
            orderFingerprint: 5
        )
    }

    private static func window(_ units: Range<Int>, after milliseconds: Int64) -> ConfirmedWindow {
        var totals = RestoreTotals(start: start)
        totals.accounting.add(10, to: .restored)
        totals.handledRecordCount = 10
        totals.keyspace.update(3) { $0.add(deadline: start.rawValue + 5000) }
        return ConfirmedWindow(
            start: units.lowerBound,
            end: units.upperBound,
            confirmedAt: start.advanced(byMilliseconds: milliseconds),
            totals: totals,
            sample: [
                RestoreSample.Entry(
                    rank: 4,
                    unit: units.lowerBound,
                    database: 3,
                    key: ByteBuffer(bytes: [0, 255]),
                    fingerprint: fingerprint
                )
            ]
        )
    }

    private static func lines() throws -> [ByteBuffer] {
        try [
            RestoreJournalLine(header: header()), RestoreJournalLine(reach: 4),
            RestoreJournalLine(confirmed: [window(0..<2, after: 0)], reach: 8),
            RestoreJournalLine(confirmed: [window(2..<4, after: 9000)], reach: 12),
        ].map { try $0.encode() }
    }

    private static func joined(_ lines: [ByteBuffer]) -> ByteBuffer {
        lines.reduce(into: ByteBuffer()) { all, line in all.writeImmutableBuffer(line) }
    }

    @Test func `a journal says what was written into it`() throws {
        let content = try #require(RestoreJournalContent(Self.joined(try Self.lines())))
        #expect(content.header == Self.header())
        #expect(content.confirmed.end == 4 && content.reach == 12)
        #expect(content.handledRecordCount == 20)
        #expect(content.confirmed.totals.accounting[.restored] == 20)
        #expect(content.confirmed.totals.keyspace.databases[3]?.deadlines.count == 2)
        #expect(content.sample.map(\.key) == [ByteBuffer(bytes: [0, 255]), ByteBuffer(bytes: [0, 255])])
        let fingerprint = try #require(Self.fingerprint)
        #expect(fingerprint.fieldDeadlines != nil)
        #expect(content.sample.map(\.fingerprint) == [fingerprint, fingerprint])
    }

    @Test func `fingerprints of a secret that the journal does not have are not compared`() throws {
        var header = Self.header()
        header.sampleSecret = nil
        let lines = try [
            RestoreJournalLine(header: header), RestoreJournalLine(confirmed: [Self.window(0..<2, after: 0)], reach: 8),
        ].map { try $0.encode() }
        let content = try #require(RestoreJournalContent(Self.joined(lines)))
        #expect(content.sample.count == 1 && content.sample.allSatisfy { $0.fingerprint == nil })
    }

    @Test func `a journal that is cut anywhere is the whole lines before the cut`() throws {
        let lines = try Self.lines()
        let all = Self.joined(lines)
        for length in 0..<all.readableBytes {
            var wholeCount = 0
            var byteCount = 0
            for line in lines {
                guard byteCount + line.readableBytes <= length else { break }
                byteCount += line.readableBytes
                wholeCount += 1
            }
            let content = RestoreJournalContent(all.getSlice(at: 0, length: length) ?? ByteBuffer())
            #expect((content == nil) == (wholeCount == 0), "\(length)")
            #expect(content?.confirmed.end ?? 0 == [0, 0, 0, 2][min(wholeCount, 3)], "\(length)")
            #expect(content?.byteCount ?? UInt64(byteCount) == UInt64(byteCount), "\(length)")
        }
    }

    @Test func `a changed byte ends the journal before its line`() throws {
        let lines = try Self.lines()
        let all = Self.joined(lines)
        let third = lines[0].readableBytes + lines[1].readableBytes
        for place in third..<third + lines[2].readableBytes - 1 {
            var bytes = all
            let byte = try #require(bytes.getInteger(at: place, as: UInt8.self))
            bytes.setInteger(byte ^ 0x04, at: place)
            let content = try #require(RestoreJournalContent(bytes))
            #expect(content.confirmed.end == 0 && content.reach == 4, "\(place)")
        }
    }

    @Test func `what a restarted server may have lost is taken back`() throws {
        var progress = ConfirmedProgress(start: Self.start)
        progress.add(Self.window(0..<2, after: 0))
        progress.add(Self.window(2..<4, after: 9000))
        progress.add(Self.window(4..<6, after: 9500))
        #expect(progress.end == 6 && progress.certainEnd == 2)
        progress.dropUncertain()
        #expect(progress.end == 2 && progress.totals.accounting[.restored] == 10)
    }

    @Test func `windows take about a second, and grow no faster than fourfold`() {
        var sizer = WindowSizer()
        var now = ContinuousClock.now
        let first = sizer.next(at: now)
        now += .milliseconds(1)
        #expect(sizer.next(at: now) == 4 * first)
        now += .seconds(4)
        #expect(sizer.next(at: now) == first)
        for _ in 0..<20 {
            now += .seconds(60)
            #expect(sizer.next(at: now) >= 1)
        }
        #expect(sizer.next(at: now + .seconds(60)) == 1)
    }

    @Test func `pauses double up to a bound, each spread at random`() {
        var pause = RetryPause()
        var random = SystemRandomNumberGenerator()
        for usual in [100, 200, 400, 800, 1600, 3200, 5000, 5000] as [Int64] {
            let length = pause.next(using: &random)
            #expect((.milliseconds(usual / 2)...(.milliseconds(usual + usual / 2))).contains(length))
        }
    }

    @Test func `options that differ are named with both values`() {
        var options = RestoreOptions()
        let earlier = options.journaled
        #expect(options.difference(from: earlier) == nil)
        options.deadlineMode = .persist
        options.types = ["set", "list"]
        #expect(
            options.difference(from: earlier)
                == "--ttl was deadline and is persist now, --type was none and is list, set now"
        )
    }

    @Test func `options about losses may change, and are named`() {
        var options = RestoreOptions()
        var earlier = options.journaled
        #expect(options.change(from: earlier) == nil)
        options.salvage = true
        options.isStrict = true
        #expect(options.difference(from: earlier) == nil)
        #expect(
            options.change(from: earlier)
                == "--salvage was not given and is given now, --strict was not given and is given now"
        )
        // Journals of before they were noted.
        (earlier["--salvage"], earlier["--strict"]) = (nil, nil)
        #expect(options.difference(from: earlier) == nil && options.change(from: earlier) == nil)
    }
}
