/// Spreads records evenly over time: `--rate`.
///
/// Pure: the moment is a parameter.
package struct RatePacer: Sendable {
    /// Batches per second that a rate is served in, so that it is even to a tenth of a second.
    private static let batchesPerSecond = 10

    private let keysPerSecond: Int
    private let start: ContinuousClock.Instant
    private var sentCount: UInt64 = 0

    package init(keysPerSecond: Int, start: ContinuousClock.Instant) {
        self.keysPerSecond = keysPerSecond
        self.start = start
    }

    /// Records that one batch may have.
    package var batchRecordLimit: Int { max(1, keysPerSecond / Self.batchesPerSecond) }

    /// Notes that `count` records are to be sent, and tells when: when those before them were due to be through.
    package mutating func moment(toSend count: Int) -> ContinuousClock.Instant {
        let seconds = Double(sentCount) / Double(keysPerSecond)
        sentCount += UInt64(count)
        return start.advanced(by: .seconds(seconds))
    }
}
