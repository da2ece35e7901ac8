/// How soon a target could serve the accesses that the source had had of late.
///
/// ```
/// served share at a moment = weight of the keys that the target has said by then that it stored / weight of all of them
/// ```
/// A key's weight is that of `AccessWeight`. Batches are noted when their answers are in.
package struct ServedAccesses: Sendable {
    /// When a share of the accesses was served.
    package struct Milestone: Hashable, Sendable {
        package var percent: Int
        /// From the beginning of the restore.
        package var duration: Duration

        package init(percent: Int, duration: Duration) {
            self.percent = percent
            self.duration = duration
        }
    }

    /// A share of the accesses that was served at a time.
    package struct CurvePoint: Hashable, Sendable {
        /// From the beginning of the restore.
        package var duration: Duration
        /// From 0 to 1.
        package var share: Double

        package init(duration: Duration, share: Double) {
            self.duration = duration
            self.share = share
        }
    }

    /// The shares that are reported.
    package static let percents = [50, 80, 100]
    /// Points that are kept at most: then each second one goes and only each second one is noted from then on, so that a
    /// moment is exact to a two-thousandth of what was noted.
    private static let pointLimit = 4096

    private struct Point {
        var moment: ContinuousClock.Instant
        /// Of all keys stored by then.
        var weight: UInt64
    }

    private var points: [Point] = []
    /// One point stands for so many calls of `add`.
    private var stride = 1
    private var callCount = 0
    private var total: UInt64 = 0
    private var last: ContinuousClock.Instant?

    package init() {}

    /// Notes that keys of this weight have been stored.
    package mutating func add(weight: UInt64, at moment: ContinuousClock.Instant) {
        guard weight > 0 else { return }
        total += weight
        last = moment
        callCount += 1
        guard callCount.isMultiple(of: stride) else { return }
        points.append(Point(moment: moment, weight: total))
        guard points.count == Self.pointLimit else { return }
        points = points.indices.filter { !$0.isMultiple(of: 2) }.map { points[$0] }
        stride *= 2
    }

    /// At most `count` points over the course of the restore, the last at 1; empty where nothing is known of the keys'
    /// last use.
    package func curve(since start: ContinuousClock.Instant, count: Int) -> [CurvePoint] {
        guard let last, total > 0 else { return [] }
        let step = max(1, (points.count + count - 2) / max(1, count - 1))
        let kept = Swift.stride(from: 0, to: points.count, by: step).map { points[$0] }
        return kept.filter { $0.moment < last }.map {
            CurvePoint(duration: start.duration(to: $0.moment), share: Double($0.weight) / Double(total))
        } + [CurvePoint(duration: start.duration(to: last), share: 1)]
    }

    /// Empty where nothing is known of the keys' last use.
    package func milestones(since start: ContinuousClock.Instant) -> [Milestone] {
        guard let last else { return [] }
        return Self.percents.map { percent in
            let wanted = Double(total) * Double(percent) / 100
            let point = percent == 100 ? nil : points.first { Double($0.weight) >= wanted }
            return Milestone(percent: percent, duration: start.duration(to: point?.moment ?? last))
        }
    }
}
