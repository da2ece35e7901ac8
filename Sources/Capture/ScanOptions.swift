/// How a scan reads.
package struct ScanOptions: Sendable {
    /// SCAN's COUNT: keys that the server looks at in one go.
    package var scanCount: Int
    /// Keys in one transaction; within it the source serves nobody else.
    package var batchKeyCount: Int
    /// Keys per second at most; nil for as fast as it goes.
    package var keysPerSecond: Int?

    /// Transactions are small, because each holds the source's other clients up until its end.
    package init(scanCount: Int = 1000, batchKeyCount: Int = 64, keysPerSecond: Int? = nil) {
        self.scanCount = max(1, scanCount)
        self.batchKeyCount = max(1, batchKeyCount)
        self.keysPerSecond = keysPerSecond
    }
}

/// Spreads keys over time: a pure value that is told the time.
struct KeyRateLimit: Sendable {
    private let keysPerSecond: Int
    private var next: ContinuousClock.Instant?

    init(keysPerSecond: Int) {
        self.keysPerSecond = max(1, keysPerSecond)
    }

    /// The most keys to ask for at once, so that the pace is even within about a tenth of a second.
    var batchLimit: Int { max(1, keysPerSecond / 10) }

    /// How long to wait before `keyCount` keys are asked for at `now`; they are counted as asked for then.
    mutating func delay(keyCount: Int, now: ContinuousClock.Instant) -> Duration {
        let start = max(next ?? now, now)
        next = start + .seconds(1) * keyCount / keysPerSecond
        return start - now
    }
}
