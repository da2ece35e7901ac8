package import Catalog
package import Comparison
package import SnapshotModel
package import Transport

/// What a snapshot is held against, and how.
package struct DiffRequest: Sendable {
    package enum Other: Sendable {
        case snapshot(SnapshotQuery)
        case node(ConnectionOptions)
    }

    package var query: SnapshotQuery
    package var other: Other
    package var options: ComparisonOptions

    package init(query: SnapshotQuery, other: Other, options: ComparisonOptions) {
        self.query = query
        self.other = other
        self.options = options
    }
}

/// One thing that differs.
package enum DiffItem: Sendable {
    case key(ComparisonDifference)
    case library(LibraryDifference)
}

/// What a comparison came to.
package struct DiffReport: Sendable {
    package let snapshot: SnapshotID
    /// The other snapshot, or the address of the node.
    package let other: String
    package let deadlineTolerance: Int64
    package let tally: ComparisonTally
    /// When a live node was walked, by its own clock; nil of two snapshots.
    package let window: ClosedRange<UnixMilliseconds>?
    /// Whether the function libraries of both sides were compared.
    package let comparedLibraries: Bool
    /// Keys among the missing that a Memcached node could not hold: of another database, or of no name that it takes.
    package var unplaceableKeyCount: UInt64 = 0

    package var hasDifferences: Bool { tally.differenceCount > 0 }
}
