import Catalog
import SnapshotModel

/// What a repository tells about the snapshots of a policy, for metrics.
///
/// Nothing of it comes from an earlier file of metrics, so it is right after any number of failed runs.
struct RepositoryFigures: Hashable, Sendable {
    /// The newest good snapshot in the policy's scope.
    var newest: SnapshotEntry?
    /// Its keys whose deadline had passed at its instant.
    var expiredKeyCount: UInt64?
    /// Live snapshots in the scope, and those among them that are not good.
    var keptCount = 0
    var suspiciousCount = 0
    var corruptCount = 0
    /// Bytes of all archives in the repository, of other policies and of deleted snapshots, too.
    var storedByteCount: UInt64 = 0
    var freeByteCount: UInt64?
    /// When a live snapshot in the scope was last read again and found well.
    var verifiedAt: UnixMilliseconds?
    /// nil as long as no drill is on record.
    var drill: DrillFigures?

    static func read(_ repository: Repository, _ scope: PolicyScope) async throws(RepositoryError) -> Self {
        let entries = try await repository.snapshots().entries
        var figures = Self(entries, scope)
        figures.drill = try await repository.drills(limit: 1) { scope.contains(policy: $1, sourceName: $0) }.first
            .map { DrillFigures($0.record) }
        if let newest = figures.newest {
            figures.expiredKeyCount = try await repository.manifest(newest.id).statistics.lifetimes.counts.first
        }
        figures.freeByteCount = try repository.freeByteCount()
        return figures
    }

    /// Pure; the entries are the newest first.
    init(_ entries: [SnapshotEntry], _ scope: PolicyScope) {
        let live = entries.filter { $0.state.isLive && scope.contains($0) }
        newest = live.first { $0.state.isTrusted }
        keptCount = live.count
        suspiciousCount = live.count { $0.state.isSuspicious }
        corruptCount = live.count { $0.state.isCorrupt }
        verifiedAt = live.filter { !$0.state.isCorrupt }.compactMap(\.state.verifiedAt).max()
        storedByteCount = entries.reduce(0) { $0 + $1.storedByteCount }
    }
}
