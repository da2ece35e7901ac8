package import SnapshotModel

/// How many stored keys are due by a later instant, in constant memory.
///
/// ```
/// buckets of 1 s for the first 4096 s after the start, of 64 s for the next 3 days, then one for all that is later
/// ```
package struct DeadlineLedger: Hashable, Sendable {
    private static let fineCount: Int64 = 4096
    private static let coarseSeconds: Int64 = 64
    private static let coarseCount: Int64 = 4096

    private let start: UnixMilliseconds
    private var buckets: [UInt64]
    /// Keys with any deadline.
    package private(set) var count: UInt64 = 0

    package init(start: UnixMilliseconds) {
        self.start = start
        buckets = Array(repeating: 0, count: Int(Self.fineCount + Self.coarseCount + 1))
    }

    package mutating func add(_ deadline: UnixMilliseconds) {
        buckets[bucket(of: deadline)] += 1
        count += 1
    }

    /// Adds the counts of a ledger with the same start.
    package mutating func add(_ other: Self) {
        guard other.count > 0 else { return }
        for index in buckets.indices { buckets[index] += other.buckets[index] }
        count += other.count
    }

    /// At least this many, and at most as many more as share the last second (or 64 s) before `now`.
    package func dueCount(by now: UnixMilliseconds) -> UInt64 {
        guard now >= start else { return 0 }
        return buckets[...bucket(of: now)].reduce(0, +)
    }

    private func bucket(of deadline: UnixMilliseconds) -> Int {
        let seconds = max(0, deadline.milliseconds(since: start)) / 1000
        if seconds < Self.fineCount { return Int(seconds) }
        let coarse = (seconds - Self.fineCount) / Self.coarseSeconds
        return Int(Self.fineCount + min(coarse, Self.coarseCount))
    }
}

extension DeadlineLedger: Codable {
    private enum CodingKeys: String, CodingKey {
        case start, buckets
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(start: try values.decode(UnixMilliseconds.self, forKey: .start))
        for pair in try values.decode(String.self, forKey: .buckets).split(separator: " ") {
            let numbers = pair.split(separator: ":").map { UInt64($0) }
            guard numbers.count == 2, let index = numbers[0].flatMap({ Int(exactly: $0) }), let keys = numbers[1],
                buckets.indices.contains(index)
            else {
                throw DecodingError.dataCorruptedError(forKey: .buckets, in: values, debugDescription: "no bucket")
            }
            buckets[index] += keys
            count += keys
        }
    }

    /// Only the buckets with keys, "bucket:keys": most are empty.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(start, forKey: .start)
        let filled = buckets.enumerated().filter { $0.element > 0 }
        try values.encode(filled.map { "\($0.offset):\($0.element)" }.joined(separator: " "), forKey: .buckets)
    }
}
