package import SnapshotModel

/// Why a backup is kept or skipped.
///
/// The text of a reason is stable: scripts read it, and the article "Retention" lists it.
package enum RetentionReason: Hashable, Sendable {
    /// Rule `last`: the position from the newest, and how many the rule keeps.
    case last(position: Int, of: RetentionCount)
    /// Rule `within`.
    case within(CivilDuration)
    /// A tier with a count: the bucket's position from the newest, and its name.
    case tier(RetentionTier, position: Int, of: RetentionCount, bucket: BucketKey)
    /// A tier with a window.
    case tierWithin(RetentionTier, CivilDuration, bucket: BucketKey)
    /// Rule `tags`: the list whose tags it has.
    case tags([String])
    /// Rule `oldest`.
    case oldest
    /// Floor `min-copies`: the position among the full candidates.
    case minimumCopies(position: Int, of: Int)
    case lastDrilled
    case lastVerified
    case hold(Backup.Hold)
    /// Somebody reads it.
    case lease(until: UnixMilliseconds)
    /// A backup that is not deleted cannot be restored without it.
    case neededBy(String)
    /// Partial or failed, and young.
    case failedRecently(Backup.State, CivilDuration)
    /// Partial or failed, and among the newest of them.
    case failedLast(Backup.State, position: Int, of: Int)
    /// Suspicious, and young.
    case suspiciousRecently(CivilDuration)
    /// Suspicious, and among the newest of them.
    case suspiciousLast(position: Int, of: Int)
    /// Corrupt, and there is no good one of the same period or newer.
    case corruptWithoutSuccessor
    /// Dated later than now, clocks' difference allowed for.
    case futureDated
    /// Still being made.
    case running
    /// The store refuses to delete it.
    case immutable(until: UnixMilliseconds)
}

extension RetentionReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .last(let position, let count): "last \(position)/\(count)"
        case .within(let window): "within \(window)"
        case .tier(let tier, let position, let count, let bucket): "\(tier.rawValue) \(position)/\(count) \(bucket)"
        case .tierWithin(let tier, let window, let bucket): "\(tier.rawValue) within \(window) \(bucket)"
        case .tags(let list): "tags " + list.joined(separator: "+")
        case .oldest: "oldest"
        case .minimumCopies(let position, let count): "min-copies \(position)/\(count)"
        case .lastDrilled: "last-drilled"
        case .lastVerified: "last-verified"
        case .hold(let hold): "hold:" + hold.name + (hold.until.map { " until \($0)" } ?? "")
        case .lease(let until): until.rawValue == .max ? "lease" : "lease until \(until)"
        case .neededBy(let id): "needed-by " + id
        case .failedRecently(let state, let window): "\(state.rawValue) keep-for \(window)"
        case .failedLast(let state, let position, let count): "\(state.rawValue) keep-last \(position)/\(count)"
        case .suspiciousRecently(let window): "suspicious keep-for \(window)"
        case .suspiciousLast(let position, let count): "suspicious keep-last \(position)/\(count)"
        case .corruptWithoutSuccessor: "corrupt without successor"
        case .futureDated: "future-dated"
        case .running: "running"
        case .immutable(let until): "immutable until \(until)"
        }
    }
}
