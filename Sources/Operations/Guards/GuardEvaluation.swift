/// Whether a snapshot's figures are those of a good one: pure.
struct GuardEvaluation: Sendable {
    /// What guards look at.
    struct Figures: Hashable, Sendable {
        var keyCount: UInt64
        /// Bytes of records before compression.
        var byteCount: UInt64
    }

    private let guards: SnapshotGuards

    init(_ guards: SnapshotGuards) {
        self.guards = guards
    }

    /// What is suspicious about the figures, given those of earlier snapshots; a sentence for each guard that fired.
    func findings(about figures: Figures, after earlier: [Figures]) -> [String] {
        var findings: [String] = []
        if let minimum = guards.minimumKeyCount, figures.keyCount < minimum {
            findings.append("it has \(figures.keyCount) keys, and min-keys is \(minimum)")
        }
        if let minimum = guards.minimumByteCount, figures.byteCount < minimum {
            findings.append("it has \(figures.byteCount) bytes before compression, and min-bytes is \(minimum)")
        }
        findings += drop("keys", figures.keyCount, earlier.map(\.keyCount))
        findings += drop("bytes before compression", figures.byteCount, earlier.map(\.byteCount))
        return findings
    }

    private func drop(_ noun: String, _ value: UInt64, _ earlier: [UInt64]) -> [String] {
        guard let limit = guards.maximumDropPercent, let median = Self.median(earlier), value < median else {
            return []
        }
        let drop = Double(median - value) / Double(median) * 100
        guard drop > Double(limit) else { return [] }
        let last = earlier.count == 1 ? "the last good snapshot" : "the last \(earlier.count) good snapshots (median)"
        return ["it has \(value) \(noun), \(Int(drop))% less than the \(median) of \(last), and max-drop is \(limit)%"]
    }

    /// The middle one; of an even number of values, what lies half-way between the two in the middle.
    private static func median(_ values: [UInt64]) -> UInt64? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        let upper = sorted[sorted.count / 2]
        guard sorted.count % 2 == 0 else { return upper }
        let lower = sorted[sorted.count / 2 - 1]
        return lower + (upper - lower) / 2
    }
}
