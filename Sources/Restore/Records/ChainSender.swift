import ArchiveFormat
import ArchiveIO
import NIOCore
import RDB
import RESP
import SnapshotModel
import Transport

/// Sends a value that goes by itself: streamed into one RESTORE, or one SET, or piece by piece where that would be too
/// large for the target.
///
/// No more than a chunk of it is in memory. The server carries a command out when its last byte is there. If the value cannot be read to its end, the connection
/// is closed in the middle of the command, and the server forgets it: never half a value.
struct ChainSender {
    let pump: RecordPump
    let lane: any WritingLane
    let pieces: PieceSender
    let source: ValueSource
    /// Whether `--only-missing` found the key in the target.
    let isPresent: Bool
    let isSalvage: Bool

    /// Sends the value of `first`, the record of the first chunk.
    ///
    /// The record is counted in every case, also if this throws.
    func send(
        _ first: RecordLayout,
        in block: ByteBuffer,
        key: ByteBuffer,
        rank: UInt64,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) async throws -> LoneValue.Outcome {
        let fate = key.withUnsafeReadableBytes { pump.fate(first, in: block, key: $0, now: now) }
        guard case .send(let database, let deadline) = fate else {
            if case .none(let recordClass, let reason) = fate { tally.accounting.add(to: recordClass, because: reason) }
            return .counted
        }
        guard !isPresent else {
            tally.accounting.add(to: .existing)
            return .counted
        }
        guard !key.withUnsafeReadableBytes({ pump.isFlagsHash($0) }) else {
            tally.accounting.add(to: .unsupported, because: .flagsHash)
            return .counted
        }
        if pump.routes[first.type] == .item, let string = ItemString.string(of: source, first: first.body(in: block)) {
            var record = first
            record.type = ItemString.type
            return try await sendString(record, string, key, database, deadline, rank: rank, &tally)
        }
        if pump.routes[first.type] == .unsupported {
            tally.accounting.add(to: .unsupported, because: .unknownType(tally.typeName(first.type)))
            return .counted
        }
        guard pump.fitsOneCommand(first, bodyByteCount: source.byteCount, deadline: deadline) else {
            let value = PieceSender.Value(
                type: first.type,
                typeName: tally.typeName(first.type),
                key: key,
                database: database,
                deadline: deadline
            )
            let losses = pump.lossesByCommands(first, in: block)
            let weight = pump.weight.weight(of: first.access)
            return try await sendPieces(value, rank: rank, weight: weight, losses, &tally)
        }
        return try await stream(first, source, key, database, deadline, rank: rank, &tally)
    }

    /// An item of Memcached as a string.
    private func sendString(
        _ record: RecordLayout,
        _ string: ValueSource,
        _ key: ByteBuffer,
        _ database: UInt32,
        _ deadline: Int64?,
        rank: UInt64,
        _ tally: inout RestoreTally
    ) async throws -> LoneValue.Outcome {
        let byteCount = Int(clamping: string.byteCount)
        guard
            pump.encoder.fits(type: record.type, bodyByteCount: byteCount, deadline: deadline, access: record.access)
        else {
            tally.accounting.add(to: .unsupported, because: .tooLarge(tally.typeName(record.type)))
            return .counted
        }
        return try await stream(record, string, key, database, deadline, rank: rank, &tally)
    }

    /// Streams a value into one command.
    private func stream(
        _ first: RecordLayout,
        _ source: ValueSource,
        _ key: ByteBuffer,
        _ database: UInt32,
        _ deadline: Int64?,
        rank: UInt64,
        _ tally: inout RestoreTally
    ) async throws -> LoneValue.Outcome {
        if isSalvage, let damage = await source.damage() {
            tally.accounting.add(to: .lostBlock)
            return .lost(damage)
        }
        // Nobody has seen all of its fields at once: the key may go with them at any time.
        let fieldEnd: UnixMilliseconds? = pump.hasFieldDeadlines[Int(first.type)] ? UnixMilliseconds(1) : nil
        let record = CommandBatch.Sent(
            deadline: deadline ?? 0,
            fieldEnd: fieldEnd?.rawValue ?? 0,
            rank: rank,
            type: first.type,
            weight: pump.weight.weight(of: first.access)
        )
        if tally.sample.wants(rank, keyByteCount: key.readableBytes) {
            let entry = RestoreSample.Entry(
                rank: rank,
                database: database,
                key: ByteBuffer(bytes: key.readableBytesView),
                fingerprint: nil,
                deadline: deadline.map { UnixMilliseconds($0) },
                fieldEnd: fieldEnd
            )
            tally.sample.insert(entry)
        }
        return .sent(try await write(first, source, key, database, record, &tally))
    }

    private func sendPieces(
        _ value: PieceSender.Value,
        rank: UInt64,
        weight: UInt32,
        _ losses: PayloadLosses,
        _ tally: inout RestoreTally
    ) async throws -> LoneValue.Outcome {
        var record = CommandBatch.Sent(deadline: value.deadline ?? 0, rank: rank, type: value.type)
        record.weight = weight
        let sentBefore = pieces.sentByteCount
        let outcome: PieceSender.Outcome
        do throws(TransportError) {
            outcome = try await pieces.send(value, from: source)
        } catch {
            tally.giveUp([record], because: .connectionLost)
            throw error
        }
        switch outcome {
        case .stored(let fieldEnd):
            record.fieldEnd = fieldEnd
            if tally.sample.wants(rank, keyByteCount: value.key.readableBytes) {
                let entry = RestoreSample.Entry(
                    rank: rank,
                    database: value.database,
                    key: ByteBuffer(bytes: value.key.readableBytesView),
                    fingerprint: nil,
                    deadline: value.deadline.map { UnixMilliseconds($0) },
                    fieldEnd: fieldEnd > 0 ? UnixMilliseconds(fieldEnd) : nil
                )
                tally.sample.insert(entry)
            }
            tally.settle(record, in: value.database, reply: nil)
            tally.accounting.note(losses, typeName: value.typeName)
        case .existing: tally.settle(record, in: value.database, reply: RESPValue.null)
        case .refused(let error): tally.settle(record, in: value.database, reply: RESPValue.error(error))
        case .none(let recordClass, let reason): tally.accounting.add(to: recordClass, because: reason)
        case .damaged(let error):
            tally.accounting.add(to: .lostBlock)
            guard isSalvage else { throw error }
            return .lost(error)
        }
        return .sent(pieces.sentByteCount - sentBefore)
    }

    private func write(
        _ first: RecordLayout,
        _ source: ValueSource,
        _ key: ByteBuffer,
        _ database: UInt32,
        _ record: CommandBatch.Sent,
        _ tally: inout RestoreTally
    ) async throws -> UInt64 {
        var sentByteCount: UInt64 = 0
        var command = ChainCommand(
            pump.encoder,
            first,
            deadline: record.deadline > 0 ? record.deadline : nil,
            rdbVersion: max(pump.routes.version(of: first.type), ItemString.rdbVersion)
        )
        do {
            try await lane.drain(&tally)
            try await lane.select(database, &tally)
            var source = source
            while let chunk = try await source.next() {
                for part in command.parts(of: chunk, key: key, bodyByteCount: source.byteCount) {
                    sentByteCount += UInt64(part.readableBytes)
                    try await lane.writePart(part, ending: nil, &tally)
                }
            }
        } catch {
            await lane.abandon(record, because: error, &tally)
            throw error
        }
        let end = command.end()
        sentByteCount += UInt64(end.readableBytes)
        try await lane.writePart(end, ending: record, &tally)
        return sentByteCount
    }
}
