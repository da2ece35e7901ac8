import Catalog
import SnapshotModel

/// Which snapshots are verified, and in which order: a pure decision.
struct VerifyPlan: Hashable, Sendable {
    let snapshots: [SnapshotEntry]

    /// All live snapshots that the narrowing lets pass.
    static func all(_ entries: [SnapshotEntry], narrowing: SnapshotQuery) -> Self {
        Self(entries.filter { $0.state.isLive && narrowing.narrows(to: $0) })
    }

    /// The named ones, each once.
    ///
    /// A deleted snapshot can be named: it may be wanted back.
    static func named(_ queries: [SnapshotQuery], in entries: [SnapshotEntry]) throws(RepositoryError) -> Self {
        var chosen: [SnapshotEntry] = []
        for query in queries {
            let entry = try query.select(from: entries)
            if !chosen.contains(where: { $0.id == entry.id }) { chosen.append(entry) }
        }
        return Self(chosen)
    }

    /// Those that were verified longest ago come first, so that a limited time reaches all of them in the end: never
    /// verified before any other, and of those the newest first.
    private init(_ snapshots: [SnapshotEntry]) {
        self.snapshots = snapshots.sorted { left, right in
            switch (left.state.verifiedAt, right.state.verifiedAt) {
            case (nil, nil): SnapshotEntry.isNewer(left, right)
            case (nil, _): true
            case (_, nil): false
            case (.some(let leftAt), .some(let rightAt)):
                leftAt == rightAt ? SnapshotEntry.isNewer(left, right) : leftAt < rightAt
            }
        }
    }
}
