import SnapshotModel
import Transport

/// Whether a restore can go on where it was interrupted, decided from what the target holds.
///
/// Pure: facts in, decision out.
///
/// | the target | what is done |
/// |---|---|
/// | is the same process and holds keys of the restore | goes on; keys that others removed stay away |
/// | was restarted and holds all that it acknowledged | goes on a few seconds earlier |
/// | was restarted and holds less, or was emptied | begins anew without overwriting |
/// | holds keys, and none of the restore's, under `--existing refuse` | refused: it was exchanged |
/// | is another process with keys, and nothing of the restore was confirmed by which to know it, under `refuse` | refused |
package enum Continuation: Hashable, Sendable {
    case goesOn
    /// As a restarted server may have lost what it acknowledged last.
    case stepsBack(String)
    case beginsAnew(String)
    case refuses(String)

    init(
        at target: TargetExamination,
        after known: JournaledNode,
        stored: LoadedKeyspace,
        existing: ExistingMode,
        now: UnixMilliseconds
    ) {
        let isSame = known.runID != nil && known.runID == target.node.runID
        let expected = stored.databases.mapValues { counts in
            let due = counts.dueCount(by: now)
            return counts.keyCount - min(counts.keyCount, due)
        }
        let expectedCount = expected.values.reduce(0, +)
        let what = isSame ? "was emptied" : "was restarted or exchanged"
        let hasNothing = expectedCount > 0 && (target.keyCount == 0 || Self.missesAll(target))
        if hasNothing {
            guard target.keyCount == 0 || existing != .refuse else {
                self = .refuses(
                    "\(target.address) \(what) since the restore was interrupted: it holds "
                        + "\(Figures.counted(target.keyCount, "key")) and none "
                        + "of those that were restored"
                )
                return
            }
            self = .beginsAnew(
                "\(target.address) \(what) since the restore was interrupted: of \(expectedCount) keys none is there; "
                    + "the restore begins anew"
            )
            return
        }
        if expectedCount == 0, !isSame, target.keyCount > 0, existing == .refuse {
            let isSameHistory = known.replicationID != nil && known.replicationID == target.node.replicationID
            guard isSameHistory else {
                self = .refuses(
                    "\(target.address) \(what) since the restore was interrupted: it holds "
                        + "\(Figures.counted(target.keyCount, "key")), and the "
                        + "restore had confirmed none by which it could be known again"
                )
                return
            }
        }
        guard !isSame else {
            let emptied = expected.filter { $0.value > 0 && target.keyspace[$0.key]?.keyCount ?? 0 == 0 }.keys.sorted()
            guard !emptied.isEmpty else {
                self = .goesOn
                return
            }
            let names = emptied.map(String.init).joined(separator: ", ")
            self = .beginsAnew(
                "\(target.address): database \(names) was emptied since the restore was interrupted; the restore begins "
                    + "anew, and what is there stays"
            )
            return
        }
        let short = expected.reduce(UInt64(0)) { sum, database in
            let found = target.keyspace[database.key]?.keyCount ?? 0
            return sum + database.value - min(database.value, found)
        }
        if short > 0 || target.missingCount > 0 {
            let lack =
                short > 0
                ? "\(short) of \(expectedCount) keys" : "\(target.missingCount) of \(target.soughtCount) sampled keys"
            self = .beginsAnew(
                "\(target.address) was restarted and has lost \(lack) that it had acknowledged; the restore begins anew, "
                    + "and what is there stays"
            )
        } else {
            self = .stepsBack("\(target.address) was restarted and holds what it had acknowledged; the restore goes on")
        }
    }

    private static func missesAll(_ target: TargetExamination) -> Bool {
        target.soughtCount > 0 && target.missingCount == target.soughtCount
    }
}
