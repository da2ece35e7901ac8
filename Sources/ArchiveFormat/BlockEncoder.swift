package import NIOCore
import SnapshotModel

/// A block as it lies in the file.
package struct EncodedBlock: Sendable {
    package var header: BlockHeader
    /// Header and stored bytes.
    package var bytes: ByteBuffer
    /// The filter of the keys that begin in the block; without bits for other kinds.
    package var filter: KeyFilter

    /// What the block says of itself that its header does not: for the index.
    package var databases: ClosedRange<UInt32>?
    package var leadingChunkByteCount: Int
    package var trailingChunkByteCount: Int
    /// What going through all of its records found.
    package var contents: BlockContents

    /// Takes the bytes out, so that whoever gets them has the only reference to their storage.
    package mutating func takeBytes() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &bytes)
        return taken
    }
}

/// Compresses blocks, one after the other, with contexts and buffers that are used again.
///
/// Not shared between tasks: each worker has its own.
package final class BlockEncoder {
    private let archiveTag: UInt64
    private let pool: BlockBufferPool
    private let library: ZlibLibrary
    private var deflater: Deflater?
    #if Libdeflate
    private var libdeflate: LibdeflateCompressor?
    #endif
    private var zstd: ZstdCompressor?
    private var hashes: [UInt64] = []

    /// Encoded blocks are built in buffers of `pool`.
    package init(
        archiveTag: UInt64,
        pool: BlockBufferPool = BlockBufferPool(),
        library: ZlibLibrary = .standard
    ) {
        self.archiveTag = archiveTag
        self.pool = pool
        self.library = library
    }

    /// Compresses, or stores raw what does not shrink; computes the checksums and the key filter.
    ///
    /// `number` counts the blocks of the kind; `firstRecord` is how many records began in earlier blocks.
    package func encode(
        _ block: RawBlock,
        codec: BlockCodec,
        number: UInt32,
        firstRecord: UInt64
    ) throws(ArchiveError) -> EncodedBlock {
        let rawByteCount = block.bytes.readableBytes
        guard rawByteCount <= ArchiveLimits.maximumRawByteCount else {
            throw .excessiveLength(
                .block(BlockLocation(kind: block.kind, number: number, offset: 0)),
                declared: UInt64(rawByteCount),
                limit: UInt64(ArchiveLimits.maximumRawByteCount)
            )
        }
        var bytes = pool.take(byteCount: BlockHeader.Layout.byteCount + rawByteCount)
        bytes.writeRepeatingByte(0, count: BlockHeader.Layout.byteCount)
        let used = try store(block.bytes, codec: codec, into: &bytes)
        let header = BlockHeader(
            archiveTag: archiveTag,
            number: number,
            kind: block.kind,
            codec: used,
            tier: block.tier,
            flags: block.flags,
            storedByteCount: bytes.readableBytes - BlockHeader.Layout.byteCount,
            rawByteCount: rawByteCount,
            bodyByteCount: block.bodyByteCount,
            headByteCount: block.headByteCount,
            recordCount: block.recordCount,
            storedChecksum: CRC32.checksum(
                bytes,
                from: BlockHeader.Layout.byteCount,
                byteCount: bytes.readableBytes - BlockHeader.Layout.byteCount
            ),
            firstRecord: firstRecord
        )
        bytes.setBuffer(header.encoded(), at: 0)
        let (filter, contents) = try filter(of: block.bytes, header)
        return EncodedBlock(
            header: header,
            bytes: bytes,
            filter: filter,
            databases: block.databases,
            leadingChunkByteCount: block.leadingChunkByteCount,
            trailingChunkByteCount: block.trailingChunkByteCount,
            contents: contents
        )
    }

    /// Appends the stored form of `raw` to `output`, which has room for the raw one.
    private func store(
        _ raw: ByteBuffer,
        codec: BlockCodec,
        into output: inout ByteBuffer
    ) throws(ArchiveError) -> CodecIdentifier {
        // One byte less than raw: what does not shrink is of no use.
        let room = raw.readableBytes - 1
        if codec != .none, room > 0, try compress(raw, codec: codec, into: &output, room: room) {
            return codec.identifier
        }
        output.writeImmutableBuffer(raw)
        return .none
    }

    private func compress(
        _ raw: ByteBuffer,
        codec: BlockCodec,
        into output: inout ByteBuffer,
        room: Int
    ) throws(ArchiveError) -> Bool {
        var outcome = Result<Int?, ArchiveError>.success(nil)
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { writable in
            let target = UnsafeMutableRawBufferPointer(rebasing: writable[..<room])
            outcome = raw.withUnsafeReadableBytes { source in
                Result { () throws(ArchiveError) in try compress(source, codec: codec, into: target) }
            }
            guard case .success(let byteCount?) = outcome else { return 0 }
            return byteCount
        }
        return try outcome.get() != nil
    }

    private func compress(
        _ source: UnsafeRawBufferPointer,
        codec: BlockCodec,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int? {
        switch codec {
        case .none: return nil
        case .zlib(let level): return try compressZlib(source, into: target, level: level)
        case .zstd(let level):
            if zstd == nil { zstd = try ZstdCompressor() }
            return try zstd?.compress(source, into: target, level: level)
        }
    }

    private func compressZlib(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        level: Int
    ) throws(ArchiveError) -> Int? {
        switch library {
        case .zlib:
            if deflater == nil { deflater = try Deflater(level: level) }
            return try deflater?.compress(source, into: target, level: level)
        #if Libdeflate
        case .libdeflate:
            if libdeflate == nil { libdeflate = try LibdeflateCompressor(level: level) }
            return try libdeflate?.compress(source, into: target, level: level)
        #endif
        }
    }

    /// Going through the heads also proves that the block's records can be read.
    private func filter(of raw: ByteBuffer, _ header: BlockHeader) throws(ArchiveError) -> (KeyFilter, BlockContents) {
        guard header.kind == .records else { return (KeyFilter(bits: ByteBuffer()), BlockContents()) }
        // Out of self meanwhile: what belongs to an object is checked at every access.
        var hashes: [UInt64] = []
        swap(&hashes, &self.hashes)
        defer { swap(&hashes, &self.hashes) }
        hashes.removeAll(keepingCapacity: true)
        var cursor = RecordCursor(raw, header: header, at: 0)
        let contents = raw.withUnsafeReadableBytes { bytes in
            Result { () throws(ArchiveError) in try Self.read(&cursor, bytes, &hashes) }
        }
        return (KeyFilter(hashes: hashes), try contents.get())
    }

    private static func read(
        _ cursor: inout RecordCursor,
        _ bytes: UnsafeRawBufferPointer,
        _ hashes: inout [UInt64]
    ) throws(ArchiveError) -> BlockContents {
        var contents = BlockContents()
        while let record = try cursor.next(in: bytes) {
            guard !record.isContinuation else { continue }
            contents.count(record.kind)
            guard case .key = record.kind else { continue }
            let key = UnsafeRawBufferPointer(rebasing: bytes[record.keyRange])
            hashes.append(KeyHash.hash(database: record.database, key: key))
        }
        return contents
    }
}

extension RecordLayout {
    /// The hash that filters know the key by; `block` is the buffer of the record's block.
    package func keyHash(in block: ByteBuffer) -> UInt64 {
        block.withUnsafeReadableBytes { bytes in
            KeyHash.hash(database: database, key: UnsafeRawBufferPointer(rebasing: bytes[keyRange]))
        }
    }
}
