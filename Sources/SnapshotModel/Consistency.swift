/// How a snapshot came to be.
package enum CaptureMethod: String, Codable, Hashable, Sendable, CaseIterable {
    /// A replica hand-over: the server's own RDB stream.
    case replication
    /// SCAN with DUMP, key by key.
    case scan
    /// An RDB file.
    case file
    /// Memcached's own walk over its items with a read of each.
    case crawl
}

/// The honest label: what instant or window a snapshot represents, and what happened while it was read.
package struct Consistency: Codable, Hashable, Sendable {
    /// True for a point in time (replication, file), false for a fuzzy window (scan, crawl).
    package var isPointInTime: Bool
    /// The window in which keys were read; both ends equal the instant for a point in time.
    package var from: UnixMilliseconds
    package var to: UnixMilliseconds
    /// The replication id (40 hexadecimal digits) and offset in bytes at the point in time, where there is one.
    package var replicationID: String?
    package var replicationOffset: Int64?
    /// Keys that the walk over the source reported and that were gone when they were read.
    package var vanishedKeyCount: UInt64
    /// Items that a walk over a Memcached server listed: those captured, superseded, vanished and unreadable together.
    ///
    /// nil for other ways of capture.
    package var listedKeyCount: UInt64?
    /// Keys by the source's own count when the walk began; it may count what has expired.
    ///
    /// nil where it was not told.
    package var countedKeyCount: UInt64?
    /// Keys that are missing because the source answered their reading with an error; a warning tells which.
    package var unreadableKeyCount: UInt64?
    /// Records that a later reading of the same key superseded.
    package var duplicateKeyCount: UInt64
    /// Keys whose value and deadline had to be read again because they did not belong together.
    package var rereadKeyCount: UInt64
    /// Whether reading changed the source's own access data (idle times), as DUMP without NO-TOUCH does.
    package var disturbedAccessData: Bool

    package init(
        isPointInTime: Bool,
        from: UnixMilliseconds,
        to: UnixMilliseconds,
        replicationID: String? = nil,
        replicationOffset: Int64? = nil,
        vanishedKeyCount: UInt64 = 0,
        duplicateKeyCount: UInt64 = 0,
        rereadKeyCount: UInt64 = 0,
        disturbedAccessData: Bool = false
    ) {
        self.isPointInTime = isPointInTime
        self.from = from
        self.to = to
        self.replicationID = replicationID
        self.replicationOffset = replicationOffset
        self.vanishedKeyCount = vanishedKeyCount
        self.duplicateKeyCount = duplicateKeyCount
        self.rereadKeyCount = rereadKeyCount
        self.disturbedAccessData = disturbedAccessData
    }
}
