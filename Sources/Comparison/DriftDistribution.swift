/// How far apart deadlines are: a histogram of milliseconds in constant memory.
///
/// Exact up to 63 ms; above that a percentile is at most 1/32 too large.
package struct DriftDistribution: Hashable, Sendable {
    private static let exactLimit: UInt64 = 64
    /// Buckets per power of two above that.
    private static let bucketCount: UInt64 = 32

    package private(set) var count: UInt64 = 0
    /// The drift farthest from 0, with its sign: positive where the right side's deadline is later.
    package private(set) var largest: Int64 = 0
    private var buckets: [UInt64] = []

    package init() {}

    /// Counts the deadlines of one key; `drift` is right minus left in milliseconds.
    package mutating func add(_ drift: Int64) {
        count += 1
        if drift.magnitude > largest.magnitude { largest = drift }
        let bucket = Self.bucket(of: drift.magnitude)
        if bucket >= buckets.count {
            buckets += [UInt64](repeating: 0, count: bucket + 1 - buckets.count)
        }
        buckets[bucket] += 1
    }

    /// The magnitude that so many of a hundred drifts do not exceed; 0 of none.
    package func percentile(_ percent: Double) -> UInt64 {
        let rank = UInt64((Double(count) * percent / 100).rounded(.up))
        var passed: UInt64 = 0
        for (bucket, number) in buckets.enumerated() {
            passed += number
            if passed >= max(1, rank) { return min(Self.upperBound(of: bucket), largest.magnitude) }
        }
        return largest.magnitude
    }

    private static func bucket(of magnitude: UInt64) -> Int {
        guard magnitude >= exactLimit else { return Int(magnitude) }
        let shift = UInt64(UInt64.bitWidth - magnitude.leadingZeroBitCount) - 6
        return Int(shift * bucketCount + (magnitude >> shift))
    }

    private static func upperBound(of bucket: Int) -> UInt64 {
        let bucket = UInt64(bucket)
        guard bucket >= exactLimit else { return bucket }
        let shift = bucket / bucketCount - 1
        return (bucket % bucketCount + bucketCount) << shift | (1 << shift - 1)
    }
}
