package import Catalog
package import SnapshotModel

/// The holds of one snapshot.
package struct HeldSnapshot: Hashable, Sendable {
    package let snapshot: SnapshotID
    package let holds: [SnapshotStanding.Hold]
}

/// All holds of a repository, newest snapshot first.
package struct HoldListOperation: Sendable {
    private let includesEnded: Bool

    package init(includesEnded: Bool) {
        self.includesEnded = includesEnded
    }

    package func run(_ context: OperationContext) async throws -> [HeldSnapshot] {
        let repository = try await context.openRepositoryForReading()
        let listing = try await repository.snapshots()
        context.tell(listing.notices)
        let now = context.now()
        var held: [HeldSnapshot] = []
        // The catalog knows which snapshots have holds at all; only their facts are read.
        for entry in listing.entries where entry.state.heldUntil != nil {
            let holds = try await repository.standing(entry.id).holds
            let shown = includesEnded ? holds : holds.filter { $0.isActive(at: now) }
            if !shown.isEmpty { held.append(HeldSnapshot(snapshot: entry.id, holds: shown)) }
        }
        return held
    }
}
