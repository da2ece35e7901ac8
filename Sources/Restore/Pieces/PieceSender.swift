import ArchiveFormat
import NIOCore
import RDB
import RESP
import SnapshotModel
import Transport

/// Writes a value that no single command can carry: piece by piece under a temporary key, then in one moment under its
/// own.
///
/// ```
/// EXISTS key                                    a value that the target has is not built for nothing
/// MULTI · first commands · PEXPIREAT +1 day · EXEC   what is left behind dies by itself
/// further commands …                            at most a piece of the body and one element are in memory
/// WATCH temporary · LLEN temporary · PTTL temporary  is it what was built?
/// MULTI · PEXPIREAT | PERSIST · RENAMENX · EXEC      see ``ValueReveal``
/// ```
/// The answers to LLEN and PTTL are the proof that the key was never gone meanwhile (evicted, flushed): a command that
/// came after that would have made a new one, without a deadline.
final class PieceSender {
    enum Outcome {
        /// `fieldEnd` is when the last field of a hash is gone, in Unix milliseconds; 0 for never.
        case stored(fieldEnd: Int64)
        /// It went nowhere, for a reason that no error of the server tells.
        case none(RestoreAccounting.Class, RestoreReason?)
        case existing
        case refused(RESPErrorReply)
        /// The archive could not be read to the value's end.
        case damaged(any Error)
    }

    /// What is to be written, and where.
    struct Value {
        var type: UInt8
        var typeName: String
        var key: ByteBuffer
        var database: UInt32
        /// Unix milliseconds, nil for none.
        var deadline: Int64?
    }

    /// Commands are sent when so many bytes of them are there.
    private static let flushByteCount = 256 << 10

    private let lane: PieceLane
    private let format: PayloadFormat
    private let dialect: CommandDialect
    private let typeDialect: TypeCommandDialect
    private let resolver: DeadlineResolver
    private let clock: TargetClock
    private var keys: TemporaryKeys
    /// Temporary keys that may exist.
    private(set) var standing = StandingKeys()
    /// Values written in this way, and their commands' bytes.
    private(set) var storedCount: UInt64 = 0
    private(set) var sentByteCount: UInt64 = 0

    init(
        lane: PieceLane,
        format: PayloadFormat,
        dialect: CommandDialect,
        typeDialect: TypeCommandDialect,
        resolver: DeadlineResolver,
        clock: TargetClock,
        keys: TemporaryKeys
    ) {
        self.lane = lane
        self.format = format
        self.dialect = dialect
        self.typeDialect = typeDialect
        self.resolver = resolver
        self.clock = clock
        self.keys = keys
    }

    /// Writes one value.
    ///
    /// - Throws: `TransportError` if the connection was lost: then the value may or may not be stored as a whole, and a
    ///   temporary key may stand.
    func send(_ value: Value, from source: ValueSource) async throws(TransportError) -> Outcome {
        guard let reader = RDBElementReader(type: value.type, format: format) else {
            return .none(.unsupported, .tooLarge(value.typeName))
        }
        try await lane.open(database: value.database)
        if !dialect.replacesKeys {
            var question = ByteBuffer()
            question.writeCommand("EXISTS", .bytes(value.key))
            let answer = try await lane.ask(question, commandCount: 1).first ?? nil
            if let error = answer?.error { return Self.refusal(error) }
            if answer?.integer == 1 { return .existing }
        }
        let temporary = keys.next(for: value.key.readableBytesView)
        standing.places.append(.init(database: value.database, key: temporary))
        var building = Building(temporary: temporary, value: value, reader: reader)
        let outcome: Outcome
        if let obstacle = try await build(&building, source) {
            outcome = obstacle
        } else {
            outcome = try await reveal(building)
        }
        if case .stored = outcome {
            storedCount += 1
            standing.places.removeLast()
        } else {
            try await abandon(temporary)
        }
        return outcome
    }

    func close() async {
        await lane.close()
    }

    // MARK: One value

    private struct Building {
        let temporary: TemporaryKey
        let value: Value
        var reader: RDBElementReader
        var writer: PieceWriter?
        /// Commands that were taken from the writer.
        var takenCount = 0
    }

    /// Builds all of it; nil if it stands under its temporary key.
    private func build(_ building: inout Building, _ source: ValueSource) async throws(TransportError) -> Outcome? {
        var source = source
        var isEnded = false
        while !isEnded {
            do {
                let piece = try await source.next()
                if building.writer == nil, let obstacle = begin(&building, piece) { return obstacle }
                if let piece { building.reader.append(piece) } else { building.reader.finish() }
                isEnded = piece == nil
            } catch {
                return .damaged(error)
            }
            var isReadOut = false
            while !isReadOut {
                do throws(RDBError) {
                    isReadOut = try read(&building)
                } catch {
                    return .none(.unsupported, Self.reason(error, building.value.typeName))
                }
                if isReadOut, isEnded { building.writer?.end() }
                if let obstacle = try await flush(&building, isLast: isReadOut && isEnded) { return obstacle }
            }
        }
        // The end of a hash of which every field has had its time.
        return building.takenCount == 0 ? .none(.expired, nil) : nil
    }

    /// Decides how to write the value from its first piece; says why it cannot be.
    private func begin(_ building: inout Building, _ first: ByteBuffer?) -> Outcome? {
        let kind = building.reader.kind
        var stringByteCount: UInt64?
        if kind == .string, let prefix = first.flatMap({ RDBString.plainPrefix($0) }) {
            stringByteCount = prefix.contentByteCount
            guard prefix.contentByteCount <= UInt64(dialect.largestStringByteCount) else {
                return .none(.unsupported, .tooLarge(building.value.typeName))
            }
        }
        building.writer = PieceWriter(
            temporary: building.temporary,
            kind: kind,
            stringByteCount: stringByteCount,
            dialect: typeDialect,
            resolver: resolver
        )
        return nil
    }

    /// Turns elements into commands until there is enough to send; true if there are no more for now.
    private func read(_ building: inout Building) throws(RDBError) -> Bool {
        let now = clock.now
        while building.writer?.outputByteCount ?? 0 < Self.flushByteCount {
            guard let element = try building.reader.next() else { return true }
            building.writer?.append(element, now: now)
        }
        return false
    }

    /// Sends what is there; says why it is not worth going on.
    private func flush(_ building: inout Building, isLast: Bool) async throws(TransportError) -> Outcome? {
        guard var writer = building.writer else { return nil }
        building.writer = nil
        var commands = writer.takeOutput()
        let commandCount = writer.commandCount - building.takenCount
        let obstacle = writer.obstacle(typeName: building.value.typeName)
        building.writer = writer
        if let obstacle { return .none(.unsupported, obstacle) }
        if let deadline = building.value.deadline, clock.now.rawValue >= deadline { return .none(.expired, nil) }
        // The first commands make the key: they wait for enough to tell that there is something to make.
        guard commandCount > 0 else { return nil }
        sentByteCount += UInt64(commands.readableBytes)
        if building.takenCount == 0 { commands = opening(commands, building.temporary) }
        let answerCount = building.takenCount == 0 ? commandCount + 3 : commandCount
        building.takenCount = writer.commandCount
        if let error = try await lane.send(commands, commandCount: answerCount) { return Self.refusal(error) }
        if isLast, let error = try await lane.drain() { return Self.refusal(error) }
        return nil
    }

    /// The first commands in one transaction with the deadline of the temporary key.
    private func opening(_ commands: ByteBuffer, _ temporary: TemporaryKey) -> ByteBuffer {
        let death = clock.now.advanced(byMilliseconds: TemporaryKey.lifeMilliseconds)
        var transaction = ByteBuffer()
        transaction.reserveCapacity(commands.readableBytes + 256)
        transaction.writeCommand("MULTI")
        transaction.writeImmutableBuffer(commands)
        transaction.writeCommand("PEXPIREAT", .bytes(temporary.name), .number(death.rawValue))
        transaction.writeCommand("EXEC")
        return transaction
    }

    /// Checks what was built and gives it its name.
    private func reveal(_ building: Building) async throws(TransportError) -> Outcome {
        guard let writer = building.writer else { return .none(.failed, .temporaryKeyLost) }
        let name = RESPArgument.bytes(building.temporary.name)
        var question = ByteBuffer()
        question.writeCommand("WATCH", name)
        question.writeCommand(building.reader.kind.lengthCommand, name)
        question.writeCommand("PTTL", name)
        let answers = try await lane.ask(question, commandCount: 3)
        if let error = answers.lazy.compactMap({ $0?.error }).first { return Self.refusal(error) }
        let fieldEnd = writer.fieldEnd
        let isGone = (answers[2]?.integer ?? -2) <= 0
        if isGone, fieldEnd > 0, fieldEnd <= clock.now.rawValue { return .none(.expired, nil) }
        let length = UInt64(clamping: answers[1]?.integer ?? 0)
        guard !isGone, length == writer.count || writer.hasFieldDeadlines && length < writer.count else {
            return .none(.failed, .temporaryKeyLost)
        }
        let reveal = ValueReveal(
            temporary: building.temporary,
            key: building.value.key,
            deadline: building.value.deadline,
            replaces: dialect.replacesKeys
        )
        var transaction = ByteBuffer()
        let commandCount = reveal.writeBegin(into: &transaction) + reveal.writeEnd(into: &transaction)
        let replies = try await lane.ask(transaction, commandCount: commandCount)
        // A command that was refused when it was queued says why, EXEC only that one was.
        if let error = replies.lazy.compactMap({ $0?.error }).first { return Self.refusal(error) }
        switch reveal.outcome(of: (replies.last ?? nil) ?? .null) {
        case .stored: return .stored(fieldEnd: fieldEnd)
        case .existing: return .existing
        case .expired: return .none(.expired, nil)
        case .lost: return .none(.failed, .temporaryKeyLost)
        case .refused(let error), .storedWrongly(let error): return Self.refusal(error)
        }
    }

    /// Removes a temporary key that leads nowhere; one that cannot be removed is kept in mind.
    private func abandon(_ temporary: TemporaryKey) async throws(TransportError) {
        var commands = ByteBuffer()
        commands.writeCommand("UNWATCH")
        commands.writeCommand("UNLINK", .bytes(temporary.name))
        let answers = try await lane.ask(commands, commandCount: 2)
        if answers.last??.error == nil { standing.places.removeLast() }
    }

    /// What an error of the server means; a right that is missing for this value may not be needed for another.
    private static func refusal(_ error: RESPErrorReply) -> Outcome {
        error.prefix == "NOPERM" ? .none(.failed, .notPermitted) : .refused(error)
    }

    private static func reason(_ error: RDBError, _ typeName: String) -> RestoreReason {
        if case .tooLarge = error { .tooLarge(typeName) } else { .unknownType(typeName) }
    }
}
