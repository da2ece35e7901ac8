import ArchiveFormat
import ArchiveIO
import NIOCore
import SnapshotModel

/// Turns the records of blocks into batches of what a store is told, and counts those that go nowhere.
///
/// What every store has in common: order, filters, deadlines, the limits of a batch. Pure: no socket, no clock.
protocol RecordTaking: Sendable {
    var format: PayloadFormat { get }
    var filter: RecordFilter { get }
    var resolver: DeadlineResolver { get }
    var limits: BatchLimits { get }
    /// Whether a whole record may be too large for a batch: what its deadline comes to may change that.
    func isLarge(_ layout: RecordLayout) -> Bool
    /// Sends or counts a whole record; false, and nothing done, if the batch is for another database.
    func take(
        _ layout: RecordLayout,
        _ block: borrowing BlockProgress,
        into batch: inout CommandBatch,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) -> Bool
}

/// Where a batch ends.
struct BatchLimits: Hashable, Sendable {
    /// With the command that reaches this many bytes.
    static let byteCount = 256 << 10

    /// The same, lower than usual for a slow rate.
    var pacedByteCount = Int.max
    /// With this many records; lower than usual for a slow rate.
    var recordCount = Int.max
}

/// What becomes of a record.
enum RecordFate {
    /// It is asked for and alive; the deadline is in Unix milliseconds, nil for none.
    case send(database: UInt32, deadline: Int64?)
    case none(RestoreAccounting.Class, RestoreReason?)
}

extension RecordTaking {
    /// Goes on with a block.
    ///
    /// `now` is the target's clock.
    func pump(
        _ block: inout BlockProgress,
        into batch: inout CommandBatch,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) throws(ArchiveError) -> PumpStop {
        while batch.bytes.readableBytes < min(BatchLimits.byteCount, limits.pacedByteCount),
            batch.sent.count < limits.recordCount
        {
            guard let layout = try block.next() else { return .blockEnded }
            if layout.isContinuation { continue }
            if block.isSuperseded(layout.ordinal) {
                tally.accounting.add(to: .duplicate)
            } else if layout.chunk != nil, layout.kind == .key {
                block.finishedCount += 1
                return .chain(layout)
            } else if layout.kind == .functionLibrary {
                block.finishedCount += 1
                return .functionLibrary(layout.body(in: block.cursor.bytes))
            } else if layout.kind == .moduleAuxiliary {
                block.finishedCount += 1
                return .moduleAuxiliary
            } else if isLarge(layout) {
                block.finishedCount += 1
                return .large(layout)
            } else if !take(layout, block, into: &batch, &tally, now: now) {
                block.pending = layout
                return .batchEnded
            }
            block.finishedCount += 1
        }
        return .batchEnded
    }

    /// What becomes of a record; counts nothing.
    ///
    /// `block` holds it, or its first chunk.
    func fate(
        _ layout: RecordLayout,
        in block: ByteBuffer,
        key: UnsafeRawBufferPointer,
        now: UnixMilliseconds
    ) -> RecordFate {
        let destination: UInt32
        let decision = filter.decide(database: layout.database, type: layout.type, key: key) {
            PayloadTypes.userName(type: layout.type, body: layout.body(in: block), format: format)
        }
        switch decision {
        case .wanted(let database): destination = database
        case .unwanted(let option): return .none(.filtered, option)
        }
        let shortening = resolver.shortening(database: layout.database, key: key)
        switch resolver.resolve(layout.expiry, shortening: shortening, now: now) {
        case .never: return .send(database: destination, deadline: nil)
        case .at(let instant): return .send(database: destination, deadline: instant.rawValue)
        case .expired: return .none(.expired, nil)
        }
    }
}
