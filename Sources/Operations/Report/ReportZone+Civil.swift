package import Reporting
package import Retention
package import SnapshotModel

extension ReportZone {
    /// The offsets of a zone from some days before `first` to some days after `last`.
    ///
    /// One look an hour, at most for a hundred years; zones change their clocks at whole hours or halves of them.
    package init(_ zone: CivilZone, from first: UnixMilliseconds, to last: UnixMilliseconds) {
        let hour: Int64 = 3_600_000
        let century: Int64 = 876_600
        let start = first.rawValue / hour - 48
        let end = max(start, min(last.rawValue / hour + 48, start + century))
        var changes: [Change] = []
        var clock = CivilClock(zone)
        for number in start...end {
            let instant = UnixMilliseconds(number * hour)
            let offset = clock.offset(at: instant)
            if changes.last?.offsetSeconds != offset { changes.append(Change(from: instant, offsetSeconds: offset)) }
        }
        self.init(name: zone.identifier, changes: changes)
    }
}
