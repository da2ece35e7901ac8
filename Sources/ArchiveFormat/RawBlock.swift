package import NIOCore

/// A block before compression.
package struct RawBlock: Sendable {
    package var kind: BlockKind
    package var tier: UInt8
    package var flags: BlockFlags
    /// The areas one after the other: bodies, heads, deadlines.
    package var bytes: ByteBuffer
    package var bodyByteCount: Int
    package var headByteCount: Int
    /// Records that begin in the block.
    package var recordCount: Int
    /// The lowest and the highest database of the records; nil in a block without records.
    package var databases: ClosedRange<UInt32>?
    /// Bytes of the first record's body if it is a further chunk, and of the last one's if its value goes on.
    package var leadingChunkByteCount: Int
    package var trailingChunkByteCount: Int

    /// A block without records, such as one of the index.
    package init(kind: BlockKind, bytes: ByteBuffer) {
        self.kind = kind
        self.bytes = bytes
        tier = 0
        flags = []
        bodyByteCount = bytes.readableBytes
        headByteCount = 0
        recordCount = 0
        databases = nil
        leadingChunkByteCount = 0
        trailingChunkByteCount = 0
    }

    init(
        tier: UInt8,
        flags: BlockFlags,
        bytes: ByteBuffer,
        bodyByteCount: Int,
        headByteCount: Int,
        recordCount: Int,
        databases: ClosedRange<UInt32>?,
        leadingChunkByteCount: Int,
        trailingChunkByteCount: Int
    ) {
        kind = .records
        self.tier = tier
        self.flags = flags
        self.bytes = bytes
        self.bodyByteCount = bodyByteCount
        self.headByteCount = headByteCount
        self.recordCount = recordCount
        self.databases = databases
        self.leadingChunkByteCount = leadingChunkByteCount
        self.trailingChunkByteCount = trailingChunkByteCount
    }

    /// Takes the bytes out, so that whoever gets them has the only reference to their storage.
    package mutating func takeBytes() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &bytes)
        return taken
    }

    /// True of a block of records with neither a record nor a chunk.
    package var isEmpty: Bool { headByteCount == 0 }
}
