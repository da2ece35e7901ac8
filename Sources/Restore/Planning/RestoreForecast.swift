/// How fast a target takes records of a snapshot, as it was measured.
package struct LoadRate: Codable, Hashable, Sendable {
    package var recordCount: UInt64
    /// Of the commands.
    package var byteCount: UInt64
    package var duration: Duration

    package init(recordCount: UInt64, byteCount: UInt64, duration: Duration) {
        self.recordCount = recordCount
        self.byteCount = byteCount
        self.duration = duration
    }

    package var keysPerSecond: Double { Double(recordCount) / seconds }
    package var bytesPerSecond: Double { Double(byteCount) / seconds }

    private var seconds: Double { max(1e-6, duration / .seconds(1)) }
}

/// How long a restore should take, and what that is taken from.
package struct RestoreForecast: Codable, Hashable, Sendable {
    /// Where the figure comes from.
    package enum Source: String, Codable, Hashable, Sendable {
        /// Records of the snapshot were sent to the target with a deadline long past: it decodes and does not store them.
        case measured
        /// `--rate` says it.
        case rate
        /// Nothing could be measured.
        case unknown
    }

    package let source: Source
    /// nil where nothing is known.
    package let duration: Duration?
    package let rate: LoadRate?

    /// Rounded up; nil where nothing is known.
    package var durationMilliseconds: Int64? {
        duration.map { Int64(clamping: Int(($0 / .milliseconds(1)).rounded(.up))) }
    }

    /// `keyCount` keys with `byteCount` bytes of values are to be restored.
    ///
    /// The longer of what the measured keys and the measured bytes per second come to: a measured sample whose records are
    /// smaller or larger than most of the others errs on the long side.
    package init(keyCount: UInt64, byteCount: UInt64, options: RestoreOptions, rate: LoadRate?) {
        let limited = options.keysPerSecond.map { Double(keyCount) / Double($0) }
        let measured = rate.map { max(Double(keyCount) / $0.keysPerSecond, Double(byteCount) / $0.bytesPerSecond) }
        self.rate = rate
        duration = [limited, measured].compactMap { $0 }.max().map { .seconds($0) }
        if let limited, limited >= measured ?? 0 {
            source = .rate
        } else {
            source = rate == nil ? .unknown : .measured
        }
    }
}
