import ArchiveFormat
import Memcached
import NIOCore
import SnapshotModel
import Transport

/// Records as commands of Redis and Valkey.
final class CommandRecordWriter: RecordWriter {
    private let recordPump: RecordPump
    private let pieces: PieceSender
    private let loader: LibraryLoader
    private let isSalvage: Bool
    private let flags: ItemFlagsHash?

    init(_ job: RestoreJob, control: NodeConnection, clock: TargetClock) {
        recordPump = job.makePump()
        pieces = job.makePieceSender(clock)
        loader = LibraryLoader(
            connection: control,
            dialect: job.plan.dialect,
            isSupported: job.plan.target.functionLibraryCount != nil
        )
        isSalvage = job.plan.options.salvage
        flags = recordPump.flagsHash.map { ItemFlagsHash(key: $0, control: control) }
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
        let storedCount = tally.storedCount
        let outcome = try await sender.send(
            value.layout,
            in: value.block,
            key: value.key,
            rank: value.rank,
            &tally,
            now: now
        )
        if case .sent = outcome { try await keepFlags(of: value, over: lane, &tally, storedBefore: storedCount) }
        return outcome
    }

    /// `storedCount` is what was stored before the value was sent; everything sent before it is answered.
    private func keepFlags(
        of value: LoneValue,
        over lane: any WritingLane,
        _ tally: inout RestoreTally,
        storedBefore storedCount: UInt64
    ) async throws {
        guard recordPump.routes[value.layout.type] == .item,
            let item = ItemString(value.layout.body(in: value.block))?.item
        else { return }
        recordPump.noteOmissions(of: item, &tally)
        guard let flags, recordPump.keepsZeroFlags || item.clientFlags > 0,
            let database = recordPump.filter.destination(of: value.layout.database)
        else { return }
        try await lane.drain(&tally)
        guard tally.storedCount > storedCount else { return }
        try await flags.keep(item.clientFlags, of: value.key, in: database, &tally)
    }

    func load(library body: ByteBuffer, _ tally: inout RestoreTally) async throws(TransportError) {
        try await loader.load(body, &tally)
    }

    func close() async { await pieces.close() }
}
