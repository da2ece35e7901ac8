import ArchiveFormat
import ByteCoding
import NIOCore
import ObjectStorage
import Synchronization

/// Something that was written and is to be read back.
struct WrittenPiece: Sendable {
    enum Content: Sendable {
        case header(ArchiveHeader)
        case block(BlockHeader)
        case trailer(ArchiveTrailer)
    }

    var content: Content
    var offset: UInt64
    /// As they were given to the storage.
    var bytes: ByteBuffer

    var name: ArchivePiece {
        switch content {
        case .header: .header
        case .block(let header): .block(header.location(at: offset))
        case .trailer: .trailer
        }
    }

    /// Takes the bytes out, so that whoever gets them has the only reference to their storage.
    mutating func takeBytes() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &bytes)
        return taken
    }
}

/// An archive that is written, but for the read-back.
struct AssembledArchive: Sendable {
    var totals: ArchiveTotals
    var fileByteCount: UInt64
    /// SHA-256 of what was written, 32 bytes.
    var fileDigest: [UInt8]

    func summary(waitedDuration: Duration, hurriedBlockCount: UInt64) -> ArchiveSummary {
        ArchiveSummary(
            storedByteCount: fileByteCount,
            rawByteCount: totals.rawByteCount,
            recordCount: totals.recordCount,
            blockCount: UInt64(totals.recordBlockCount),
            supersededCount: totals.supersededCount,
            sha256: Hexadecimal.encode(fileDigest),
            waitedDuration: waitedDuration,
            hurriedBlockCount: hurriedBlockCount
        )
    }
}

/// Lays the pieces of an archive one after the other into the upload; used by one task at a time.
final class ArchiveAssembler: Sendable {
    private struct State {
        var offset: UInt64 = 0
        var digests = FileDigests()
        var index = ArchiveIndexBuilder()
        var filters = KeyFilterGroup(firstBlock: 0)
        var filterByteCount = 0
        var numbers: [BlockKind: UInt32] = [:]

        /// The filters that are not written yet; nil if there are none.
        mutating func takeFilters() -> KeyFilterGroup? {
            guard !filters.filters.isEmpty else { return nil }
            let group = filters
            filters = KeyFilterGroup(firstBlock: group.firstBlock + UInt32(group.filters.count))
            filterByteCount = 0
            return group
        }
    }

    private let upload: any ObjectUpload
    private let codec: BlockCodec
    private let archiveTag: UInt64
    private let pool: BlockBufferPool
    private let state = Mutex(State())

    init(upload: any ObjectUpload, codec: BlockCodec, archiveTag: UInt64, pool: BlockBufferPool) {
        self.upload = upload
        self.codec = codec
        self.archiveTag = archiveTag
        self.pool = pool
    }

    /// Bytes written so far.
    var storedByteCount: UInt64 { state.withLock { $0.offset } }

    func begin(_ header: ArchiveHeader) async throws -> WrittenPiece {
        try await write(try header.encoded(), .header(header))
    }

    /// Writes a block of records, whose bytes go to the piece.
    func append(_ block: inout EncodedBlock) async throws -> WrittenPiece {
        try await write(&block)
    }

    /// Writes the filters of the last blocks when there are enough to make a block of them, `filter` the newest.
    func append(_ filter: KeyFilter) async throws -> WrittenPiece? {
        let group = state.withLock { state in
            state.filters.filters.append(filter)
            state.filterByteCount += filter.bits.readableBytes
            return state.filterByteCount >= ArchiveLimits.sectionBlockByteCount ? state.takeFilters() : nil
        }
        guard let group else { return nil }
        return try await write(.filters, group.encoded(), with: BlockEncoder(archiveTag: archiveTag))
    }

    /// Writes what belongs at the end, and tells of each piece.
    func finish(
        _ closing: ArchiveClosing,
        superseded: SupersededRecords,
        _ report: (consuming WrittenPiece) async throws -> Void
    ) async throws -> AssembledArchive {
        let encoder = BlockEncoder(archiveTag: archiveTag, pool: pool)
        let (filters, chains) = try state.withLock { state in
            state.index.countSuperseded(superseded.count)
            return (state.takeFilters(), try state.index.chainContents())
        }
        var contents: [(BlockKind, ByteBuffer)] = []
        if let filters { contents.append((.filters, filters.encoded())) }
        contents += chains.map { (.chains, $0) }
        contents += superseded.encoded().map { (.superseded, $0) }
        contents.append((.closing, try closing.encoded()))
        for (kind, content) in contents { try await report(try await write(kind, content, with: encoder)) }
        let indexOffset = storedByteCount
        let entries = state.withLock { $0.index.indexContents() }
        for content in entries { try await report(try await write(.index, content, with: encoder)) }
        let (piece, archive) = try await writeTrailer(indexOffset: indexOffset, indexBlockCount: entries.count)
        try await report(piece)
        return archive
    }

    private func writeTrailer(
        indexOffset: UInt64,
        indexBlockCount: Int
    ) async throws -> (WrittenPiece, AssembledArchive) {
        let (offset, totals, digest) = state.withLock { ($0.offset, $0.index.totals, $0.digests.file()) }
        let trailer = ArchiveTrailer(
            archiveTag: archiveTag,
            fileByteCount: offset + UInt64(ArchiveTrailer.Layout.byteCount),
            indexOffset: indexOffset,
            indexByteCount: offset - indexOffset,
            totals: totals,
            indexBlockCount: UInt32(indexBlockCount),
            contentDigest: digest
        )
        let piece = try await write(trailer.encoded(), .trailer(trailer))
        let archive = AssembledArchive(
            totals: totals,
            fileByteCount: trailer.fileByteCount,
            fileDigest: state.withLock { $0.digests.file() }
        )
        return (piece, archive)
    }

    private func write(
        _ kind: BlockKind,
        _ content: ByteBuffer,
        with encoder: BlockEncoder
    ) async throws -> WrittenPiece {
        let decoder = BlockDecoder()
        let (number, firstRecord) = state.withLock { state in
            defer { state.numbers[kind, default: 0] += 1 }
            return (state.numbers[kind, default: 0], state.index.totals.recordCount)
        }
        var block = try encoder.encode(
            RawBlock(kind: kind, bytes: content),
            // Filters are as good as random bits.
            codec: kind == .filters ? .none : codec,
            number: number,
            firstRecord: firstRecord
        )
        try decoder.prove(block, madeOf: content)
        return try await write(&block)
    }

    private func write(_ block: inout EncodedBlock) async throws -> WrittenPiece {
        if block.header.kind != .index {
            try state.withLock { state in try state.index.append(block, at: state.offset) }
        }
        return try await write(block.takeBytes(), .block(block.header))
    }

    private func write(_ bytes: consuming ByteBuffer, _ content: WrittenPiece.Content) async throws -> WrittenPiece {
        try await upload.append(bytes)
        let offset = state.withLock { state in
            state.digests.update(bytes)
            defer { state.offset += UInt64(bytes.readableBytes) }
            return state.offset
        }
        return WrittenPiece(content: content, offset: offset, bytes: bytes)
    }
}
