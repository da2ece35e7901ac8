/// A key with a random value that a snapshot wrote to its source before the capture began.
///
/// That the archive has it proves that the data is from the node that was written to, and no older than that. Fields are
/// only ever added.
package struct SnapshotSentinel: Codable, Hashable, Sendable {
    /// What was found in the archive before the manifest was written.
    package enum Finding: String, Codable, Hashable, Sendable, CaseIterable {
        case found
        /// It is not there: the snapshot is suspicious.
        case missing
        /// It has another value: the snapshot is suspicious.
        case different
        /// It is not there, which has another explanation: a warning of the snapshot tells it.
        case undecided
    }

    /// What the names of all sentinels begin with.
    package static let keyPrefix = "rewarm:sentinel:"

    package var database: UInt32
    package var key: String
    package var value: String
    /// By the source's clock, right before it was written.
    package var writtenAt: UnixMilliseconds
    /// By then the source has let it expire, by its own clock.
    package var deadline: UnixMilliseconds
    package var finding: Finding

    package init(
        database: UInt32,
        key: String,
        value: String,
        writtenAt: UnixMilliseconds,
        deadline: UnixMilliseconds,
        finding: Finding
    ) {
        self.database = database
        self.key = key
        self.value = value
        self.writtenAt = writtenAt
        self.deadline = deadline
        self.finding = finding
    }

    /// Whether a record of it is in the archive.
    package var isArchived: Bool { finding == .found || finding == .different }
}

extension Manifest {
    /// Keys that were the source's own: an empty source has none, also with a sentinel in it.
    package var ownKeyCount: UInt64 {
        sentinel?.isArchived == true ? keyCount - min(keyCount, 1) : keyCount
    }

    /// Bytes of records before compression, without those of the sentinel's key and value.
    package var ownByteCount: UInt64 {
        guard let sentinel, sentinel.isArchived else { return rawByteCount }
        return rawByteCount - min(rawByteCount, UInt64(sentinel.key.utf8.count + sentinel.value.utf8.count))
    }
}
