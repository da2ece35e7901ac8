import Memcached
import SnapshotModel

/// The last use of the first items that a walk by the hash table lists, which are as good as drawn by lot.
struct CrawlSample: Sendable {
    /// Items that the bounds of the tiers are made from.
    static let itemCount = 4000

    /// nil where the walk is no draw, or there is no item.
    private(set) var bounds: AccessTierBounds?
    private let takenAt = ContinuousClock.now

    /// Whole seconds since the sample, rounded up.
    var age: UInt64 { UInt64(max(0, takenAt.duration(to: .now).components.seconds)) + 1 }

    /// `now` is the server's clock in Unix seconds.
    init(_ entries: [CrawlEntry], walk: CrawlDump.Walk, now: Int64) {
        guard walk == .hash, !entries.isEmpty else { return }
        bounds = AccessTierBounds(
            basis: .idle,
            weight: AccessWeight(),
            sample: entries.map { UInt64(max(0, now - $0.lastAccess)) }
        )
    }
}
