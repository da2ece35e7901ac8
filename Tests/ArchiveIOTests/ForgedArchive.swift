import ArchiveFormat
import Crypto
import NIOCore

/// An archive taken apart, to be changed and put together again with every checksum, offset and digest renewed.
///
/// What it makes is damaged in exactly one respect, so that only one check of the verifier can find it.
struct ForgedArchive {
    struct Block {
        var header: BlockHeader
        var stored: ByteBuffer
        var databases: ClosedRange<UInt32>?
        /// What the index says, where it is to differ from the block.
        var editEntry: (inout IndexEntry) -> Void = { _ in }
        /// False: the header keeps the checksum that it has.
        var renewsChecksum = true
        /// Bytes between this block and the next.
        var gap = 0
    }

    /// The whole header.
    var header: ByteBuffer
    /// All blocks but the index.
    var blocks: [Block] = []
    var trailer: ArchiveTrailer
    var editTrailer: (inout ArchiveTrailer) -> Void = { _ in }

    init(_ bytes: ByteBuffer) throws {
        var rest = bytes
        header = rest.readSlice(length: try ArchiveHeader.byteCount(preamble: bytes)) ?? ByteBuffer()
        let tail = bytes.getSlice(at: bytes.writerIndex - ArchiveTrailer.Layout.byteCount, length: 128) ?? ByteBuffer()
        trailer = try ArchiveTrailer(decoding: tail)
        var entries: [IndexEntry] = []
        while rest.readableBytes > ArchiveTrailer.Layout.byteCount {
            let block = try BlockHeader.decode(rest, at: 0)
            rest.moveReaderIndex(forwardBy: BlockHeader.Layout.byteCount)
            let stored = rest.readSlice(length: block.storedByteCount) ?? ByteBuffer()
            guard block.kind == .index else {
                blocks.append(Block(header: block, stored: stored))
                continue
            }
            let content = try BlockDecoder().decode(block, stored: stored, at: 0).bytes
            entries += try IndexEntry.entries(decoding: content, archiveTag: block.archiveTag, of: .trailer)
        }
        for index in blocks.indices { blocks[index].databases = entries[index].databases }
    }

    /// The place of the first block of a kind.
    func first(_ kind: BlockKind) -> Int {
        blocks.firstIndex { $0.header.kind == kind } ?? 0
    }

    /// Replaces a block's content; it is then stored raw.
    mutating func setContent(_ content: ByteBuffer, ofBlock index: Int) {
        let growth = content.readableBytes - blocks[index].header.rawByteCount
        blocks[index].stored = content
        blocks[index].header.codec = .none
        blocks[index].header.rawByteCount = content.readableBytes
        blocks[index].header.bodyByteCount += growth
    }

    func content(ofBlock index: Int) throws -> ByteBuffer {
        let block = blocks[index]
        return try BlockDecoder().decode(block.header, stored: block.stored, at: 0).bytes
    }

    /// Puts the archive together.
    func bytes() throws -> ByteBuffer {
        var file = header
        var index = ByteBuffer()
        for block in blocks {
            var blockHeader = block.header
            blockHeader.storedByteCount = block.stored.readableBytes
            if block.renewsChecksum { blockHeader.storedChecksum = try Self.checksum(block.stored) }
            var entry = IndexEntry(offset: UInt64(file.readableBytes), header: blockHeader, databases: block.databases)
            block.editEntry(&entry)
            entry.encode(into: &index)
            file.writeImmutableBuffer(blockHeader.encoded())
            file.writeImmutableBuffer(block.stored)
            file.writeRepeatingByte(0, count: block.gap)
        }
        let indexOffset = file.readableBytes
        let encoded = try BlockEncoder(archiveTag: trailer.archiveTag).encode(
            RawBlock(kind: .index, bytes: index),
            codec: .none,
            number: 0,
            firstRecord: trailer.recordCount
        )
        file.writeImmutableBuffer(encoded.bytes)
        var trailer = trailer
        trailer.indexOffset = UInt64(indexOffset)
        trailer.indexByteCount = UInt64(file.readableBytes - indexOffset)
        trailer.fileByteCount = UInt64(file.readableBytes + ArchiveTrailer.Layout.byteCount)
        trailer.rawByteCount = blocks.reduce(0) { sum, block in
            sum + (block.header.kind == .records ? UInt64(block.header.rawByteCount) : 0)
        }
        trailer.contentDigest = Self.digest(file)
        editTrailer(&trailer)
        file.writeImmutableBuffer(trailer.encoded())
        return file
    }

    /// The same file with the digest in its trailer renewed.
    static func resealed(_ bytes: ByteBuffer) throws -> ByteBuffer {
        var file = bytes
        let tail = file.readableBytes - ArchiveTrailer.Layout.byteCount
        let content = file.readSlice(length: tail) ?? ByteBuffer()
        var trailer = try ArchiveTrailer(decoding: file)
        trailer.contentDigest = digest(content)
        var result = content
        result.writeImmutableBuffer(trailer.encoded())
        return result
    }

    static func digest(_ bytes: ByteBuffer) -> [UInt8] {
        Array(SHA256.hash(data: Array(bytes.readableBytesView)))
    }

    /// CRC-32, as a block header has it.
    static func checksum(_ bytes: ByteBuffer) throws -> UInt32 {
        let block = RawBlock(kind: .closing, bytes: bytes)
        return try BlockEncoder(archiveTag: 0).encode(block, codec: .none, number: 0, firstRecord: 0).header
            .storedChecksum
    }
}
