/// How fast a target may be written to so that it stays quick for others: `--max-latency`.
///
/// Additive increase, multiplicative decrease, as TCP keeps a network from congestion:
/// ```
/// slow reading   allowance = max(floor, half of it or less, by how much the limit was exceeded)
/// quick reading  allowance += a twentieth of the rate that was too high last, or of itself where it is above that;
///                far above every rate seen there is no limit again
/// ```
/// Pure: readings go in, bytes per second come out.
package struct LatencyControl: Hashable, Sendable {
    /// What the target showed at one moment.
    package struct Reading: Hashable, Sendable {
        /// From a PING to its answer, on a connection of its own.
        package var latency: Duration
        /// The largest output buffer of a replica, in bytes; nil if the target has none or does not tell.
        package var replicaBufferByteCount: UInt64?

        package init(latency: Duration, replicaBufferByteCount: UInt64? = nil) {
            self.latency = latency
            self.replicaBufferByteCount = replicaBufferByteCount
        }
    }

    /// Bytes per second that are always allowed: a restore that is slowed down still ends.
    package static let floor = 131_072.0
    /// The least and the most that remains of a rate after a slow reading.
    private static let remainders = 0.25...0.5
    /// What a quick reading adds, as a share of the rate that was too high last.
    private static let step = 0.05
    /// Readings that are passed over after a slowdown: what was sent before it is still on its way.
    private static let settlingCount = 3
    /// Below this share of the limits a reading is quick; between it and the limits nothing changes.
    private static let quickShare = 0.8

    private let limit: Duration
    private let replicaBufferLimit: UInt64
    private var highestRate: Double = 0
    /// The rate at the last slowdown.
    private var tooHighRate: Double = 0
    private var settling = 0

    /// Bytes per second; nil without limit.
    package private(set) var allowance: Double?
    /// Readings that made it slower.
    package private(set) var slowdownCount: UInt64 = 0
    package private(set) var highestLatency = Duration.zero

    /// `replicaBufferLimit` is in bytes.
    package init(limit: Duration, replicaBufferLimit: UInt64) {
        self.limit = limit
        self.replicaBufferLimit = max(1, replicaBufferLimit)
    }

    /// Takes a reading; `rate` is what went out since the last one, in bytes per second.
    package mutating func observe(_ reading: Reading, rate: Double) {
        highestLatency = max(highestLatency, reading.latency)
        highestRate = max(highestRate, rate)
        let excess = max(
            reading.latency / limit,
            Double(reading.replicaBufferByteCount ?? 0) / Double(replicaBufferLimit)
        )
        if settling > 0 {
            settling -= 1
            return
        }
        if excess > 1 {
            slowDown(by: excess, rate: rate)
        } else if excess < Self.quickShare, let allowed = allowance {
            let raised = allowed + max(tooHighRate, allowed) * Self.step
            allowance = raised > 2 * highestRate ? nil : raised
        }
    }

    private mutating func slowDown(by excess: Double, rate: Double) {
        let remainder = min(max(1 / excess, Self.remainders.lowerBound), Self.remainders.upperBound)
        // What the target was given lately says more than what it would have been allowed.
        let current = min(allowance ?? .infinity, max(rate, Self.floor))
        tooHighRate = current
        allowance = max(Self.floor, current * remainder)
        slowdownCount += 1
        settling = Self.settlingCount
    }
}
