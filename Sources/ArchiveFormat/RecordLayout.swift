package import NIOCore
package import SnapshotModel

/// Which record of an archive: the block of records where it begins, and the head there.
package struct RecordPlace: Hashable, Sendable {
    /// Number of the block among the blocks of records.
    package var block: UInt32
    /// Number of the head in the block, from 0; a further chunk at the block's start counts.
    package var ordinal: UInt32

    package init(block: UInt32, ordinal: UInt32) {
        self.block = block
        self.ordinal = ordinal
    }
}

extension RecordPlace: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.block, left.ordinal) < (right.block, right.ordinal)
    }
}

/// Where a chunk stands in its value.
package struct ChunkPosition: Hashable, Sendable {
    /// From 0; the chunks of a value lie in blocks of records with consecutive numbers, one in each.
    package var number: UInt32
    /// The chunk's first byte in the value's body.
    package var byteOffset: UInt64
    package var isLast: Bool

    package init(number: UInt32, byteOffset: UInt64, isLast: Bool) {
        self.number = number
        self.byteOffset = byteOffset
        self.isLast = isLast
    }

    package var isFirst: Bool { number == 0 }
}

/// A record in a decoded block; the ranges are byte offsets into the block's buffer.
package struct RecordLayout: Hashable, Sendable {
    package var kind: RecordKind
    package var database: UInt32
    package var type: UInt8
    package var expiry: Expiry
    package var access: AccessData
    package var keyRange: Range<Int>
    package var bodyRange: Range<Int>
    /// Number of the head in the block, from 0.
    package var ordinal: UInt32
    /// Set if the value lies in more than one block: then the body range is one chunk of it.
    package var chunk: ChunkPosition?

    /// A further chunk of a value whose key stands in an earlier block.
    package var isContinuation: Bool { chunk.map { !$0.isFirst } ?? false }

    /// The record's key as a slice of the block's buffer.
    package func key(in block: ByteBuffer) -> ByteBuffer { block.piece(keyRange) }

    /// The record's body, or this chunk of it, as a slice of the block's buffer.
    package func body(in block: ByteBuffer) -> ByteBuffer { block.piece(bodyRange) }

    /// The record's head; its key is a slice of the block's buffer.
    package func head(in block: ByteBuffer) -> RecordHead {
        RecordHead(
            kind: kind,
            database: database,
            type: type,
            expiry: expiry,
            access: access,
            key: key(in: block)
        )
    }
}

extension ByteBuffer {
    fileprivate func piece(_ range: Range<Int>) -> ByteBuffer {
        guard let slice = getSlice(at: readerIndex + range.lowerBound, length: range.count) else {
            preconditionFailure("a record's range lies outside its block")
        }
        return slice
    }
}
