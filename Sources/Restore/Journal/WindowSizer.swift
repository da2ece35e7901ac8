/// Chooses how many units the next window has, so that each takes about a second: what an interruption makes to be
/// redone.
///
/// Pure: the moment is a parameter.
struct WindowSizer {
    private static let firstCount = 2
    private static let largestCount = 256
    /// A window may have at most so many times the units of the one before.
    private static let growth = 4.0
    private static let goal = Duration.seconds(1)

    private var count = Self.firstCount
    private var lastStart: ContinuousClock.Instant?

    /// Units of a window that begins now.
    mutating func next(at now: ContinuousClock.Instant) -> Int {
        if let lastStart {
            let share = Self.goal / max(.milliseconds(1), lastStart.duration(to: now))
            count = Int((Double(count) * min(Self.growth, share)).rounded())
            count = max(1, min(Self.largestCount, count))
        }
        lastStart = now
        return count
    }
}
