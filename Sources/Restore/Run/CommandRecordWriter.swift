import ArchiveFormat
import NIOCore
import SnapshotModel
import Transport

/// Records as commands of Redis and Valkey.
final class CommandRecordWriter: RecordWriter {
    private let recordPump: RecordPump
    private let pieces: PieceSender
    private let loader: LibraryLoader
    private let isSalvage: Bool

    init(_ job: RestoreJob, control: NodeConnection, clock: TargetClock) {
        recordPump = job.makePump()
        pieces = job.makePieceSender(clock)
        loader = LibraryLoader(
            connection: control,
            dialect: job.plan.dialect,
            isSupported: job.plan.target.functionLibraryCount != nil
        )
        isSalvage = job.plan.options.salvage
    }

    var filter: RecordFilter { recordPump.filter }
    var standing: StandingKeys { pieces.standing }
    var piecewiseKeyCount: UInt64 { pieces.storedCount }

    func pump(
        _ block: inout BlockProgress,
        into batch: inout CommandBatch,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) throws(ArchiveError) -> PumpStop {
        try recordPump.pump(&block, into: &batch, &tally, now: now)
    }

    func send(
        _ value: LoneValue,
        over lane: any WritingLane,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) async throws -> LoneValue.Outcome {
        let sender = ChainSender(
            pump: recordPump,
            lane: lane,
            pieces: pieces,
            source: value.source,
            isPresent: value.isPresent,
            isSalvage: isSalvage
        )
        return try await sender.send(
            value.layout,
            in: value.block,
            key: value.key,
            rank: value.rank,
            &tally,
            now: now
        )
    }

    func load(library body: ByteBuffer, _ tally: inout RestoreTally) async throws(TransportError) {
        try await loader.load(body, &tally)
    }

    func close() async { await pieces.close() }
}
