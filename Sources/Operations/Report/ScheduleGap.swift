package import Catalog
package import Policy
package import SnapshotModel

/// A time in which snapshots were due and none was published.
package struct ScheduleGap: Hashable, Sendable {
    /// The instant of the snapshot before it.
    package let from: UnixMilliseconds
    /// The instant of the snapshot after it; nil if the gap lasts.
    package let to: UnixMilliseconds?
    package let missedCount: Int

    /// The gaps between `entries`, deleted ones included, oldest first; none without a schedule.
    ///
    /// What retention removed leaves holes that are no gaps. Sequences tell them apart: they count every publication of
    /// the repository, so that between two snapshots nothing was published for certain if each number between theirs
    /// belongs to a snapshot of `all` that is still known. Half an interval late is not yet missed.
    package static func find(
        in entries: [SnapshotEntry],
        among all: [SnapshotEntry],
        schedule: PolicySchedule?,
        now: UnixMilliseconds
    ) -> [Self] {
        guard let schedule else { return [] }
        let interval = Int64(schedule.every.shortest / .milliseconds(1))
        let known = all.map(\.sequence).sorted()
        let ordered = entries.sorted { SnapshotEntry.isNewer($1, $0) }
        var gaps: [Self] = []
        for (earlier, later) in zip(ordered, ordered.dropFirst()) {
            let missed = missedCount(later.instant.milliseconds(since: earlier.instant), interval)
            guard missed > 0, isUnbroken(earlier.sequence, later.sequence, known) else { continue }
            gaps.append(Self(from: earlier.instant, to: later.instant, missedCount: missed))
        }
        if let last = ordered.last {
            let missed = missedCount(now.milliseconds(since: last.instant), interval)
            if missed > 0 { gaps.append(Self(from: last.instant, to: nil, missedCount: missed)) }
        }
        return gaps
    }

    private static func missedCount(_ length: Int64, _ interval: Int64) -> Int {
        guard interval > 0, length > interval + interval / 2 else { return 0 }
        return Int((length + interval / 2) / interval) - 1
    }

    /// Whether every sequence between two is known; `known` ascends.
    private static func isUnbroken(_ earlier: UInt64, _ later: UInt64, _ known: [UInt64]) -> Bool {
        guard earlier < later else { return false }
        let between = place(of: later, in: known) - place(of: earlier, in: known) - 1
        return UInt64(max(0, between)) == later - earlier - 1
    }

    /// How many of the ascending numbers are smaller.
    private static func place(of number: UInt64, in numbers: [UInt64]) -> Int {
        var (low, high) = (0, numbers.count)
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
