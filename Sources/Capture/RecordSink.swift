package import ArchiveFormat
package import ArchiveIO
import NIOCore
package import ObjectStorage
package import RDB
package import SnapshotModel

/// Where every way of capture puts its records: blocks for the writer, counts, and the places of duplicates.
///
///     begin(head); the body goes to `builder.buffer`; end()
///     needsFlush between records, or the buffer full within one: flush()
package struct RecordSink: ~Copyable {
    /// The block being filled; bodies are appended to its buffer.
    package var builder: BlockBuilder
    package private(set) var statistics: StatisticsCollector
    /// Bytes of the blocks taken so far.
    package private(set) var rawByteCount: UInt64 = 0

    private let writer: ArchiveWriter
    private var duplicates: DuplicateResolver?
    private var open: OpenRecord?
    /// Whether the open record's value was cut.
    private var isGoingOn = false

    /// The record between `begin` and `end`.
    private struct OpenRecord {
        var head: RecordHead
        var place: RecordPlace
        /// Where the body, or the chunk after the last cut, begins in the block's buffer.
        var bodyStart: Int
        /// Bytes of the chunks before it.
        var cutByteCount: UInt64 = 0
    }

    package init(
        writer: ArchiveWriter,
        instant: UnixMilliseconds,
        duplicates: consuming DuplicateResolver?
    ) {
        self.writer = writer
        self.duplicates = duplicates
        builder = writer.makeBuilder()
        statistics = StatisticsCollector(instant: instant)
    }

    /// The most readable bytes of `builder.buffer` before `flush` within a record.
    ///
    /// A value that is cut fills its further blocks only to half the limit, which is what blocks aim at: larger ones
    /// would take twice the memory in every queue behind.
    package var bodyLimit: Int {
        isGoingOn ? builder.bodyLimit / 2 : builder.bodyLimit
    }

    /// Whether the block should be flushed before the next record.
    package var needsFlush: Bool { builder.isFull }

    package mutating func begin(_ head: RecordHead) throws(ArchiveError) {
        let place = try builder.begin(head)
        open = OpenRecord(head: head, place: place, bodyStart: builder.buffer.readableBytes)
    }

    /// Ends the record: its body is complete.
    ///
    /// `valueType` is the type of a value whose record has another one because metadata of the key come first; `module`
    /// is the data type of a module's value.
    package mutating func end(valueType: UInt8? = nil, module: RDBModuleID? = nil) throws(ObjectStoreError) {
        guard let record = open.take() else { preconditionFailure("no record is open") }
        let bodyByteCount = record.cutByteCount + UInt64(builder.buffer.readableBytes - record.bodyStart)
        isGoingOn = false
        builder.end()
        switch record.head.kind {
        case .functionLibrary: statistics.addFunctionLibrary()
        case .moduleAuxiliary: statistics.addModuleAuxiliary()
        case .key:
            let tally = statistics.addKey(
                record.head,
                valueType: valueType ?? record.head.type,
                bodyByteCount: bodyByteCount,
                module: module
            )
            if duplicates != nil { try note(record, tally) }
        }
    }

    /// Hands the block to the writer; within a record the value goes on in the next block.
    package mutating func flush() async throws {
        if var record = open {
            record.cutByteCount += UInt64(builder.buffer.readableBytes - record.bodyStart)
            record.bodyStart = 0
            open = record
            isGoingOn = true
            builder.cut()
        }
        let block = builder.take()
        rawByteCount += UInt64(block.bytes.readableBytes)
        try await writer.append(block)
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
        var counts = statistics
        try duplicates.resolve { (superseded) throws(ObjectStoreError) in
            places.append(superseded.place)
            counts.remove(superseded.tally)
        }
        statistics = counts
        places.sort()
        return places
    }

    private mutating func note(
        _ record: OpenRecord,
        _ tally: StatisticsCollector.Tally
    ) throws(ObjectStoreError) {
        try record.head.key.withUnsafeReadableBytes { (key) throws(ObjectStoreError) in
            try duplicates?.add(database: record.head.database, key: key, place: record.place, tally: tally)
        }
    }
}
