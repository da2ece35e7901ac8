/// What a comparison came to, in numbers.
package struct ComparisonTally: Hashable, Sendable {
    /// Keys of each side, of the databases and names that were compared.
    package var leftKeyCount: UInt64 = 0
    package var rightKeyCount: UInt64 = 0
    /// Keys that are the same on both sides, deadlines within the tolerance.
    package private(set) var sameCount: UInt64 = 0
    /// Keys that only one side has and whose life has ended.
    package private(set) var expiredCount: UInt64 = 0
    /// Keys of which only type and deadline could be compared; they count as same or drift, too.
    package private(set) var undecidedCount: UInt64 = 0
    /// Differences that were gone at a second look: the node changed during the walk.
    package var settledCount: UInt64 = 0
    /// Of keys that both sides have with a deadline.
    package private(set) var drift = DriftDistribution()
    private var counts: [DifferenceKind: UInt64] = [:]
    private var libraryCounts: [DifferenceKind: UInt64] = [:]

    package init() {}

    /// Keys that differ in that way.
    package subscript(_ kind: DifferenceKind) -> UInt64 { counts[kind] ?? 0 }

    /// Function libraries that differ in that way.
    package func libraryCount(_ kind: DifferenceKind) -> UInt64 { libraryCounts[kind] ?? 0 }

    /// Differences of keys and libraries together.
    package var differenceCount: UInt64 { (Array(counts.values) + Array(libraryCounts.values)).reduce(0, +) }

    package mutating func add(_ judgement: ComparisonJudge.Judgement) {
        if judgement.isUndecided { undecidedCount += 1 }
        if let milliseconds = judgement.drift { drift.add(milliseconds) }
        switch judgement.verdict {
        case .same: sameCount += 1
        case .expired: expiredCount += 1
        case .different(let difference): counts[difference.kind, default: 0] += 1
        case .unwanted: break
        }
    }

    package mutating func add(_ difference: LibraryDifference) {
        libraryCounts[difference.kind, default: 0] += 1
    }
}
