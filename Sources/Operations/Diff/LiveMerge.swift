import Comparison
import Restore

/// Merges a snapshot with what a walk of a live node found, and holds back what differs for a second look: the node goes on
/// serving meanwhile.
struct LiveMerge {
    let judge: ComparisonJudge
    private(set) var tally: ComparisonTally
    /// The first pair of the next group.
    private var held: ComparisonPair?

    init(judge: ComparisonJudge, tally: ComparisonTally) {
        (self.judge, self.tally) = (judge, tally)
    }

    /// The next pairs of one database that differ; nil after the last.
    ///
    /// Those that do not differ are counted.
    mutating func next(_ comparison: inout ComparisonRun) throws -> [ComparisonPair]? {
        var group = [held.take()].compactMap(\.self)
        while let pair = try comparison.next() {
            let judgement = judge.judge(pair)
            guard case .different = judgement.verdict else {
                tally.add(judgement)
                continue
            }
            guard group.count < NodeLooks.groupCount, group.first.map({ $0.database == pair.database }) ?? true else {
                held = pair
                return group
            }
            group.append(pair)
        }
        return group.isEmpty ? nil : group
    }

    /// Counts what a second look came to; gives the difference to be told, if there still is one.
    mutating func take(_ look: NodeLooks.Look) -> ComparisonDifference? {
        var told: ComparisonDifference?
        switch look.judgement.verdict {
        case .different(let difference):
            if Self.isOwn(difference) { return nil }
            told = difference
        case .same, .unwanted: tally.settledCount += 1
        case .expired: break
        }
        tally.add(look.judgement)
        return told
    }

    /// Temporary keys of a restore are nobody's data.
    private static func isOwn(_ difference: ComparisonDifference) -> Bool {
        difference.kind == .extra && TemporaryKey(name: difference.key) != nil
    }
}

extension ComparisonPair {
    fileprivate var database: UInt32? { (left ?? right)?.database }
}
