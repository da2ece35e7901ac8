package import NIOCore
import SnapshotModel

/// Where the lines of a journal go.
package protocol RestoreJournalStorage: Sendable {
    /// Makes a line durable, behind those before it.
    func append(_ line: ByteBuffer) throws
    /// Removes the journal: the restore is done.
    func remove()
}

/// Notes how far a restore is, so that a later run can continue it.
///
/// A line is written beside the work, one window ahead: before a record of a window is sent, it is durable that it may
/// have been. A journal that cannot be written is told once and ends no restore.
///
/// One task owns it.
package final class RestoreJournal {
    private let storage: any RestoreJournalStorage
    private let warn: @Sendable (String) -> Void
    private var writing: Task<String?, Never>?
    private var durableReach = 0
    private var hasFailed = false

    /// `warn` is told why the journal cannot be written.
    package init(_ storage: any RestoreJournalStorage, warn: @escaping @Sendable (String) -> Void) {
        self.storage = storage
        self.warn = warn
    }

    /// Writes the first line of a new journal.
    func begin(_ header: RestoreJournalHeader) async {
        await write(RestoreJournalLine(header: header))
    }

    /// Goes on with a journal whose lines say that units before `reach` may have been sent.
    func goOn(from reach: Int) {
        durableReach = reach
    }

    /// Notes windows that were confirmed, and that units before `limit` are about to be sent; returns when the latter is
    /// durable.
    ///
    /// `ahead` are the units that are likely to follow: with them noted as well, the next call need not wait.
    func advance(to limit: Int, ahead: Int, _ confirmed: [ConfirmedWindow]) async {
        await finishWriting()
        guard !hasFailed else { return }
        let isDurable = durableReach >= limit
        durableReach = max(durableReach, limit + ahead)
        start(RestoreJournalLine(confirmed: confirmed, reach: durableReach))
        if !isDurable { await finishWriting() }
    }

    /// Notes that the target is another process now, and that units from `from` on are done again.
    func restart(_ node: JournaledNode, from: Int) async {
        let restart = RestoreJournalLine.Restart(node: node, from: from)
        await write(RestoreJournalLine(reach: durableReach, restart: restart))
    }

    /// Notes what was confirmed last, and how far units were begun, when an attempt ends before its end.
    func note(_ confirmed: [ConfirmedWindow], reach: Int) async {
        durableReach = reach
        await write(RestoreJournalLine(confirmed: confirmed, reach: reach))
    }

    /// The restore is done: there is nothing to continue.
    func remove() async {
        await finishWriting()
        storage.remove()
    }

    private func write(_ line: RestoreJournalLine) async {
        await finishWriting()
        guard !hasFailed else { return }
        start(line)
        await finishWriting()
    }

    private func start(_ line: RestoreJournalLine) {
        writing = Task { [storage] in
            do {
                try storage.append(try line.encode())
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    private func finishWriting() async {
        guard let failure = await writing.take()?.value else { return }
        hasFailed = true
        // Half a journal would continue at the wrong place.
        storage.remove()
        warn(
            "the journal of the restore cannot be written (\(failure)); if it is interrupted, --resume cannot continue it"
        )
    }
}
