import NIOCore
import RESP
import Transport

/// A connection to Redis or Valkey that writes commands.
final class RestoreLane: WritingLane {
    private let connection: NodeConnection
    private let manner: Manner
    private var pipe: CommandPipe
    /// What is selected on the connection; nil until it was selected explicitly.
    private var database: UInt32?
    private var underway: [CommandBatch] = []
    /// The ordinal on the pipe of the first command under way.
    private var firstOrdinal: UInt64 = 0
    /// Answers other than OK whose batch is not answered in full.
    private var held: [NumberedReply] = []
    /// Commands that keep the client flags of items that were stored, for the selected database; not yet written.
    private var owed: [CommandBatch] = []

    init(_ connection: NodeConnection, _ manner: Manner = Manner()) async throws(TransportError) {
        self.connection = connection
        self.manner = manner
        try await manner.prepare(connection)
        pipe = try await connection.openPipe()
    }

    /// Writes a batch, after selecting its database, and counts what was answered meanwhile.
    func write(_ batch: consuming CommandBatch, _ tally: inout RestoreTally) async throws(TransportError) {
        do throws(TransportError) {
            try await select(batch.database, &tally)
            try await writeOwed(&tally)
            try await manner.wait(
                recordCount: batch.sent.count,
                byteCount: batch.bytes.readableBytes,
                connection.address
            )
        } catch {
            tally.giveUp(batch.sent, because: .notAttempted)
            throw error
        }
        let bytes = batch.bytes
        batch.bytes = ByteBuffer()
        tally.noteSent(batch)
        let count = batch.commandCount
        underway.append(batch)
        settle(try await pipe.write(bytes, commandCount: count), &tally)
    }

    /// Writes a part of a command that a later call ends with `record`.
    func writePart(
        _ bytes: ByteBuffer,
        ending record: CommandBatch.Sent?,
        _ tally: inout RestoreTally
    )
        async throws(TransportError)
    {
        try await manner.wait(
            recordCount: record == nil ? 0 : 1,
            byteCount: bytes.readableBytes,
            connection.address
        )
        if let record, let database {
            let batch = CommandBatch(
                database: database,
                bytes: ByteBuffer(),
                sent: [record],
                window: tally.currentWindow
            )
            tally.noteSent(batch)
            underway.append(batch)
        }
        settle(try await pipe.write(bytes, commandCount: record == nil ? 0 : 1), &tally)
    }

    /// Waits for all answers and counts them.
    func drain(_ tally: inout RestoreTally) async throws(TransportError) {
        settle(try await pipe.drain(), &tally)
        while !owed.isEmpty {
            try await writeOwed(&tally)
            settle(try await pipe.drain(), &tally)
        }
    }

    private func writeOwed(_ tally: inout RestoreTally) async throws(TransportError) {
        while !owed.isEmpty {
            var batch = owed.removeFirst()
            let bytes = batch.bytes
            batch.bytes = ByteBuffer()
            underway.append(batch)
            settle(try await pipe.write(bytes, commandCount: batch.commandCount), &tally)
        }
    }

    /// Selects a database; every answer before it is awaited, so that nothing goes to a wrong one.
    func select(_ wanted: UInt32, _ tally: inout RestoreTally) async throws(TransportError) {
        guard database != wanted else { return }
        try await drain(&tally)
        database = nil
        settle(try await pipe.finish(), &tally)
        _ = try await connection.command("SELECT", .number(Int64(wanted)))
        pipe = try await connection.openPipe()
        firstOrdinal = 0
        database = wanted
    }

    /// Counts the answers that came before the connection broke, and gives the rest up.
    func giveUp(_ tally: inout RestoreTally) async {
        let answered = pipe.answeredCommandCount
        settle([], &tally)
        for batch in underway {
            let answeredHere = Int(
                min(UInt64(batch.commandCount), answered > firstOrdinal ? answered - firstOrdinal : 0)
            )
            settle(batch, prefix: answeredHere, &tally)
            tally.giveUp(batch.sent.dropFirst(answeredHere), because: .connectionLost)
            firstOrdinal += UInt64(batch.commandCount)
        }
        underway = []
        await connection.close()
    }

    func close() async {
        await connection.close()
    }

    /// Counts every batch that is answered in full.
    private func settle(_ replies: [NumberedReply], _ tally: inout RestoreTally) {
        // First the count, then the replies: so that every reply below the count is here.
        let answered = pipe.answeredCommandCount
        held += replies
        held += pipe.takeReplies()
        var settledCount = 0
        for batch in underway {
            guard firstOrdinal + UInt64(batch.commandCount) <= answered else { break }
            settle(batch, prefix: batch.commandCount, &tally)
            firstOrdinal += UInt64(batch.commandCount)
            settledCount += 1
        }
        underway.removeFirst(settledCount)
    }

    /// Counts the first `count` commands of the oldest batch, which are answered.
    private func settle(_ batch: CommandBatch, prefix count: Int, _ tally: inout RestoreTally) {
        var batch = batch
        let recordCount = min(count, batch.sent.count)
        batch.sent.removeLast(batch.sent.count - recordCount)
        let end = firstOrdinal + UInt64(count)
        let others = held.prefix { $0.ordinal < end }
        held.removeFirst(others.count)
        let answers = others.map { (index: Int($0.ordinal - firstOrdinal), reply: $0.value) }
        guard batch.keptFlagCount == 0 else {
            if count > 0 { tally.settleFlags(batch, reply: answers.first?.reply) }
            return
        }
        let missing = tally.settle(batch, others: answers.map { ($0.index, $0.reply) })
        guard let command = batch.flags.command(without: missing) else { return }
        var keeping = CommandBatch(database: batch.database, bytes: command.bytes, window: batch.window)
        keeping.keptFlagCount = command.fieldCount
        tally.noteOwed(keeping)
        owed.append(keeping)
    }
}
