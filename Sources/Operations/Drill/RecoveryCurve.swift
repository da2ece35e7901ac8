import Restore
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

    /// The curve from the beginning of the command to the end of the loading, with the share of the recent accesses that
    /// was served meanwhile.
    ///
    /// `served` counts from the beginning of the load, which took `loading`; empty where nothing is known of accesses.
    func points(
        loadedAt end: ContinuousClock.Instant,
        after loading: Duration,
        served: [ServedAccesses.CurvePoint]
    ) -> [DrillOutcome.RecoveryPoint] {
        let keys = points(loadedAt: end)
        guard !served.isEmpty else { return keys }
        let beginning = (start.duration(to: end) - loading).milliseconds
        let whole = start.duration(to: end).milliseconds
        var accesses = [(beginning, 0.0)] + served.map { (min(whole, beginning + $0.duration.milliseconds), $0.share) }
        accesses.append((whole, 1))
        let keyLine = keys.map { ($0.milliseconds, $0.keyShare) }
        let moments = Set((keyLine + accesses).map(\.0)).sorted()
        return moments.map { moment in
            DrillOutcome.RecoveryPoint(
                milliseconds: moment,
                keyShare: Self.share(at: moment, on: keyLine),
                accessShare: Self.share(at: moment, on: accesses)
            )
        }
    }

    /// The height of a line through these points, which ascend, where it is not at one of them.
    private static func share(at moment: Int64, on line: [(Int64, Double)]) -> Double {
        // Of several points at a moment the last one counts: what was reached by then.
        guard let next = line.firstIndex(where: { $0.0 > moment }) else { return line.last?.1 ?? 0 }
        guard next > 0 else { return 0 }
        let (left, right) = (line[next - 1], line[next])
        guard left.0 < moment else { return left.1 }
        return left.1 + (right.1 - left.1) * Double(moment - left.0) / Double(right.0 - left.0)
    }

    /// The curve of the keys alone.
    private func points(loadedAt end: ContinuousClock.Instant) -> [DrillOutcome.RecoveryPoint] {
        let all = state.withLock(\.points)
        let step = max(1, all.count / Self.toldCount)
        let kept = stride(from: 0, to: all.count, by: step).map { all[$0] }
        let last = DrillOutcome.RecoveryPoint(milliseconds: start.duration(to: end).milliseconds, keyShare: 1)
        let first = DrillOutcome.RecoveryPoint(milliseconds: 0, keyShare: 0)
        return [first] + kept.filter { $0.milliseconds > 0 && $0.milliseconds < last.milliseconds } + [last]
    }
}
