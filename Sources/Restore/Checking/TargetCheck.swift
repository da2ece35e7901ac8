import RESP
import SnapshotModel
import Transport

/// Asks a target after a restore what it holds.
struct TargetCheck: Sendable {
    let plan: RestorePlan
    let clock: TargetClock
    /// What it evicted so far.
    let evictions: EvictionWatch
    /// Whether the target held no keys when the restore began; nil if it began with this run.
    var wasEmpty: Bool?

    /// Holds the counts of INFO and the sample against what was stored, and moves evicted keys in the accounting; nil if
    /// the target does not answer any more.
    func run(
        _ store: any TargetStore,
        _ keyspace: LoadedKeyspace,
        _ sample: RestoreSample,
        _ accounting: inout RestoreAccounting,
        evictedCount: inout UInt64
    ) async -> RestoreVerification? {
        do throws(TransportError) {
            var verification = RestoreVerification()
            var evictions = evictions
            var counts = try await store.counts()
            if let count = counts.evictedKeyCount { evictions.observe(count) }
            if wasEmpty ?? (plan.target.usersKeyCount == 0 || plan.options.flushTarget) {
                verification.databases = check(keyspace, against: counts, evictions)
                if !verification.databases.allSatisfy(\.isAsExpected), try await store.reclaim() {
                    counts = try await store.counts()
                    if let count = counts.evictedKeyCount { evictions.observe(count) }
                    verification.databases = check(keyspace, against: counts, evictions)
                }
            }
            try await store.readBack(sample, plan, clock: clock, into: &verification)
            // A target that is short of memory goes on evicting.
            evictions.observe(try await store.evictedKeyCount())
            evictedCount = evictions.total
            // Of a Memcached its names tell afterwards whose they were.
            if plan.itemDialect == nil { accounting.moveRestoredToEvicted(evictions.total) }
            return verification
        } catch {
            return nil
        }
    }

    private func check(
        _ keyspace: LoadedKeyspace,
        against counts: StoreCounts,
        _ evictions: EvictionWatch
    ) -> [RestoreVerification.DatabaseCheck] {
        RestoreVerification.check(keyspace, against: counts, evictedCount: evictions.total, now: clock.now)
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
