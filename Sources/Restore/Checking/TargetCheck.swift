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
        _ control: NodeConnection,
        _ keyspace: LoadedKeyspace,
        _ sample: RestoreSample,
        _ accounting: inout RestoreAccounting
    ) async -> RestoreVerification? {
        do throws(TransportError) {
            var verification = RestoreVerification()
            // One INFO tells both, so that they belong together.
            let node = try await control.probe()
            var evictedCount = Self.difference(node.evictedKeyCount, evictedBefore)
            if wasEmpty ?? (plan.target.usersKeyCount == 0 || plan.options.flushTarget) {
                verification.databases = RestoreVerification.check(
                    keyspace,
                    against: node.keyspace,
                    evictedCount: evictedCount,
                    now: clock.now
                )
            }
            let isUntouched = try await control.reply(to: ["CLIENT", "NO-TOUCH", "ON"]).isOK
            let reader = SampleReader(
                connection: control,
                engine: plan.target.engine,
                knowsExpireTime: plan.target.knowsExpireTime,
                readsValues: isUntouched || plan.dialect.accessUse == .none,
                clock: clock
            )
            try await reader.read(sample.entries, into: &verification)
            // A target that is short of memory goes on evicting.
            evictedCount = Self.difference(try await control.evictedKeyCount(), evictedBefore)
            accounting.moveRestoredToEvicted(evictedCount)
            return verification
        } catch {
            return nil
        }
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
