/// Spreads records and bytes evenly over time: `--rate`.
///
/// Pure: the moments are parameters.
package struct RatePacer: Sendable {
    /// Batches per second that a rate is served in, so that it is even to a tenth of a second.
    private static let batchesPerSecond = 10
    /// What a pause of the target or of this process may be made up for at once.
    private static let slack = Duration.milliseconds(200)

    private let keysPerSecond: Int?
    private let bytesPerSecond: Int?
    /// When everything handed out so far is due to be through.
    private var due: ContinuousClock.Instant

    /// A limit of nil is none.
    package init(keysPerSecond: Int?, bytesPerSecond: Int? = nil, start: ContinuousClock.Instant) {
        self.keysPerSecond = keysPerSecond
        self.bytesPerSecond = bytesPerSecond
        due = start
    }

    /// Records and bytes that one batch may have.
    package var batchRecordLimit: Int { keysPerSecond.map { max(1, $0 / Self.batchesPerSecond) } ?? .max }
    package var batchByteLimit: Int { bytesPerSecond.map { max(1, $0 / Self.batchesPerSecond) } ?? .max }

    /// Notes that so much is to be sent, and tells when: when what was before it is through by the slower of the rates.
    package mutating func moment(
        toSend recordCount: Int,
        byteCount: Int,
        now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        let moment = max(due, now - Self.slack)
        let seconds = max(
            keysPerSecond.map { Double(recordCount) / Double($0) } ?? 0,
            bytesPerSecond.map { Double(byteCount) / Double($0) } ?? 0
        )
        due = moment.advanced(by: .seconds(seconds))
        return moment
    }
}
