package import SnapshotModel
package import Transport

/// What a restore came to, in numbers; complete also when it did not get through.
package struct RestoreResult: Sendable {
    /// Why writing ended.
    package enum Ending: Sendable {
        /// Every record had its turn.
        case finished
        /// The target took no further writes (-OOM, -READONLY, …): its words.
        case refused(String)
        case connectionLost(TransportError)
        /// A block of the archive is damaged or cannot be read, and salvage was not asked for.
        case damaged(any Error)
        case cancelled
        /// After an interruption the target was another one, or held other keys: a sentence.
        case exchanged(String)
    }

    /// Where a restore was continued that an earlier run began.
    package struct Resumption: Hashable, Sendable {
        /// When the first run began, by the target's clock.
        package var startedAt: UnixMilliseconds
        /// Records that had their turn in earlier runs, and are not sent again.
        package var recordCount: UInt64
    }

    package var ending: Ending
    /// Keys.
    package var accounting: RestoreAccounting
    /// Function libraries, in the same classes.
    package var libraries: RestoreAccounting
    /// Auxiliary data of modules, which no command restores.
    package var moduleAuxiliaryCount: UInt64
    /// Stored keys whose deadline had passed when the restore was checked: restored, and gone since, or about to.
    package var dueKeyCount: UInt64
    /// The first error text of each reason of the accounting.
    package var errorTexts: [String: String]
    /// nil if the target could not be asked any more.
    package var verification: RestoreVerification?
    /// Keys that the target evicted during the restore, those of others among them; 0 if it could not be asked.
    package var evictedKeyCount: UInt64 = 0
    /// Blocks that were lost, as sentences; salvage only.
    package var lostBlocks: [String]
    /// Values that went piece by piece: what is known of their use (idle time, frequency) no command could say.
    package var piecewiseKeyCount: UInt64 = 0
    /// Bytes of commands.
    package var sentByteCount: UInt64
    package var startedAt: UnixMilliseconds
    /// nil for a restore that begins at the beginning.
    package var resumedFrom: Resumption?
    /// How often the connection was made anew.
    package var retryCount: UInt64 = 0
    /// From the first block to the last answer, and with the check.
    package var loadingDuration: Duration
    /// When which share of the source's recent accesses was served, by what this run stored; empty where nothing is
    /// known of the keys' last use, and of a run that did not get through.
    package var servedAccesses: [ServedAccesses.Milestone] = []
    /// The same over time, to be drawn.
    package var servedCurve: [ServedAccesses.CurvePoint] = []
    /// How far the target's latency held the load back; nil if it was not watched.
    package var slowing: SendThrottle.Slowing?
    /// What else is to be told, as sentences.
    package var notices: [String] = []
    package var duration: Duration
    /// What an operator must undo at the target by hand; nil if nothing.
    package var remedy: String?

    /// Whether the snapshot, as far as it was asked for, is in the target, and the target agrees.
    package var isComplete: Bool {
        guard case .finished = ending else { return false }
        return accounting.isComplete && libraries.isComplete && lostBlocks.isEmpty && verification?.isGood ?? false
    }
}
