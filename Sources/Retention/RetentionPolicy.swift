/// What stands under `retention:` in a policy file: which snapshots are kept, and what may never be deleted.
///
/// The defaults are those of the specification. A policy without any rule is invalid: it would delete everything.
package struct RetentionPolicy: Hashable, Sendable {
    /// From where windows are counted.
    package enum Anchor: String, CaseIterable, Hashable, Sendable {
        /// The newest candidate of the group: history survives when backups stop.
        case newest
        /// The time of the run.
        case now
    }

    /// Which snapshot of a period represents it.
    package enum Preference: String, CaseIterable, Hashable, Sendable {
        case newest
        case oldest
    }

    /// How long partial, failed and suspicious snapshots are kept; they never fill a slot.
    package struct Failed: Hashable, Sendable {
        /// Kept while younger than this.
        package var keepFor = CivilDuration(3, .days)
        /// The newest so many are kept whatever their age.
        package var keepLast = 3

        package init() {}
    }

    /// IANA name of the zone in which days begin (`time-zone`); never the host's.
    package var timeZone = "UTC"
    /// `group-by`.
    package var groupBy: [GroupKey] = [.source, .policy]
    package var anchor = Anchor.newest
    package var prefer = Preference.newest
    /// The newest so many (`last`).
    package var last: RetentionCount?
    /// Everything younger than this before the anchor (`within`).
    package var within: CivilDuration?
    /// The tiers that the policy names; a tier that is absent is off.
    package var tiers: [RetentionTier: RetentionTierRule] = [:]
    /// Snapshots with all the tags of at least one list; a tag is `name` or `name=value` (`tags`).
    package var tags: [[String]] = []
    /// Whether the oldest candidate is kept; nil: while the coarsest counted tier has free slots (`oldest`).
    package var oldest: Bool?
    /// The newest so many full candidates are kept whatever the rules say (`min-copies`).
    package var minimumCopies = 1
    /// The newest candidate that passed a drill is kept (`last-drilled`).
    package var lastDrilled = true
    /// The newest candidate that was verified or drilled is kept (`last-verified`).
    package var lastVerified = true
    /// The largest share of a group, in percent, that one run deletes (`max-delete`); up to three are always allowed.
    package var maximumDeletePercent = 50
    /// How long a deleted snapshot can still be undeleted (`grace`).
    package var grace = CivilDuration(24, .hours)
    /// Whether a snapshot by this policy expires after success (`apply`).
    package var apply = false
    package var failed = Failed()
    /// Whether a changed policy must be accepted before it deletes (`confirm-policy-change`).
    package var confirmPolicyChange = false

    package init() {}

    /// How far clocks may differ before a snapshot counts as one from the future, or a clock as set back: 5 minutes.
    package static let skewMilliseconds: Int64 = 300_000
    /// A run that deletes at most so many of a group is never a mass deletion.
    package static let alwaysAllowedDeletions = 3

    package func rule(of tier: RetentionTier) -> RetentionTierRule { tiers[tier] ?? RetentionTierRule() }

    /// The tiers that keep something, from fine to coarse.
    package var activeTiers: [RetentionTier] { RetentionTier.allCases.filter { !rule(of: $0).isOff } }
}
