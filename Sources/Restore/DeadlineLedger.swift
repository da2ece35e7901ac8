package import SnapshotModel

/// How many stored keys are due by a later instant, in constant memory.
///
/// ```
/// buckets of 1 s for the first 4096 s after the start, of 64 s for the next 3 days, then one for all that is later
/// ```
package struct DeadlineLedger: Hashable, Sendable {
    private static let fineCount: Int64 = 4096
    private static let coarseSeconds: Int64 = 64
    private static let coarseCount: Int64 = 4096

    private let start: UnixMilliseconds
    private var buckets: [UInt64]
    /// Keys with any deadline.
    package private(set) var count: UInt64 = 0

    package init(start: UnixMilliseconds) {
        self.start = start
        buckets = Array(repeating: 0, count: Int(Self.fineCount + Self.coarseCount + 1))
    }

    package mutating func add(_ deadline: UnixMilliseconds) {
        buckets[bucket(of: deadline)] += 1
        count += 1
    }

    /// At least this many, and at most as many more as share the last second (or 64 s) before `now`.
    package func dueCount(by now: UnixMilliseconds) -> UInt64 {
        guard now >= start else { return 0 }
        return buckets[...bucket(of: now)].reduce(0, +)
    }

    private func bucket(of deadline: UnixMilliseconds) -> Int {
        let seconds = max(0, deadline.milliseconds(since: start)) / 1000
        if seconds < Self.fineCount { return Int(seconds) }
        let coarse = (seconds - Self.fineCount) / Self.coarseSeconds
        return Int(Self.fineCount + min(coarse, Self.coarseCount))
    }
}
