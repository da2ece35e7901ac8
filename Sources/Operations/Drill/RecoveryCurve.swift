import Synchronization

/// Notes how much of a restore was done at which time, in bounded memory.
final class RecoveryCurve: Sendable {
    /// Points that are kept while noting; then every second one goes.
    private static let keptCount = 2048
    /// Points that are told.
    private static let toldCount = 200

    private struct State {
        var points: [DrillOutcome.RecoveryPoint] = []
        var stride: UInt64 = 1
        var skipped: UInt64 = 0
    }

    private let start: ContinuousClock.Instant
    private let state = Mutex(State())

    init(since start: ContinuousClock.Instant) {
        self.start = start
    }

    func note(_ done: UInt64, of total: UInt64) {
        guard total > 0 else { return }
        let point = DrillOutcome.RecoveryPoint(
            milliseconds: start.duration(to: .now).milliseconds,
            keyShare: min(1, Double(done) / Double(total))
        )
        state.withLock { state in
            state.skipped += 1
            guard state.skipped >= state.stride else { return }
            state.skipped = 0
            state.points.append(point)
            guard state.points.count >= Self.keptCount else { return }
            state.points = stride(from: 1, to: state.points.count, by: 2).map { state.points[$0] }
            state.stride *= 2
        }
    }

    /// The curve from the beginning of the command to the end of the loading.
    func points(loadedAt end: ContinuousClock.Instant) -> [DrillOutcome.RecoveryPoint] {
        let all = state.withLock(\.points)
        let step = max(1, all.count / Self.toldCount)
        let kept = stride(from: 0, to: all.count, by: step).map { all[$0] }
        let last = DrillOutcome.RecoveryPoint(milliseconds: start.duration(to: end).milliseconds, keyShare: 1)
        let first = DrillOutcome.RecoveryPoint(milliseconds: 0, keyShare: 0)
        return [first] + kept.filter { $0.milliseconds > 0 && $0.milliseconds < last.milliseconds } + [last]
    }
}
