package import SnapshotModel

/// A restore of which there is a journal: it was interrupted, or is running.
package struct InterruptedRestore: Hashable, Sendable {
    package var snapshot: SnapshotID
    /// `host:port` or a socket's path.
    package var target: String
    /// By the target's clock.
    package var startedAt: UnixMilliseconds
    /// When the last line of the journal was written.
    package var writtenAt: UnixMilliseconds
    /// Records that had their turn.
    package var handledRecordCount: UInt64
    /// Whether somebody writes the journal now.
    package var isRunning: Bool
    /// The journal; where it stopped is forgotten with it, and nothing else.
    package var path: String
}

/// Lists the restores that can be continued, those that were written last first.
///
/// They are the user's on this host: no repository is asked, and no target.
package struct InterruptedRestoreListOperation: Sendable {
    package init() {}

    package func run(_ context: OperationContext) throws -> [InterruptedRestore] {
        try RestoreJournals(context).all().sorted { ($0.writtenAt, $0.path) > ($1.writtenAt, $1.path) }
    }
}
