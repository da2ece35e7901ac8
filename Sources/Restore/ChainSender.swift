import ArchiveFormat
import ArchiveIO
import NIOCore
import RDB
import SnapshotModel
import Transport

/// Streams a value that lies in several blocks into one RESTORE, or one SET: no more than a chunk of it is in memory.
///
/// The server carries a command out when its last byte is there. If the value cannot be read to its end, the connection
/// is closed in the middle of the command, and the server forgets it: never half a value.
struct ChainSender {
    enum Outcome {
        /// The command is on its way; this many bytes.
        case sent(UInt64)
        /// The record went nowhere and was counted.
        case counted
        /// A chunk is damaged: nothing was sent. Salvage only.
        case lost(any Error)
    }

    let pump: RecordPump
    let lane: RestoreLane
    let chunks: ChunkStream
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
    ) async throws -> Outcome {
        let byteCount = chunks.chain.totalByteCount
        let fate = key.withUnsafeReadableBytes {
            pump.fate(
                first,
                in: block,
                key: $0,
                bodyByteCount: byteCount,
                typeName: tally.typeName(first.type),
                now: now
            )
        }
        guard case .send(let database, let deadline) = fate else {
            if case .none(let recordClass, let reason) = fate { tally.accounting.add(to: recordClass, because: reason) }
            return .counted
        }
        guard !pump.needsRewriting(first.type) else {
            tally.accounting.add(to: .unsupported, because: .fieldDeadlines(tally.typeName(first.type)))
            return .counted
        }
        if isSalvage, let damage = await damage() {
            tally.accounting.add(to: .lostBlock)
            return .lost(damage)
        }
        // Nobody has seen all of its fields at once: the key may go with them at any time.
        let fieldEnd: UnixMilliseconds? = pump.hasFieldDeadlines[Int(first.type)] ? UnixMilliseconds(1) : nil
        let record = CommandBatch.Sent(
            deadline: deadline ?? 0,
            fieldEnd: fieldEnd?.rawValue ?? 0,
            rank: rank,
            type: first.type
        )
        if tally.sample.wants(rank, keyByteCount: key.readableBytes) {
            let entry = RestoreSample.Entry(
                rank: rank,
                database: database,
                key: ByteBuffer(bytes: key.readableBytesView),
                digest: nil,
                deadline: deadline.map { UnixMilliseconds($0) },
                fieldEnd: fieldEnd
            )
            tally.sample.insert(entry)
        }
        return .sent(try await stream(first, key, database, record, &tally))
    }

    private func stream(
        _ first: RecordLayout,
        _ key: ByteBuffer,
        _ database: UInt32,
        _ record: CommandBatch.Sent,
        _ tally: inout RestoreTally
    ) async throws -> UInt64 {
        var sentByteCount: UInt64 = 0
        var command = ChainCommand(pump.encoder, first, deadline: record.deadline > 0 ? record.deadline : nil)
        do {
            try await lane.drain(&tally)
            try await lane.select(database, &tally)
            var chunks = chunks
            while let chunk = try await chunks.next() {
                for part in command.parts(of: chunk, key: key, bodyByteCount: chunks.chain.totalByteCount) {
                    sentByteCount += UInt64(part.readableBytes)
                    try await lane.writePart(part, ending: nil, &tally)
                }
            }
        } catch {
            await lane.close()
            if error is TransportError || error is CancellationError {
                tally.giveUp([record], because: .connectionLost)
            } else {
                tally.sample.remove(rank: record.rank)
                tally.accounting.add(to: .lostBlock)
            }
            throw error
        }
        let end = command.end()
        sentByteCount += UInt64(end.readableBytes)
        try await lane.writePart(end, ending: record, &tally)
        return sentByteCount
    }

    /// What is wrong with the value's chunks, nil if nothing: reads them all.
    private func damage() async -> (any Error)? {
        var chunks = chunks
        do {
            while try await chunks.next() != nil {}
            return nil
        } catch {
            return error
        }
    }
}
