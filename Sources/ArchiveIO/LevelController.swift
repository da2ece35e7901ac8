import ArchiveFormat

/// Finds the highest level of compression that keeps up with the source: told how many blocks wait whenever a block is
/// taken to be compressed, it says at which level.
///
/// ```
/// none waits      the source is slower: after a few such blocks one level higher
/// some wait       the level stays
/// half the room   half the level
/// nearly all      the lowest level, before the source has to wait; from there it rises again
/// ```
struct LevelController: Hashable, Sendable {
    /// Blocks in a row at which nothing waited, before the level rises.
    static let calmLimit = 4

    private(set) var level: Int
    private let levels: ClosedRange<Int>
    private var calmCount = 0

    /// Begins at the lowest level.
    init(_ levels: ClosedRange<Int> = BlockCodec.automaticLevels) {
        self.levels = levels
        level = levels.lowerBound
    }

    /// The level for the next block, while `waitingCount` blocks wait in a queue with room for `bound`.
    mutating func next(waitingCount: Int, bound: Int) -> Int {
        if waitingCount + 1 >= bound {
            level = levels.lowerBound
        } else if 2 * waitingCount >= bound {
            level = max(levels.lowerBound, level / 2)
        }
        calmCount = waitingCount == 0 ? calmCount + 1 : 0
        if calmCount >= Self.calmLimit, level < levels.upperBound {
            level += 1
            calmCount = 0
        }
        return level
    }
}
