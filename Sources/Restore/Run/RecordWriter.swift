import ArchiveFormat
import NIOCore
import SnapshotModel
import Transport

/// Turns records into what one kind of store is told, for one attempt of a restore.
///
/// The task that runs the restore is the only user.
protocol RecordWriter: AnyObject {
    var filter: RecordFilter { get }
    /// Goes on with a block: fills the batch, and counts the records that go nowhere.
    func pump(
        _ block: inout BlockProgress,
        into batch: inout CommandBatch,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) throws(ArchiveError) -> PumpStop
    /// Sends a value that goes by itself; the record is counted in every case, also if this throws.
    func send(
        _ value: LoneValue,
        over lane: any WritingLane,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) async throws -> LoneValue.Outcome
    /// Restores the function library of a record's body.
    func load(library body: ByteBuffer, _ tally: inout RestoreTally) async throws(TransportError)
    /// Temporary keys that may stand in the target.
    var standing: StandingKeys { get }
    /// Values that were stored piece by piece.
    var piecewiseKeyCount: UInt64 { get }
    func close() async
}

/// Why a pump stopped.
enum PumpStop {
    case blockEnded
    /// The batch is full, or the next record is for another database.
    case batchEnded
    /// A function library: its body, the code as an RDB string.
    case functionLibrary(ByteBuffer)
    /// Auxiliary data of a module, which no command restores.
    case moduleAuxiliary
    /// The first chunk of a value that lies in several blocks; nothing was counted yet.
    case chain(RecordLayout)
    /// A whole record that may be too large for one command; nothing was counted yet.
    case large(RecordLayout)
}

/// A value that goes by itself: one over several blocks, or one that may be too large for one command.
struct LoneValue {
    enum Outcome {
        /// The command is on its way; this many bytes.
        case sent(UInt64)
        /// The record went nowhere and was counted.
        case counted
        /// A chunk is damaged: nothing was sent. Salvage only.
        case lost(any Error)
    }

    /// The record of the first chunk.
    var layout: RecordLayout
    /// The block that it is in.
    var block: ByteBuffer
    var source: ValueSource
    /// The record's rank in the sample.
    var rank: UInt64
    /// Whether `--only-missing` found the key in the target.
    var isPresent: Bool

    var key: ByteBuffer { layout.key(in: block) }
}
