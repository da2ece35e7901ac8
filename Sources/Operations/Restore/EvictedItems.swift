import Comparison
import NIOCore
import ObjectStorage
import RDB
import Restore
import SnapshotModel
import Transport

/// Finds out how many of the restored items a Memcached target has evicted: it counts evictions, those of others among
/// them, and names none.
struct EvictedItems {
    let manifest: Manifest
    let target: ConnectionOptions
    let context: OperationContext

    /// Moves what is gone in the accounting, and tells of the evictions that hit others.
    ///
    /// Where the target's names cannot be read, every eviction counts as one of a restored item: there were no more.
    func settle(_ result: inout RestoreResult, _ plan: RestorePlan, _ parts: SnapshotParts) async {
        guard plan.itemDialect != nil, result.evictedKeyCount > 0 else { return }
        let evicted = result.evictedKeyCount
        let address = plan.target.address
        do {
            let absent = try await absentCount(result, plan, parts)
            // What was not stored is absent, too.
            let gone = min(absent - min(absent, result.accounting[.failed]), evicted)
            result.accounting.moveRestoredToEvicted(gone)
            guard gone < evicted else { return }
            result.notices.append(
                "\(address) evicted \(evicted) items during the restore: \(gone) of the snapshot, by its names, and others"
            )
        } catch {
            result.accounting.moveRestoredToEvicted(evicted)
            result.notices.append(
                "\(address) evicted \(evicted) items during the restore; whose they were is not known, so that all are "
                    + "counted as the snapshot's: \(OperationError(describing: error).message)"
            )
        }
    }

    /// Items that were sent, should live, and are not there.
    private func absentCount(
        _ result: RestoreResult,
        _ plan: RestorePlan,
        _ parts: SnapshotParts
    ) async throws -> UInt64 {
        let scope = ValueFingerprinter.Scope()
        var names = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        try await ItemNames.read(target, options: ComparisonOptions(), into: &names, spillingTo: context.spillPlace)
        var sent = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        let start = result.resumedFrom?.startedAt ?? result.startedAt
        let items = SentItems(plan, manifest, start: start, now: try await time())
        try await items?.read(parts.opened) { key in try sent.append(ComparisonEntry(database: 0, key: key)) }
        var run = try ComparisonRun(left: sent, right: names)
        var count: UInt64 = 0
        while let pair = try run.next() {
            if pair.right == nil { count += 1 }
        }
        return count
    }

    /// The target's clock, at the end of its second: what has ended by then may be gone.
    private func time() async throws -> UnixMilliseconds {
        let session = try await TargetSession.connect(target)
        let now = try? await session.clock()?.now
        await session.close()
        return now ?? context.now()
    }
}
