/// How many keys a scan asks for ahead of the replies it has read: a pure value.
///
/// The server holds in its output buffer what has been asked for and not yet been read, so the bound is one of bytes.
/// Nobody knows a value's size before it comes; the window goes by the sizes seen lately, with respect for large ones,
/// starts small and at most doubles with each batch.
struct ScanWindow: Sendable {
    /// Bytes of replies that should be under way.
    static let targetByteCount = 2 << 20
    /// The most keys under way, and in one transaction: within one, the source serves nobody else.
    static let keyLimit = 4096
    /// The first batches, before any size is known.
    static let firstKeyCount = 16

    /// The most keys in one transaction.
    let batchLimit: Int
    private var allowedKeyCount = Self.firstKeyCount
    /// Bytes per key: a moving average, and a maximum that fades.
    private var average = 0.0
    private var recentMaximum = 0.0
    private(set) var keysUnderWay = 0

    init(batchLimit: Int) {
        self.batchLimit = batchLimit
    }

    /// How many of `available` keys the next transaction should read; 0 to wait for replies first.
    func nextBatch(available: Int) -> Int {
        let room = allowedKeyCount - keysUnderWay
        let size = min(available, batchLimit, allowedKeyCount)
        // A transaction is only sent whole, so that a nearly full window does not degrade to tiny ones.
        return size > 0 && (room >= size || keysUnderWay == 0) ? size : 0
    }

    mutating func sent(keyCount: Int) {
        keysUnderWay += keyCount
    }

    /// A batch has been read: `byteCount` bytes of values, the largest of `largest`.
    mutating func received(keyCount: Int, byteCount: Int, largest: Int) {
        keysUnderWay -= keyCount
        let mean = Double(byteCount) / Double(max(1, keyCount))
        average = average == 0 ? mean : average * 0.8 + mean * 0.2
        recentMaximum = max(recentMaximum * 0.95, Double(largest))
        // One key in sixteen may be as large as the largest seen lately.
        let expected = max(1, average, recentMaximum / 16)
        let fitting = Int(min(Double(Self.targetByteCount) / expected, Double(Self.keyLimit)))
        allowedKeyCount = max(1, min(fitting, allowedKeyCount * 2, Self.keyLimit))
    }
}
