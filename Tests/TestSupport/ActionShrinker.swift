/// Finds a short list of actions that still fails, by leaving out runs of them: halves first, single ones last.
///
/// What remains cannot lose any one action and still fail, unless the attempts are used up.
package struct ActionShrinker<Action: Sendable> {
    /// Lists that may be tried in all.
    private let attemptLimit: Int
    package private(set) var attemptCount = 0

    package init(attemptLimit: Int) {
        self.attemptLimit = attemptLimit
    }

    /// `fails` does a list from the very beginning and tells whether it fails as well.
    package mutating func shrink(
        _ actions: [Action],
        _ fails: ([Action]) async throws -> Bool
    ) async rethrows -> [Action] {
        var rest = actions
        // The last one is the one that failed.
        var width = max(1, (rest.count - 1) / 2)
        while true {
            var isShorter = false
            var start = 0
            while start < rest.count - 1 {
                guard attemptCount < attemptLimit else { return rest }
                attemptCount += 1
                var shorter = rest
                shorter.removeSubrange(start..<min(start + width, rest.count - 1))
                if try await fails(shorter) {
                    rest = shorter
                    isShorter = true
                } else {
                    start += width
                }
            }
            if width == 1, !isShorter { return rest }
            width = max(1, width / 2)
        }
    }
}
