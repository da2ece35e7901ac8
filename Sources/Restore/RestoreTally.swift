import NIOCore
import RESP
import SnapshotModel

/// Everything that a running restore counts; one task owns it.
struct RestoreTally: Sendable {
    var accounting: RestoreAccounting
    /// Function libraries, counted like keys.
    var libraries = RestoreAccounting()
    var keyspace: LoadedKeyspace
    var sample: RestoreSample
    /// The first answer after which no further command can succeed.
    private(set) var endingError: String?
    /// The first error text of each reason, for the report; servers repeat no key in them.
    private(set) var errorTexts: [String: String] = [:]
    private let typeNames: [String]

    init(captured: UInt64, start: UnixMilliseconds, seed: UInt64, typeNames: [String]) {
        accounting = RestoreAccounting(captured: captured)
        keyspace = LoadedKeyspace(start: start)
        sample = RestoreSample(seed: seed)
        self.typeNames = typeNames
    }

    /// The name of an RDB type in the archive's format.
    func typeName(_ type: UInt8) -> String { typeNames[Int(type)] }

    /// Counts an answered batch; `others` are its answers but OK, with their places in the batch, ascending.
    mutating func settle(_ batch: CommandBatch, others: [(index: Int, reply: RESPValue)]) {
        keyspace.update(batch.database) { database in
            var others = others[...]
            for (index, sent) in batch.sent.enumerated() {
                if others.first?.index == index {
                    others.removeFirst()
                } else {
                    database.add(deadline: sent.deadline, fieldEnd: sent.fieldEnd)
                }
            }
        }
        accounting.add(UInt64(batch.sent.count - others.count), to: .restored)
        for other in others { settle(batch.sent[other.index], reply: other.reply) }
    }

    /// Counts a record that went by itself; nil for OK.
    mutating func settle(_ record: CommandBatch.Sent, in database: UInt32, reply: RESPValue?) {
        let batch = CommandBatch(database: database, bytes: ByteBuffer(), sent: [record])
        settle(batch, others: reply.map { [(index: 0, reply: $0)] } ?? [])
    }

    /// Counts what was never answered, or never sent.
    mutating func giveUp(_ sent: some Sequence<CommandBatch.Sent>, because reason: RestoreReason) {
        for record in sent {
            sample.remove(rank: record.rank)
            accounting.add(to: .failed, because: reason)
        }
    }

    private mutating func settle(_ sent: CommandBatch.Sent, reply: RESPValue) {
        sample.remove(rank: sent.rank)
        let verdict = judge(reply, typeName: typeName(sent.type))
        accounting.add(to: verdict.recordClass, because: verdict.reason)
    }

    /// What a reply other than OK says, noting its text and whether it ends the run.
    mutating func judge(_ reply: RESPValue, typeName: String) -> ReplyVerdict {
        switch reply {
        case .null: return .existing
        case .error(let error):
            let verdict = ReplyVerdict(error: error.text, typeName: typeName)
            if let reason = verdict.reason, errorTexts[reason.text] == nil {
                errorTexts[reason.text] = error.safeText
            }
            if verdict.endsRun, endingError == nil { endingError = error.safeText }
            return verdict
        default: return .unexpected
        }
    }
}
