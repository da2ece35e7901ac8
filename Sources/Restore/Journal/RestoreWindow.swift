import SnapshotModel

/// A run of units of a restore (blocks in their order, then values over several blocks) that is confirmed as a whole:
/// when every unit of it was taken and every command of it answered.
///
/// What is under way when a connection breaks is redone by windows.
struct RestoreWindow: Sendable {
    /// The first unit; no two windows share it.
    let start: Int
    /// The unit after the last one that may belong to it.
    let limit: Int
    var totals: RestoreTotals
    /// Records handed to a lane, and those of them whose answer came.
    var sentCount: UInt64 = 0
    var answeredCount: UInt64 = 0
    /// The unit after its last; nil while it is being filled.
    var end: Int?
    /// An answer said that no further command can succeed: what it answered has to be sent again some day.
    var isRefused = false

    var isComplete: Bool { end != nil && sentCount == answeredCount && !isRefused }
}

/// A window that is complete, as all before it are: what the journal is written of.
struct ConfirmedWindow: Codable, Hashable, Sendable {
    var start: Int
    var end: Int
    /// When it was confirmed, by the target's clock.
    var confirmedAt: UnixMilliseconds
    var totals: RestoreTotals
    /// Keys of it in the sample that is read back.
    var sample: [RestoreSample.Entry]
}
