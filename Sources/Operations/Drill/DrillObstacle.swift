/// Why a drill cannot tell whether a snapshot restores: nothing is known about the snapshot itself.
struct DrillObstacle: Error {
    /// What stands in the way: without a full stop, without secrets, key names and values.
    let reason: String
    /// What to do about it.
    let advice: String

    init(_ reason: String, _ advice: String) {
        (self.reason, self.advice) = (reason, advice)
    }
}
