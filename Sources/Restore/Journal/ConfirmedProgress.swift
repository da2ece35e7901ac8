import SnapshotModel

/// How far a restore has come for certain: every answer up to `end` is in.
///
/// The last windows are kept apart for some seconds: a server that is restarted may have lost what it acknowledged last.
struct ConfirmedProgress: Sendable {
    /// For how long a server may lose what it acknowledged, in milliseconds: `appendfsync everysec` promises one second
    /// and may take two (redis.conf); one more for the two clocks.
    static let uncertainMilliseconds: Int64 = 3000

    private var base: RestoreTotals
    private var baseEnd = 0
    private var recent: [ConfirmedWindow] = []

    init(start: UnixMilliseconds) {
        base = RestoreTotals(start: start)
    }

    /// The first unit that is not confirmed.
    var end: Int { recent.last?.end ?? baseEnd }

    /// The first unit that a server which was restarted may have lost.
    var certainEnd: Int { recent.first?.start ?? baseEnd }

    /// Everything up to `end`.
    var totals: RestoreTotals {
        var all = base
        for window in recent { all.add(window.totals) }
        return all
    }

    /// Records of the units up to `end`.
    var handledRecordCount: UInt64 {
        recent.reduce(base.handledRecordCount) { $0 + $1.totals.handledRecordCount }
    }

    mutating func add(_ window: ConfirmedWindow) {
        recent.append(window)
        let limit = window.confirmedAt.advanced(byMilliseconds: -Self.uncertainMilliseconds)
        while let oldest = recent.first, recent.count > 1, oldest.confirmedAt < limit {
            base.add(oldest.totals)
            baseEnd = oldest.end
            recent.removeFirst()
        }
    }

    /// Takes back what the last seconds confirmed.
    mutating func dropUncertain() {
        recent = []
    }

    /// What an earlier run stored becomes `restoredEarlier`.
    mutating func becomeEarlier() {
        base.accounting.moveRestoredToEarlier()
        base.libraries.moveRestoredToEarlier()
        for index in recent.indices {
            recent[index].totals.accounting.moveRestoredToEarlier()
            recent[index].totals.libraries.moveRestoredToEarlier()
        }
    }
}
