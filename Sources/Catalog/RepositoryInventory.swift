package import SnapshotModel

/// Everything that retention decides on, as it was at one moment.
package struct RepositoryInventory: Sendable {
    /// A live snapshot in the policy's scope.
    package struct Item: Sendable {
        package var entry: SnapshotEntry
        /// Holds that were not taken back; some may have ended by themselves.
        package var holds: [SnapshotStanding.Hold]
        /// A fact of it cannot be read: it may be a hold.
        package var hasUnreadableFacts: Bool
        /// Somebody reads it.
        package var isLeased: Bool
        /// Every archive is there, in the size that the manifest says.
        package var hasAllParts: Bool
    }

    /// Newest first.
    package internal(set) var items: [Item] = []
    /// Live snapshots that the policy has no say in.
    package internal(set) var outOfScopeCount = 0
    /// The records of runs in the policy's scope, and of its own runs, the newest first.
    package internal(set) var runs: [RunRecord] = []
    /// Why catalog and store cannot both be right; nil if they agree, or there is no catalog to look at.
    package internal(set) var disagreement: String?
    package internal(set) var notices: [RepositoryNotice]

    init(notices: [RepositoryNotice]) {
        self.notices = notices
    }
}

/// What retention wants to be done.
package struct RetentionChange: Sendable {
    /// The snapshots to delete softly, each with its reason.
    package var deletions: [(id: SnapshotID, reason: String)] = []
    /// To be put on record when all deletions are facts.
    package var run: RunDraft?
    /// Records of runs to remove when that is done.
    package var removedRuns: [SnapshotID] = []

    package init() {}
}
