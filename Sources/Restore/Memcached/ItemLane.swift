import Memcached
import NIOCore
import Transport

/// A connection to Memcached that writes items: each batch in quiet mode, and a no-op behind it.
///
/// ```
/// ms … q O0 | ms … q O1 | … | mn      ->      NS O1 | SERVER_ERROR … | MN
/// ```
/// What is stored is answered by nothing, so that the no-op's answer stands for every item of the batch that was not
/// answered for itself. `NS` brings the item's number back; an error has none, and only counts.
final class ItemLane: WritingLane {
    /// Batches that may be unanswered: their fate is unknown if the connection is lost.
    private static let openBatchLimit = 4

    private let connection: MemcachedConnection
    private let manner: RestoreLane.Manner
    private let evicts: Bool
    private var underway: [CommandBatch] = []
    private var parser = MetaReplyParser()
    private var input = ByteBuffer()
    /// Answers for the oldest batch under way.
    private var placed: [(index: Int, reply: any RecordReply)] = []
    private var unplaced: [any RecordReply] = []
    /// CAS values of items of that batch that were stored and are to be invalidated.
    private var stored: [(index: Int, cas: UInt64)] = []
    /// Commands that invalidate items; not yet written.
    private var owed: [CommandBatch] = []
    /// Of the value that `writePart` ends next.
    var nextMark: ItemMark?
    /// What came out of step: nothing behind it can be told to belong to anything.
    private var failure: TransportError?

    /// `evicts` is whether the server makes room for new items.
    init(_ connection: MemcachedConnection, _ manner: RestoreLane.Manner, evicts: Bool) {
        self.connection = connection
        self.manner = manner
        self.evicts = evicts
    }

    func write(_ batch: consuming CommandBatch, _ tally: inout RestoreTally) async throws(TransportError) {
        do throws(TransportError) {
            try await writeOwed()
            try await manner.wait(
                recordCount: batch.sent.count,
                byteCount: batch.bytes.readableBytes,
                connection.address
            )
        } catch {
            tally.giveUp(batch.sent, because: .notAttempted)
            throw error
        }
        tally.noteSent(batch)
        try await send(batch)
        while underway.count > Self.openBatchLimit { try await settleOldest(&tally) }
    }

    private func send(_ batch: consuming CommandBatch) async throws(TransportError) {
        var bytes = batch.bytes
        batch.bytes = ByteBuffer()
        bytes.writeMetaNoop()
        underway.append(batch)
        try await connection.write(bytes)
        connection.remind()
    }

    private func writeOwed() async throws(TransportError) {
        while !owed.isEmpty { try await send(owed.removeFirst()) }
    }

    func writePart(
        _ bytes: ByteBuffer,
        ending record: CommandBatch.Sent?,
        _ tally: inout RestoreTally
    ) async throws(TransportError) {
        try await manner.wait(
            recordCount: record == nil ? 0 : 1,
            byteCount: bytes.readableBytes,
            connection.address
        )
        var bytes = bytes
        if let record {
            bytes.writeMetaNoop()
            var batch = CommandBatch(database: 0, bytes: ByteBuffer(), sent: [record], window: tally.currentWindow)
            if let mark = nextMark.take() { batch.marks = [mark] }
            tally.noteSent(batch)
            underway.append(batch)
        }
        try await connection.write(bytes)
        if record != nil { connection.remind() }
    }

    /// There is one.
    func select(_ database: UInt32, _ tally: inout RestoreTally) async throws(TransportError) {}

    func drain(_ tally: inout RestoreTally) async throws(TransportError) {
        repeat {
            try await writeOwed()
            while !underway.isEmpty { try await settleOldest(&tally) }
        } while !owed.isEmpty
    }

    func giveUp(_ tally: inout RestoreTally) async {
        for batch in underway { tally.giveUp(batch.sent, because: .connectionLost) }
        underway = []
        await connection.close()
    }

    func close() async { await connection.close() }

    // MARK: Answers

    /// Reads until the oldest batch is answered in full, and counts it.
    private func settleOldest(_ tally: inout RestoreTally) async throws(TransportError) {
        if let failure { throw failure }
        do throws(TransportError) {
            try await readAnswers(&tally)
        } catch {
            failure = error
            throw error
        }
    }

    private func readAnswers(_ tally: inout RestoreTally) async throws(TransportError) {
        while true {
            while let reply = try connection.violation({ () throws(MemcachedError) in try parser.next(&input) }) {
                guard case .noop = reply else {
                    try take(reply)
                    continue
                }
                settle(underway.removeFirst(), &tally)
                return
            }
            var bytes = try await connection.next()
            if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
        }
    }

    private func settle(_ batch: CommandBatch, _ tally: inout RestoreTally) {
        if batch.sent.isEmpty { tally.settleOwed(batch) }
        let missing = tally.settle(batch, others: placed, unplaced: unplaced)
        if !batch.marks.isEmpty { oweMarks(batch, missing, &tally) }
        placed = []
        unplaced = []
        stored = []
    }

    /// Has what was stored of the invalidated items invalidated; what an earlier run or connection stored may not be.
    private func oweMarks(_ batch: CommandBatch, _ missing: [Int], _ tally: inout RestoreTally) {
        var marking = CommandBatch(database: batch.database, bytes: ByteBuffer(), window: batch.window)
        for mark in batch.marks {
            if let found = stored.first(where: { $0.index == mark.record }) {
                mark.write(cas: found.cas, into: &marking.bytes)
            } else if !missing.contains(mark.record), placed.contains(where: { $0.index == mark.record }) {
                tally.accounting.noteOmission(ItemContent.Omission.stale)
            }
        }
        guard marking.bytes.readableBytes > 0 else { return }
        tally.noteOwed(marking)
        owed.append(marking)
    }

    private func take(_ reply: MetaReply) throws(TransportError) {
        guard let batch = underway.first else { throw unexpected("an answer that nothing asked for") }
        let answer = ItemReply(reply: reply, evicts: evicts)
        // Somebody has changed the item since, or the server has lost it: then there is nothing to invalidate.
        if batch.sent.isEmpty, !Self.isClientError(reply) { return }
        switch reply {
        case .done(let flags):
            guard let index = flags.opaque.flatMap({ Int(exactly: $0) }), let cas = flags.cas,
                batch.marks.contains(where: { $0.record == index })
            else { throw unexpected("an answer without its item's number") }
            stored.append((index, cas))
        case .notStored(let flags), .exists(let flags), .notFound(let flags):
            guard let index = flags.opaque.flatMap({ Int(exactly: $0) }), batch.sent.indices.contains(index),
                index > placed.last?.index ?? -1
            else { throw unexpected("an answer without its item's number") }
            placed.append((index, answer))
        case .error(let error) where error.kind == .server:
            guard placed.count + unplaced.count < batch.sent.count else { throw unexpected(error.text) }
            unplaced.append(answer)
        case .error(let error):
            // It did not understand a line: what followed may have been taken for commands.
            throw unexpected(error.text)
        default: throw unexpected("an answer that belongs to no item")
        }
    }

    private static func isClientError(_ reply: MetaReply) -> Bool {
        if case .error(let error) = reply { error.kind != .server } else { false }
    }

    private func unexpected(_ what: String) -> TransportError {
        TransportError(
            .protocolViolation,
            "\(connection.address) answered an item with \(what)",
            serverText: what
        )
    }
}
