import RESP
import SnapshotModel
import Transport

/// Asks a target after a restore what it holds.
struct TargetCheck: Sendable {
    let plan: RestorePlan
    let clock: TargetClock
    /// `evicted_keys` of the target when the restore began.
    let evictedBefore: UInt64
    /// Whether the target held no keys when the restore began; nil if it began with this run.
    var wasEmpty: Bool?

    /// Holds the counts of INFO and the sample against what was stored, and moves evicted keys in the accounting; nil if
    /// the target does not answer any more.
    func run(
        _ store: any TargetStore,
        _ keyspace: LoadedKeyspace,
        _ sample: RestoreSample,
        _ accounting: inout RestoreAccounting
    ) async -> RestoreVerification? {
        do throws(TransportError) {
            var verification = RestoreVerification()
            var counts = try await store.counts()
            if wasEmpty ?? (plan.target.usersKeyCount == 0 || plan.options.flushTarget) {
                verification.databases = check(keyspace, against: counts)
                if !verification.databases.allSatisfy(\.isAsExpected), try await store.reclaim() {
                    counts = try await store.counts()
                    verification.databases = check(keyspace, against: counts)
                }
            }
            try await store.readBack(sample, plan, clock: clock, into: &verification)
            // A target that is short of memory goes on evicting.
            let evictedCount = Self.difference(try await store.evictedKeyCount(), evictedBefore)
            accounting.moveRestoredToEvicted(evictedCount)
            return verification
        } catch {
            return nil
        }
    }

    private func check(_ keyspace: LoadedKeyspace, against counts: StoreCounts) -> [RestoreVerification.DatabaseCheck] {
        RestoreVerification.check(
            keyspace,
            against: counts,
            evictedCount: Self.difference(counts.evictedKeyCount, evictedBefore),
            now: clock.now
        )
    }

    private static func difference(_ after: UInt64?, _ before: UInt64) -> UInt64 {
        let after = after ?? 0
        return after - min(after, before)
    }
}

extension NodeConnection {
    /// `evicted_keys` of INFO stats: keys thrown away for want of memory since the server's start.
    func evictedKeyCount() async throws(TransportError) -> UInt64 {
        try await info("stats").number("evicted_keys").flatMap { UInt64(exactly: $0) } ?? 0
    }

    /// Empties the target, and waits until the memory is free: an evicting target would take the new keys for it.
    func flush(_ plan: RestorePlan, functions: Bool) async throws(TransportError) {
        _ = try await command("FLUSHALL", "ASYNC")
        if plan.target.functionLibraryCount ?? 0 > 0, functions { _ = try await command("FUNCTION", "FLUSH") }
        while try await info("memory").number("lazyfree_pending_objects") ?? 0 > 0 {
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                throw TransportError(.cancelled, "\(address): cancelled")
            }
        }
    }
}
