import Operations

/// Turns samples of progress into a rate and a time left, over a window of the last seconds.
struct ProgressMeter {
    /// Older samples no longer count.
    static let windowMilliseconds: Int64 = 8000

    private struct Sample {
        let at: Int64
        let byteCount: UInt64
        let keyCount: UInt64
    }

    /// What is known at one moment; nil is not known.
    struct Reading: Equatable {
        var bytesPerSecond: Double?
        var keysPerSecond: Double?
        /// 0 to 1.
        var fraction: Double?
        var remainingMilliseconds: Int64?
    }

    private var phase: OperationProgress.Phase?
    private var subject: String?
    private var samples: [Sample] = []

    /// `at` is a monotonic time in milliseconds.
    mutating func read(_ progress: OperationProgress, at now: Int64) -> Reading {
        if progress.phase != phase || progress.subject != subject {
            (phase, subject) = (progress.phase, progress.subject)
            samples = []
        }
        samples.append(
            Sample(at: now, byteCount: progress.completedByteCount, keyCount: progress.completedKeyCount)
        )
        samples.removeAll { now - $0.at > Self.windowMilliseconds }
        var reading = Reading()
        reading.fraction = Self.fraction(of: progress)
        guard let first = samples.first, now > first.at else { return reading }
        let seconds = Double(now - first.at) / 1000
        let bytes = progress.completedByteCount.saturatingSubtraction(first.byteCount)
        let keys = progress.completedKeyCount.saturatingSubtraction(first.keyCount)
        if bytes > 0 { reading.bytesPerSecond = Double(bytes) / seconds }
        if keys > 0 { reading.keysPerSecond = Double(keys) / seconds }
        reading.remainingMilliseconds = Self.remaining(progress, reading)
        return reading
    }

    /// By bytes where their total is known, else by keys.
    private static func fraction(of progress: OperationProgress) -> Double? {
        // Nothing moves while the source prepares: a bar at 0 % would say that something does.
        guard progress.phase != .waiting else { return nil }
        if let total = progress.totalByteCount, total > 0 {
            return min(1, Double(progress.completedByteCount) / Double(total))
        }
        if let total = progress.totalKeyCount, total > 0 {
            return min(1, Double(progress.completedKeyCount) / Double(total))
        }
        return nil
    }

    private static func remaining(_ progress: OperationProgress, _ reading: Reading) -> Int64? {
        let seconds: Double
        if let total = progress.totalByteCount, total > 0 {
            guard let rate = reading.bytesPerSecond else { return nil }
            seconds = Double(total.saturatingSubtraction(progress.completedByteCount)) / rate
        } else if let total = progress.totalKeyCount, total > 0 {
            guard let rate = reading.keysPerSecond else { return nil }
            seconds = Double(total.saturatingSubtraction(progress.completedKeyCount)) / rate
        } else {
            return nil
        }
        return seconds < 1e9 ? Int64(seconds * 1000) : nil
    }
}

extension UInt64 {
    fileprivate func saturatingSubtraction(_ other: Self) -> Self { self > other ? self - other : 0 }
}
