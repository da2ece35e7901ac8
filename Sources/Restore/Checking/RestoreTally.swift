import ByteCoding
import NIOCore
import SnapshotModel

/// Everything that a running restore counts; one task owns it.
///
/// ```
/// confirmed windows ... | open: 1st (answers come) | 2nd (answers come) | last (being filled)
/// ```
/// What is counted at once goes to the window that is being filled; an answer goes to the window of its batch.
struct RestoreTally: Sendable {
    /// What is confirmed.
    private(set) var confirmed: ConfirmedProgress
    /// Confirmed since they were last taken for the journal.
    private var unwritten: [ConfirmedWindow] = []
    private var open: [RestoreWindow] = []
    var sample: RestoreSample
    /// By what this run stored.
    private(set) var served = ServedAccesses()
    /// A key that the target has already was stored by an earlier run or connection if it belongs to a unit before this
    /// one.
    var earlierEnd = 0
    /// The first answer after which no further command can succeed.
    private(set) var endingError: String?
    /// Where counts go that belong to no window: the records that never had their turn.
    private var rest: RestoreTotals
    /// Databases whose hash of client flags is counted.
    private var flagDatabases: Set<UInt32> = []
    private let start: UnixMilliseconds
    private let typeNames: [String]

    init(start: UnixMilliseconds, seed: UInt64, secret: SipHasher.Secret, typeNames: [String]) {
        confirmed = ConfirmedProgress(start: start)
        rest = RestoreTotals(start: start)
        sample = RestoreSample(seed: seed, secret: secret)
        self.start = start
        self.typeNames = typeNames
    }

    /// The name of an RDB type in the archive's format.
    func typeName(_ type: UInt8) -> String { typeNames[Int(type)] }

    // MARK: Counting

    /// What the window that is being filled has come to.
    var totals: RestoreTotals {
        get { open.last?.totals ?? rest }
        _modify {
            if open.isEmpty {
                yield &rest
            } else {
                yield &open[open.count - 1].totals
            }
        }
    }

    /// Keys of the window that is being filled.
    var accounting: RestoreAccounting {
        get { totals.accounting }
        _modify { yield &totals.accounting }
    }

    /// Function libraries of the window that is being filled.
    var libraries: RestoreAccounting {
        get { totals.libraries }
        _modify { yield &totals.libraries }
    }

    /// Records that had their turn, whatever became of them.
    var handledRecordCount: UInt64 {
        open.reduce(confirmed.handledRecordCount) { $0 + $1.totals.handledRecordCount }
    }

    /// Counts what belongs to no window.
    mutating func addRest(_ change: (inout RestoreTotals) -> Void) {
        change(&rest)
    }

    /// All windows together, whatever became of them.
    var allTotals: RestoreTotals {
        var all = confirmed.totals
        for window in open { all.add(window.totals) }
        all.add(rest)
        return all
    }

    /// The class of a record of the window being filled that the target has already.
    var classOfPresent: RestoreAccounting.Class {
        (open.last?.start ?? earlierEnd) < earlierEnd ? .restoredEarlier : .existing
    }

    /// Notes that a batch goes to a lane.
    mutating func noteSent(_ batch: borrowing CommandBatch) {
        guard let index = openIndex(batch.window) else { return }
        open[index].sentCount += UInt64(batch.sent.count)
    }

    /// Counts an answered batch; `others` are its answers but OK, with their places in the batch, ascending.
    ///
    /// `unplaced` are answers of records that were not stored, of which it is not known which those are: none of the batch
    /// is in the sample then.
    ///
    /// Returns the places of those that the target has not from this restore.
    @discardableResult mutating func settle(
        _ batch: CommandBatch,
        others: [(index: Int, reply: any RecordReply)],
        unplaced: [any RecordReply] = []
    ) -> [Int] {
        guard let place = openIndex(batch.window) else { return others.map(\.index) }
        let verdicts = others.map { verdict($0.reply, on: batch.sent[$0.index], in: place) }
        open[place].answeredCount += UInt64(batch.sent.count)
        let storedCount = UInt64(batch.sent.count - others.count - unplaced.count)
        open[place].totals.accounting.add(storedCount, to: .restored)
        if let type = batch.sent.first?.type {
            for reply in unplaced { judge(reply, typeName: typeName(type), in: place) }
            if !unplaced.isEmpty { for sent in batch.sent { sample.remove(rank: sent.rank) } }
        }
        for verdict in verdicts { open[place].totals.accounting.add(to: verdict.recordClass, because: verdict.reason) }
        let weight = batch.sent.reduce(0) { $0 + UInt64($1.weight) }
        if weight > 0 {
            let notStored = others.reduce(0) { $0 + UInt64(batch.sent[$1.index].weight) }
            served.add(weight: weight - notStored, at: .now)
        }
        open[place].totals.keyspace.update(batch.database) { database in
            var rest = Array(zip(others, verdicts))[...]
            for (index, sent) in batch.sent.enumerated() {
                guard let (other, verdict) = rest.first, other.index == index else {
                    database.add(deadline: sent.deadline, fieldEnd: sent.fieldEnd)
                    continue
                }
                rest.removeFirst()
                switch verdict.recordClass {
                case .restoredEarlier: database.add(deadline: sent.deadline, fieldEnd: sent.fieldEnd)
                case .existing: database.addExisting()
                default: break
                }
            }
            database.remove(UInt64(unplaced.count))
        }
        return zip(others, verdicts).filter { $0.1.recordClass != .restoredEarlier }.map(\.0.index)
    }

    /// Records that the target said it stored, now or earlier.
    var storedCount: UInt64 {
        open.reduce(Self.stored(confirmed.totals)) { $0 + Self.stored($1.totals) }
    }

    private static func stored(_ totals: RestoreTotals) -> UInt64 {
        totals.accounting[.restored] + totals.accounting[.restoredEarlier]
    }

    private mutating func judge(_ reply: any RecordReply, typeName: String, in place: Int) {
        let verdict = reply.verdict(typeName: typeName)
        if verdict.endsRun { open[place].isRefused = true }
        open[place].totals.accounting.add(to: verdict.recordClass, because: verdict.reason)
        open[place].totals.note(verdict, reply)
        note(verdict, reply)
    }

    /// Counts a record that went by itself; nil for OK.
    mutating func settle(_ record: CommandBatch.Sent, in database: UInt32, reply: (any RecordReply)?) {
        let batch = CommandBatch(database: database, bytes: ByteBuffer(), sent: [record], window: currentWindow)
        noteSent(batch)
        settle(batch, others: reply.map { [(index: 0, reply: $0)] } ?? [])
    }

    /// Counts what was never answered, or never sent.
    mutating func giveUp(_ sent: some Sequence<CommandBatch.Sent>, because reason: RestoreReason) {
        for record in sent {
            sample.remove(rank: record.rank)
            accounting.add(to: .failed, because: reason)
        }
    }

    private mutating func verdict(_ reply: any RecordReply, on sent: CommandBatch.Sent, in place: Int) -> ReplyVerdict {
        sample.remove(rank: sent.rank)
        var verdict = reply.verdict(typeName: typeName(sent.type))
        if verdict.recordClass == .existing, open[place].start < earlierEnd { verdict.recordClass = .restoredEarlier }
        if verdict.endsRun { open[place].isRefused = true }
        open[place].totals.note(verdict, reply)
        note(verdict, reply)
        return verdict
    }

    /// What a reply other than OK says, noting its text and whether it ends the run.
    mutating func judge(_ reply: any RecordReply, typeName: String) -> ReplyVerdict {
        let verdict = reply.verdict(typeName: typeName)
        if verdict.endsRun, !open.isEmpty { open[open.count - 1].isRefused = true }
        totals.note(verdict, reply)
        note(verdict, reply)
        return verdict
    }

    private mutating func note(_ verdict: ReplyVerdict, _ reply: any RecordReply) {
        if verdict.endsRun, endingError == nil { endingError = reply.errorText }
    }

    private func openIndex(_ window: Int) -> Int? { open.lastIndex { $0.start == window } }
}

// MARK: Client flags

extension RestoreTally {
    /// Notes that what belongs behind records that were stored is to be sent: its window is not complete before it is
    /// answered.
    mutating func noteOwed(_ batch: CommandBatch) {
        guard let place = openIndex(batch.window) else { return }
        open[place].sentCount += 1
    }

    mutating func settleOwed(_ batch: CommandBatch) {
        guard let place = openIndex(batch.window) else { return }
        open[place].answeredCount += 1
    }

    /// Counts the answer to a command that keeps client flags; anything but an error is good.
    mutating func settleFlags(_ batch: CommandBatch, reply: (any RecordReply)?) {
        settleOwed(batch)
        guard let place = openIndex(batch.window) else { return }
        let refusal = reply?.errorText
        let isFirst = refusal == nil && flagDatabases.insert(batch.database).inserted
        open[place].totals.noteFlags(batch.keptFlagCount, in: batch.database, refusal, isFirst: isFirst)
    }

    /// Counts what was kept for items of the window that is being filled; `refusal` is the server's words.
    mutating func noteFlags(count: Int, in database: UInt32, refusal: String?) {
        let isFirst = refusal == nil && flagDatabases.insert(database).inserted
        totals.noteFlags(count, in: database, refusal, isFirst: isFirst)
    }
}

// MARK: Windows

extension RestoreTally {
    /// The window that is being filled; batches carry it.
    var currentWindow: Int { open.last?.start ?? 0 }

    /// The unit after the last that belongs to a window.
    var windowLimit: Int { open.last?.limit ?? confirmed.end }

    /// The unit after the last that was begun, now or earlier.
    var reach: Int { max(earlierEnd, open.isEmpty ? confirmed.end : sample.unit + 1) }

    /// Ends the window that is being filled, if one is, and begins another.
    mutating func openWindow(_ units: Range<Int>) {
        closeWindow(at: units.lowerBound)
        open.append(
            RestoreWindow(start: units.lowerBound, limit: units.upperBound, totals: RestoreTotals(start: start))
        )
    }

    /// Notes that every unit before `end` was taken.
    mutating func closeWindow(at end: Int) {
        guard let last = open.last, last.end == nil else { return }
        open[open.count - 1].end = end
    }

    /// Confirms the windows whose answers are in, in order; `now` is the target's clock.
    mutating func confirm(now: UnixMilliseconds) {
        while let window = open.first, window.isComplete, let end = window.end {
            let confirmedWindow = ConfirmedWindow(
                start: window.start,
                end: end,
                confirmedAt: now,
                totals: window.totals,
                sample: sample.entries(of: window.start..<end)
            )
            confirmed.add(confirmedWindow)
            unwritten.append(confirmedWindow)
            open.removeFirst()
        }
    }

    /// The windows that were confirmed since the last call.
    mutating func takeUnwritten() -> [ConfirmedWindow] {
        defer { unwritten = [] }
        return unwritten
    }

    /// Starts where an earlier run came to; units before `earlierEnd` may have been sent by it.
    mutating func resume(_ progress: ConfirmedProgress, sample entries: [RestoreSample.Entry], earlierEnd: Int) {
        confirmed = progress
        self.earlierEnd = earlierEnd
        for entry in entries where entry.unit < progress.end { sample.putBack(entry) }
    }

    /// Goes back to what a server that was restarted cannot have lost, if it has kept anything.
    mutating func stepBack() {
        flagDatabases = []
        confirmed.dropUncertain()
        sample.removeAll(from: confirmed.end)
    }

    /// Goes back to the first unit; what the target has counts as restored earlier, unless it `isEmpty`.
    mutating func beginAnew(isEmpty: Bool) {
        flagDatabases = []
        earlierEnd = isEmpty ? 0 : reach
        if isEmpty { served = ServedAccesses() }
        confirmed = ConfirmedProgress(start: start)
        sample.removeAll(from: 0)
    }

    /// Forgets what was under way, and that the target refused it, so that it is sent again.
    ///
    /// What the target has of it counts as restored earlier.
    mutating func abandonOpenWindows() {
        flagDatabases = []
        earlierEnd = reach
        open = []
        endingError = nil
        sample.removeAll(from: confirmed.end)
    }
}
