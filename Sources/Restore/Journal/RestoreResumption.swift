import SnapshotModel
package import Transport

/// An interrupted restore that is to be continued: its journal, and what its target holds by now.
package struct RestoreResumption: Sendable {
    package let content: RestoreJournalContent
    package let decision: Continuation
    let targetIsEmpty: Bool
    let node: JournaledNode

    /// Looks at the target, of which a Redis ends up in database 0; writes nothing.
    package static func examine(
        _ content: RestoreJournalContent,
        _ target: TargetSession,
        clock: TargetClock,
        existing: ExistingMode
    ) async throws(TransportError) -> Self {
        let confirmed = content.sample.filter { $0.unit < content.confirmed.end }
        let examination = try await target.store.examine(confirmed, clock: clock)
        let decision = Continuation(
            at: examination,
            after: content.node,
            stored: content.confirmed.totals.keyspace,
            existing: existing,
            now: clock.now
        )
        return Self(
            content: content,
            decision: decision,
            targetIsEmpty: examination.keyCount == 0,
            node: examination.node
        )
    }

    /// Puts a tally where the earlier run came to, or as far back as the decision says, and tells the journal.
    func apply(to tally: inout RestoreTally, _ journal: RestoreJournal?) async {
        var progress = content.confirmed
        progress.becomeEarlier()
        tally.resume(progress, sample: content.sample, earlierEnd: content.reach)
        switch decision {
        case .goesOn, .refuses: break
        case .stepsBack: tally.stepBack()
        case .beginsAnew: tally.beginAnew(isEmpty: targetIsEmpty)
        }
        journal?.goOn(from: content.reach)
        if decision != .goesOn || node != content.node { await journal?.restart(node, from: tally.confirmed.end) }
    }
}
