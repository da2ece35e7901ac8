/// Something that retention decides on and no archive knows: a small write-once object beside the manifest.
package struct Fact: Codable, Hashable, Sendable {
    package static let currentSchema = 1

    /// What is stated.
    ///
    /// New kinds are only ever added.
    package enum Statement: Codable, Hashable, Sendable {
        /// Protects the snapshot from every path that deletes, until the instant if there is one.
        case hold(reason: String, until: UnixMilliseconds?)
        /// Takes back the hold that the fact of this id stated.
        case holdRemoved(holdID: String)
        /// Softly deleted: no longer listed, its space freed by `purge` after the grace time.
        case deleted(reason: String)
        /// Takes a soft deletion back.
        case undeleted
        /// Purge decided to free the space; whatever of the snapshot still exists is to be removed.
        case purged
        /// Every byte was read again. `problem` is nil if all was well.
        case verified(problem: String?)
        /// It was restored into a scratch node and compared, or that was tried.
        case drilled(record: DrillRecord)
        /// A guard doubts the snapshot: it fills no slot and is not `latest` until it is accepted.
        case suspected(reason: String)
        /// A suspicious snapshot was accepted as good.
        case accepted(reason: String)
    }

    package var schema: Int
    /// Unique within the snapshot: the instant and six random digits, in the form of a snapshot id.
    package var id: String
    package var snapshot: SnapshotID
    package var statedAt: UnixMilliseconds
    /// Who stated it, `user@host`.
    package var statedBy: String
    package var statement: Statement

    package init(id: String, snapshot: SnapshotID, statedAt: UnixMilliseconds, statedBy: String, statement: Statement) {
        schema = Self.currentSchema
        self.id = id
        self.snapshot = snapshot
        self.statedAt = statedAt
        self.statedBy = statedBy
        self.statement = statement
    }
}
