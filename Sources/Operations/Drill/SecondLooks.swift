/// How many values a comparison looks at a second time, to tell what of them differs.
struct SecondLooks: Sendable {
    /// A value of more bytes is not looked at again.
    private static let largestByteCount: UInt64 = 8 << 20
    private static let limit = 2000

    private var count = 0

    /// Whether there may be one more, at a value of so many bytes; counts it in any case.
    mutating func allow(bodyByteCount: UInt64) -> Bool {
        count += 1
        return count <= Self.limit && bodyByteCount <= Self.largestByteCount
    }
}
