package import Catalog
import ObjectStorage

/// Frees the space of deleted snapshots after the grace time.
package struct PurgeOperation: Sendable {
    private let graceMilliseconds: Int64

    package init(graceMilliseconds: Int64) {
        self.graceMilliseconds = graceMilliseconds
    }

    /// What a purge would do now.
    package func plan(_ context: OperationContext) async throws -> PurgeOutcome {
        let repository = try await context.openRepositoryForReading()
        let plan = try await repository.purgePlan(graceMilliseconds: graceMilliseconds)
        context.tell(repository.notices)
        return PurgeOutcome(plan: plan, removedUploadCount: 0)
    }

    package func run(_ context: OperationContext) async throws -> PurgeOutcome {
        let repository = try await context.openRepositoryForWriting()
        let report = try await repository.purge(graceMilliseconds: graceMilliseconds, by: context.actor)
        context.tell(report.notices)
        return PurgeOutcome(plan: report.plan, removedUploadCount: report.removedUploadCount)
    }
}

/// What a purge did or would do, as far as somebody wants to know it.
package struct PurgeOutcome: Sendable {
    /// Without the remains of earlier purges, which take no space.
    package let items: [PurgePlan.Item]
    package let orphanCount: Int
    package let orphanByteCount: UInt64
    package let removedUploadCount: Int

    init(plan: PurgePlan, removedUploadCount: Int) {
        items = plan.items.filter { !$0.isFreed || $0.storedByteCount > 0 }
        orphanCount = plan.orphans.count
        orphanByteCount = plan.orphans.reduce(0) { $0 + $1.byteCount }
        self.removedUploadCount = removedUploadCount
    }

    package var freedSnapshotCount: Int { items.count { $0.isFreed } }

    /// Bytes of parts and of what crashed runs left.
    package var freedByteCount: UInt64 {
        items.filter(\.isFreed).reduce(orphanByteCount) { $0 + $1.storedByteCount }
    }

    /// Whether a snapshot stayed only because somebody reads it.
    package var isBlocked: Bool {
        items.contains { item in
            if case .leased = item.decision { true } else { false }
        }
    }
}

extension PurgePlan.Item {
    package var isFreed: Bool { decision == .free || decision == .keepTombstone }
}
