import ArchiveFormat
import NIOCore
import ObjectStorage

/// The skeleton of a whole archive: header, trailer, and where every block is.
struct ArchiveLayout: Sendable {
    var header: ArchiveHeader
    var headerByteCount: Int
    var trailer: ArchiveTrailer
    /// Every block but those of the index, in the order of the file.
    var entries: [IndexEntry]
    /// The blocks of the index.
    var indexBlocks: [IndexEntry]

    /// Reads header, trailer and index.
    ///
    /// Throws `ArchiveError` for an archive that is not whole, `ObjectStoreError` for a store that does not answer.
    static func load(from reader: any ObjectReader, checks: ArchiveChecks = .all) async throws -> Self {
        let (header, headerByteCount) = try await loadHeader(from: reader, checks: checks)
        let trailer = try await loadTrailer(from: reader, checks: checks)
        try trailer.check(fileByteCount: reader.byteCount, checks: checks)
        guard trailer.archiveTag == header.archiveTag || !checks.contains(.blockTag) else {
            throw ArchiveError.malformed(.trailer, reason: "it belongs to another archive")
        }
        var layout = Self(
            header: header,
            headerByteCount: headerByteCount,
            trailer: trailer,
            entries: [],
            indexBlocks: []
        )
        try await layout.loadIndex(from: reader, checks)
        try layout.checkOrder(checks)
        return layout
    }

    static func loadHeader(
        from reader: any ObjectReader,
        checks: ArchiveChecks = .all
    ) async throws -> (ArchiveHeader, byteCount: Int) {
        let preamble = try await reader.read(offset: 0, byteCount: ArchiveHeader.Layout.preambleByteCount)
        let byteCount = try ArchiveHeader.byteCount(preamble: preamble, checks: checks)
        let bytes = try await reader.read(offset: 0, byteCount: byteCount)
        return (try ArchiveHeader(decoding: bytes, checks: checks), byteCount)
    }

    /// The trailer at the end of the file; that its places can be right is not checked.
    static func loadTrailer(
        from reader: any ObjectReader,
        checks: ArchiveChecks = .all
    ) async throws -> ArchiveTrailer {
        let byteCount = UInt64(ArchiveTrailer.Layout.byteCount)
        guard reader.byteCount >= byteCount else {
            throw ArchiveError.truncated(.trailer, neededByteCount: byteCount)
        }
        let bytes = try await reader.read(offset: reader.byteCount - byteCount, byteCount: Int(byteCount))
        return try ArchiveTrailer(decoding: bytes, checks: checks)
    }

    private mutating func loadIndex(from reader: any ObjectReader, _ checks: ArchiveChecks) async throws {
        let decoder = BlockDecoder()
        var offset = trailer.indexOffset
        let end = trailer.indexOffset + trailer.indexByteCount
        let wanted = Int(trailer.recordBlockCount) + Int(trailer.otherBlockCount)
        while offset < end {
            let block = try await reader.readBlock(at: offset, decoder: decoder, checks: checks)
            let piece = ArchivePiece.block(block.location)
            guard block.header.kind == .index, block.header.number == indexBlocks.count else {
                throw ArchiveError.malformed(piece, reason: "it is not the block of the index that belongs here")
            }
            try block.checkTag(header.archiveTag, checks)
            entries += try IndexEntry.entries(decoding: block.bytes, archiveTag: header.archiveTag, of: piece)
            guard entries.count <= wanted || !checks.contains(.trailerCounts) else {
                throw ArchiveError.malformed(piece, reason: "it has more entries than the trailer says")
            }
            indexBlocks.append(IndexEntry(offset: offset, header: block.header, databases: nil))
            offset += UInt64(block.header.blockByteCount)
        }
        guard offset == end else {
            throw ArchiveError.malformed(.trailer, reason: "the index does not end where the trailer begins")
        }
        let isComplete = entries.count == wanted && indexBlocks.count == Int(trailer.indexBlockCount)
        guard isComplete || !checks.contains(.trailerCounts) else {
            throw ArchiveError.malformed(.trailer, reason: "the index has \(entries.count) entries, not \(wanted)")
        }
    }

    /// Every block begins where the one before ends, and is numbered after the one of its kind before.
    private func checkOrder(_ checks: ArchiveChecks) throws(ArchiveError) {
        var offset = UInt64(headerByteCount)
        var numbers: [BlockKind: UInt32] = [:]
        for entry in entries {
            let piece = ArchivePiece.block(entry.location)
            guard entry.offset == offset || !checks.contains(.tiling) else {
                throw .malformed(piece, reason: "it should begin at offset \(offset)")
            }
            guard entry.offset >= offset, entry.end <= trailer.indexOffset else {
                throw .malformed(piece, reason: "it overlaps what stands before it, or the index")
            }
            offset = entry.end
            let number = numbers[entry.header.kind, default: 0]
            guard entry.header.number == number || !checks.contains(.blockSequence) else {
                throw .malformed(piece, reason: "it should have number \(number)")
            }
            numbers[entry.header.kind] = number + 1
        }
        guard offset == trailer.indexOffset || !checks.contains(.tiling) else {
            throw .malformed(.trailer, reason: "there is a gap before the index")
        }
    }
}

extension DecodedBlock {
    /// Throws if the block belongs to another archive.
    func checkTag(_ expected: UInt64, _ checks: ArchiveChecks = .all) throws(ArchiveError) {
        guard header.archiveTag == expected || !checks.contains(.blockTag) else {
            throw .foreignBlock(location, tag: header.archiveTag, expectedTag: expected)
        }
    }
}

extension ObjectReader {
    /// Reads, checks and decodes the block at `offset`.
    func readBlock(
        at offset: UInt64,
        decoder: BlockDecoder,
        checks: ArchiveChecks = .all
    ) async throws -> DecodedBlock {
        let head = try await read(offset: offset, byteCount: BlockHeader.Layout.byteCount)
        let header = try BlockHeader.decode(head, at: offset, checks: checks)
        let stored = try await read(
            offset: offset + UInt64(BlockHeader.Layout.byteCount),
            byteCount: header.storedByteCount
        )
        return try decoder.decode(header, stored: stored, at: offset, checks: checks)
    }

    /// Reads, checks and decodes the block that the index tells of, in one read.
    func readBlock(_ entry: IndexEntry, decoder: BlockDecoder) async throws -> DecodedBlock {
        var bytes = try await read(offset: entry.offset, byteCount: entry.header.blockByteCount)
        let header = try BlockHeader.decode(bytes, at: entry.offset)
        guard header == entry.header else {
            throw ArchiveError.malformed(.block(entry.location), reason: "it is not the block that the index tells of")
        }
        bytes.moveReaderIndex(forwardBy: BlockHeader.Layout.byteCount)
        guard let meter = (self as? MeteredReader)?.meter else {
            return try decoder.decode(header, stored: bytes, at: entry.offset)
        }
        let start = ContinuousClock.now
        defer { meter.add(decode: start.duration(to: .now)) }
        return try decoder.decode(header, stored: bytes, at: entry.offset)
    }
}
