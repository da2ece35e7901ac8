package import NIOCore

/// A block as it was before compression.
package struct DecodedBlock: Sendable {
    package var header: BlockHeader
    /// Of the block's header in the file.
    package var offset: UInt64
    /// The raw bytes; ranges of a `RecordLayout` are offsets into it.
    package var bytes: ByteBuffer

    package init(header: BlockHeader, offset: UInt64, bytes: ByteBuffer) {
        self.header = header
        self.offset = offset
        self.bytes = bytes
    }

    /// Takes the bytes out, so that whoever gets them has the only reference to their storage.
    package mutating func takeBytes() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &bytes)
        return taken
    }

    /// The records from the first on; only in a block of kind `records`.
    package func records() -> RecordCursor {
        RecordCursor(bytes, header: header, at: offset)
    }

    package var location: BlockLocation { header.location(at: offset) }
}

/// Checks and decompresses blocks, one after the other, with contexts that are used again.
///
/// Not shared between tasks: each worker has its own.
package final class BlockDecoder {
    private let pool: BlockBufferPool
    private let library: ZlibLibrary
    private var inflater: Inflater?
    #if Libdeflate
    private var libdeflate: LibdeflateDecompressor?
    #endif
    private var zstd: ZstdDecompressor?

    /// Raw bytes are put into buffers of `pool`; who has used up a decoded block may give its buffer back there.
    package init(pool: BlockBufferPool = BlockBufferPool(), library: ZlibLibrary = .standard) {
        self.pool = pool
        self.library = library
    }

    /// Checks the stored bytes' checksum and decompresses them.
    ///
    /// `stored` are the bytes after the header, which was decoded (and so bounded) before. `checks` turns single
    /// checks off, for tests.
    package func decode(
        _ header: BlockHeader,
        stored: ByteBuffer,
        at offset: UInt64,
        checks: ArchiveChecks = .all
    ) throws(ArchiveError) -> DecodedBlock {
        let location = header.location(at: offset)
        guard stored.readableBytes >= header.storedByteCount else {
            throw .truncated(.block(location), neededByteCount: UInt64(header.storedByteCount))
        }
        guard let stored = stored.getSlice(at: stored.readerIndex, length: header.storedByteCount) else {
            preconditionFailure("the stored bytes were counted before")
        }
        let computed = CRC32.checksum(stored)
        guard computed == header.storedChecksum || !checks.contains(.blockChecksum) else {
            throw .checksumMismatch(.block(location), stored: header.storedChecksum, computed: computed)
        }
        guard header.codec != .none else {
            return DecodedBlock(header: header, offset: offset, bytes: stored)
        }
        var raw = pool.take(byteCount: header.rawByteCount)
        let isExact = try decompress(stored, codec: header.codec, into: &raw, rawByteCount: header.rawByteCount)
        guard isExact || !checks.contains(.decompression) else {
            throw .malformed(.block(location), reason: "it does not decompress to the length that it declares")
        }
        return DecodedBlock(header: header, offset: offset, bytes: raw)
    }

    /// Proves that an encoded block reads as what it was made of: header, checksum, and every byte of `raw`.
    package func prove(_ block: EncodedBlock, madeOf raw: ByteBuffer) throws(ArchiveError) {
        let header = try BlockHeader.decode(block.bytes, at: 0)
        let location = header.location(at: 0)
        var stored = block.bytes
        stored.moveReaderIndex(forwardBy: BlockHeader.Layout.byteCount)
        var decoded = try decode(header, stored: stored, at: 0)
        guard header == block.header, decoded.bytes == raw else {
            throw .malformed(.block(location), reason: "it does not read as what it was made of")
        }
        guard header.kind != .records || block.contents.recordCount == UInt64(header.recordCount) else {
            throw .malformed(.block(location), reason: "it has another number of records than it says")
        }
        if header.codec != .none { pool.give(decoded.takeBytes()) }
    }

    private func decompress(
        _ stored: ByteBuffer,
        codec: CodecIdentifier,
        into raw: inout ByteBuffer,
        rawByteCount: Int
    ) throws(ArchiveError) -> Bool {
        try makeContext(for: codec)
        var isExact = false
        raw.writeWithUnsafeMutableBytes(minimumWritableBytes: rawByteCount) { writable in
            let target = UnsafeMutableRawBufferPointer(rebasing: writable[..<rawByteCount])
            isExact = stored.withUnsafeReadableBytes { source in
                switch codec {
                case .none: false
                case .zlib: decompressZlib(source, into: target)
                case .zstd: zstd?.decompress(source, into: target) ?? false
                }
            }
            return rawByteCount
        }
        return isExact
    }

    private func makeContext(for codec: CodecIdentifier) throws(ArchiveError) {
        switch codec {
        case .none: break
        case .zstd: if zstd == nil { zstd = try ZstdDecompressor() }
        case .zlib:
            switch library {
            case .zlib: if inflater == nil { inflater = try Inflater() }
            #if Libdeflate
            case .libdeflate: if libdeflate == nil { libdeflate = try LibdeflateDecompressor() }
            #endif
            }
        }
    }

    private func decompressZlib(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        switch library {
        case .zlib: inflater?.decompress(source, into: target) ?? false
        #if Libdeflate
        case .libdeflate: libdeflate?.decompress(source, into: target) ?? false
        #endif
        }
    }
}
