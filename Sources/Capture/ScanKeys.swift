package import NIOCore

/// The keys of one SCAN reply, in one allocation.
package struct ScanKeys: Sendable {
    private var bytes = ByteBuffer()
    private var ends: [Int] = []
    /// How often these keys have been read before without a consistent result.
    var attempt = 0

    package init() {}

    package var count: Int { ends.count }
    package var isEmpty: Bool { ends.isEmpty }

    mutating func reserve(keyCount: Int) {
        ends.reserveCapacity(keyCount)
    }

    package mutating func append(_ key: ByteBuffer) {
        append(piece: key, isLast: true)
    }

    /// Appends bytes of a key that arrives in pieces.
    mutating func append(piece: ByteBuffer, isLast: Bool) {
        bytes.writeImmutableBuffer(piece)
        if isLast { ends.append(bytes.readableBytes) }
    }

    /// The key of that number, a slice that shares the storage of all.
    func key(_ index: Int) -> ByteBuffer {
        let start = index == 0 ? 0 : ends[index - 1]
        return bytes.getSlice(at: bytes.readerIndex + start, length: ends[index] - start) ?? ByteBuffer()
    }
}

/// The keys of one transaction: a range of those of a SCAN reply.
struct ScanBatch: Sendable {
    let keys: ScanKeys
    let range: Range<Int>
}
