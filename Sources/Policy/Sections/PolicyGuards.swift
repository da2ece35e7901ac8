/// `guards:`, when a snapshot that was taken is suspicious.
package struct PolicyGuards: PolicySection {
    package var minimumKeyCount: UInt64?
    /// Bytes before compression.
    package var minimumByteCount: UInt64?
    /// Percent of the median of the snapshots compared with, for keys and for bytes.
    package var maximumDropPercent: Int?
    /// How many of the last good snapshots of the same source and policy are compared with.
    package var compare = 7

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init("min-keys", \.minimumKeyCount, .whole(0...UInt64(Int64.max)), example: "1000", "The fewest keys"),
        .init("min-bytes", \.minimumByteCount, .size, example: "10MiB", "The fewest bytes, before compression"),
        .init(
            "max-drop",
            \.maximumDropPercent,
            .percent(1...99),
            example: "50%",
            "The largest drop of keys and of bytes against the median of the last good snapshots"
        ),
        .init(
            "compare",
            \.compare,
            .whole(1...100),
            example: "7",
            "How many of the last good snapshots of the same source and policy make that median"
        ),
    ]
}
