import ByteCoding
package import NIOCore

/// A value that lies in several blocks of records with consecutive numbers, one chunk in each.
package struct ValueChain: Hashable, Sendable {
    /// Number of the block of records that holds the first chunk (and the key): its last record.
    package var firstBlock: UInt32
    /// Bytes of each chunk of the body.
    package var chunkByteCounts: [UInt32]

    package init(firstBlock: UInt32, chunkByteCounts: [UInt32]) {
        self.firstBlock = firstBlock
        self.chunkByteCounts = chunkByteCounts
    }

    /// The value's body in bytes.
    package var totalByteCount: UInt64 { chunkByteCounts.reduce(0) { $0 + UInt64($1) } }
    package var lastBlock: UInt32 { firstBlock + UInt32(chunkByteCounts.count - 1) }

    /// `firstBlock`, number of chunks, total byte count, byte count of each chunk: varints.
    package func encode(into bytes: inout ByteBuffer) {
        bytes.writeVarint(UInt64(firstBlock))
        bytes.writeVarint(UInt64(chunkByteCounts.count))
        bytes.writeVarint(totalByteCount)
        for byteCount in chunkByteCounts {
            bytes.writeVarint(UInt64(byteCount))
        }
    }

    /// The chains of a block of kind `chains`.
    package static func chains(decoding content: ByteBuffer, of piece: ArchivePiece) throws(ArchiveError) -> [Self] {
        var content = content
        var chains: [Self] = []
        while content.readableBytes > 0 {
            guard let firstBlock = content.readVarint(), let count = content.readVarint(),
                let total = content.readVarint(), count >= 2, count <= content.readableBytes,
                firstBlock <= UInt64(UInt32.max) - count
            else { throw .malformed(piece, reason: "a chain is cut off") }
            var chain = Self(firstBlock: UInt32(firstBlock), chunkByteCounts: [])
            chain.chunkByteCounts.reserveCapacity(Int(count))
            for _ in 0..<count {
                guard let byteCount = content.readVarint(), byteCount <= UInt64(UInt32.max) else {
                    throw .malformed(piece, reason: "a chain is cut off")
                }
                chain.chunkByteCounts.append(UInt32(byteCount))
            }
            guard chain.totalByteCount == total else {
                throw .malformed(piece, reason: "a chain's chunks do not add up to its length")
            }
            chains.append(chain)
        }
        return chains
    }
}

/// Finds the chains in a sequence of blocks of records.
package struct ChainTracker: Sendable {
    private var open: ValueChain?

    package init() {}

    /// True in the middle of a value.
    package var isOpen: Bool { open != nil }

    /// Takes the next block of records; gives the chain that ends in it.
    ///
    /// Throws if a value does not go on as said.
    package mutating func next(
        _ header: BlockHeader,
        leadingChunkByteCount: Int,
        trailingChunkByteCount: Int,
        at offset: UInt64
    ) throws(ArchiveError) -> ValueChain? {
        guard header.flags.contains(.continued) == (open != nil) else {
            throw .malformed(.block(header.location(at: offset)), reason: "a value does not go on where it should")
        }
        var finished: ValueChain?
        if var chain = open.take() {
            chain.chunkByteCounts.append(UInt32(leadingChunkByteCount))
            let isMiddle = header.flags.contains(.continues) && header.recordCount == 0
            if isMiddle {
                open = chain
                return nil
            }
            finished = chain
        }
        if header.flags.contains(.continues) {
            open = ValueChain(firstBlock: header.number, chunkByteCounts: [UInt32(trailingChunkByteCount)])
        }
        return finished
    }
}
