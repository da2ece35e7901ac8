package import ArchiveFormat
package import ArchiveIO
import NIOCore
package import ObjectStorage
package import RDB
package import SnapshotModel

/// Where every way of capture puts its records: blocks for the writer, counts, and the places of duplicates.
///
///     begin(head); the body goes to `blocks.builder.buffer`; end()
///     needsFlush between records, or the buffer full within one: flush()
package struct RecordSink: ~Copyable {
    /// The blocks being filled; bodies are appended to the buffer of the one in use.
    package var blocks: TieredBlocks
    package private(set) var statistics: StatisticsCollector
    /// How many seconds after the sample that the tiers come from the records' idle times are told.
    package var sampleAge: UInt64 = 0
    /// Bytes of the blocks taken so far.
    package private(set) var rawByteCount: UInt64 = 0

    private let writer: ArchiveWriter
    private let tiers: AccessTierBounds?
    private var duplicates: DuplicateResolver?
    private var open: OpenRecord?
    /// Whether the open record's value was cut.
    private var isGoingOn = false
    /// A value that was cut has ended in the block: no block of another tier may come before this one.
    private var endsChain = false

    /// The record between `begin` and `end`.
    private struct OpenRecord {
        var kind: RecordKind
        var traits: KeyTraits
        var place: RecordPlace
        /// Only where duplicates are looked for.
        var fingerprint: ExternalSortKey?
        /// Where the body, or the chunk after the last cut, begins in the block's buffer.
        var bodyStart: Int
        /// Bytes of the chunks before it.
        var cutByteCount: UInt64 = 0
    }

    /// `tiers` is nil for blocks in the order of the source.
    package init(
        writer: ArchiveWriter,
        instant: UnixMilliseconds,
        tiers: AccessTierBounds?,
        duplicates: consuming DuplicateResolver?
    ) {
        self.writer = writer
        self.tiers = tiers
        self.duplicates = duplicates
        blocks = TieredBlocks(tierCount: tiers?.tierCount ?? 1, writer: writer)
        statistics = StatisticsCollector(instant: instant, tiers: tiers)
    }

    /// The most readable bytes of `blocks.builder.buffer` before `flush` within a record.
    ///
    /// A value that is cut fills its further blocks only to half the limit, which is what blocks aim at: larger ones
    /// would take twice the memory in every queue behind.
    package var bodyLimit: Int {
        isGoingOn ? blocks.builder.bodyLimit / 2 : blocks.builder.bodyLimit
    }

    /// Whether records go to different blocks by their last use, so that `sampleAge` matters.
    package var hasTiers: Bool { blocks.tierCount > 1 }

    /// Whether the block should be flushed before the next record.
    package var needsFlush: Bool { blocks.builder.isFull || endsChain }

    package mutating func begin(_ head: RecordHead) throws(ArchiveError) {
        if blocks.tierCount > 1, let tiers {
            blocks.select(head.kind == .key ? tiers.tier(of: head.access, toldAfter: sampleAge) : 0)
        }
        let place = try blocks.builder.begin(head)
        // Without the key: it shares the memory of the input, which is to be used again.
        open = OpenRecord(
            kind: head.kind,
            traits: KeyTraits(head),
            place: blocks.provisional(place),
            fingerprint: duplicates?.fingerprint(head),
            bodyStart: blocks.builder.buffer.readableBytes
        )
    }

    /// Ends the record: its body is complete.
    ///
    /// `valueType` is the type of a value whose record has another one because metadata of the key come first; `module`
    /// is the data type of a module's value; `slabClass` is a Memcached item's.
    package mutating func end(
        valueType: UInt8? = nil,
        module: RDBModuleID? = nil,
        slabClass: UInt8? = nil
    ) throws(ObjectStoreError) {
        guard let record = open.take() else { preconditionFailure("no record is open") }
        let bodyByteCount = record.cutByteCount + UInt64(blocks.builder.buffer.readableBytes - record.bodyStart)
        endsChain = isGoingOn && blocks.tierCount > 1
        isGoingOn = false
        blocks.builder.end()
        switch record.kind {
        case .functionLibrary: statistics.addFunctionLibrary()
        case .moduleAuxiliary: statistics.addModuleAuxiliary()
        case .key:
            let tally = statistics.addKey(
                record.traits,
                valueType: valueType ?? record.traits.type,
                bodyByteCount: bodyByteCount,
                module: module,
                slabClass: slabClass,
                tier: blocks.tier
            )
            if let fingerprint = record.fingerprint {
                try duplicates?.add(fingerprint, place: record.place, tally: tally)
            }
        }
    }

    /// Adds a key's record with all of its body, at most `room` bytes, which `body` writes and counts: `begin`, the body
    /// and `end` in one, for records that fit.
    ///
    /// No record is open, and `needsFlush` is false.
    package mutating func add(
        _ head: RawRecordHead,
        slabClass: UInt8? = nil,
        room: Int,
        _ body: (UnsafeMutableRawPointer) -> Int
    ) throws {
        if blocks.tierCount > 1, let tiers { blocks.select(tiers.tier(of: head.access, toldAfter: sampleAge)) }
        let (place, bodyByteCount) = try blocks.builder.append(head, room: room, body)
        let tally = statistics.addKey(
            KeyTraits(head),
            valueType: head.type,
            bodyByteCount: UInt64(bodyByteCount),
            slabClass: slabClass,
            tier: blocks.tier
        )
        if let fingerprint = duplicates?.fingerprint(head) {
            try duplicates?.add(fingerprint, place: blocks.provisional(place), tally: tally)
        }
    }

    /// Hands the block to the writer; within a record the value goes on in the next block.
    package mutating func flush() async throws {
        if var record = open {
            record.cutByteCount += UInt64(blocks.builder.buffer.readableBytes - record.bodyStart)
            record.bodyStart = 0
            open = record
            isGoingOn = true
            blocks.builder.cut()
        }
        endsChain = false
        let block = blocks.take()
        if !block.isEmpty { statistics.addBlock(tier: blocks.tier) }
        rawByteCount += UInt64(block.bytes.readableBytes)
        try await writer.append(block)
    }

    /// Hands the last block of every tier to the writer; no record is open.
    package mutating func flushAll() async throws {
        // The one in use first: a value that was cut may have ended in it.
        try await flush()
        for tier in 0..<blocks.tierCount {
            blocks.select(tier)
            try await flush()
        }
    }

    /// What is to be told after a block; `expectedKeyCount` is what INFO told beforehand.
    package func progress(of expectedKeyCount: UInt64?) -> CaptureProgress {
        CaptureProgress(
            .capturing,
            keyCount: statistics.keyCount,
            expectedKeyCount: expectedKeyCount,
            rawByteCount: rawByteCount
        )
    }

    /// Takes the superseded readings out of the counts; returns their places, in ascending order.
    package mutating func resolveDuplicates() throws(ObjectStoreError) -> [RecordPlace] {
        guard let duplicates = duplicates.take() else { return [] }
        var places: [RecordPlace] = []
        let settled = blocks.settled
        var counts = statistics
        try duplicates.resolve { (superseded) throws(ObjectStoreError) in
            places.append(settled.place(of: superseded.place))
            counts.remove(superseded.tally)
        }
        statistics = counts
        places.sort()
        return places
    }
}
