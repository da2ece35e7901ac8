import SnapshotModel

extension ActionModel {
    /// What is known of a snapshot that is not purged.
    struct State: Hashable {
        var number: Int
        var instant: UnixMilliseconds
        var deletedAt: UnixMilliseconds?
        var isDrilled = false
        var lastDrill: DrillRecord.Result?
        var isCorrupt = false
        var isSuspicious = false
        /// The ends of its holds, ascending.
        var holdEnds: [UnixMilliseconds] = []

        func isHeld(at now: UnixMilliseconds) -> Bool { holdEnds.contains { now < $0 } }
        var isGood: Bool { deletedAt == nil && !isCorrupt && !isSuspicious }

        /// Facts have strictly increasing instants, also where the clock went back: when something was deleted may
        /// differ.
        var withoutInstants: State {
            var state = self
            state.deletedAt = deletedAt.map { _ in UnixMilliseconds(0) }
            return state
        }

        /// Whether an action that died has left a state that its user may meet: the one before, or, as each removal of a
        /// hold is a fact of its own, with some of the holds taken back that all were to be.
        static func isOnTheWay(_ actual: State?, from before: State?, to after: State?) -> Bool {
            guard actual != before else { return true }
            guard var actual, let before, let after else { return false }
            let left = actual.holdEnds
            actual.holdEnds = before.holdEnds
            return actual == before && isPart(left, of: before.holdEnds) && isPart(after.holdEnds, of: left)
        }

        /// Whether each element of ascending `part` is in ascending `whole`, as often.
        private static func isPart(_ part: [UnixMilliseconds], of whole: [UnixMilliseconds]) -> Bool {
            var rest = part[...]
            for one in whole where rest.first == one { rest.removeFirst() }
            return rest.isEmpty
        }
    }
}
