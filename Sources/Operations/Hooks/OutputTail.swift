/// The end of a stream of bytes, at most so many of them.
struct OutputTail: Sendable {
    private let limit: Int
    private var bytes: [UInt8] = []
    private var byteCount: UInt64 = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// The bytes that are kept.
    var kept: [UInt8] { Array(bytes.suffix(limit)) }

    /// How many came before those.
    var omittedByteCount: UInt64 { byteCount - UInt64(min(bytes.count, limit)) }

    mutating func append(_ new: UnsafeRawBufferPointer) {
        byteCount += UInt64(new.count)
        bytes.append(contentsOf: new)
        // Only beyond twice the limit is anything moved, so that each byte is moved about once.
        if bytes.count > 2 * limit { bytes.removeFirst(bytes.count - limit) }
    }
}
