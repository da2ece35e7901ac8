package import SnapshotModel

/// The target's clock, told once and then followed by this host's monotonic clock: a step of either wall clock during
/// the restore does not move it.
package struct TargetClock: Sendable {
    private let told: UnixMilliseconds
    private let toldAt: ContinuousClock.Instant

    /// `told` is what the target's TIME said at the moment `toldAt`.
    package init(told: UnixMilliseconds, at toldAt: ContinuousClock.Instant) {
        self.told = told
        self.toldAt = toldAt
    }

    package func time(at moment: ContinuousClock.Instant) -> UnixMilliseconds {
        let elapsed = toldAt.duration(to: moment).components
        return told.advanced(byMilliseconds: elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000)
    }

    package var now: UnixMilliseconds { time(at: .now) }
}
