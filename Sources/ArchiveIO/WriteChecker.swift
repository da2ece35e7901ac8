import ArchiveFormat
import NIOCore
import ObjectStorage
import SnapshotModel

/// A block that was read back, with what was written.
struct StoredBlock: Sendable {
    var bytes: ByteBuffer
    var written: BlockHeader
    var filter: KeyFilter
    var offset: UInt64
}

/// Reads back what was written, and checks that it can be read as what it was meant to be.
struct WriteChecker: Sendable {
    let upload: any ObjectUpload
    let pool: BlockBufferPool

    /// Reads a piece back; a block is returned for `check`, header and trailer are compared at once.
    func readBack(_ piece: WrittenPiece, _ digests: inout FileDigests) async throws -> StoredBlock? {
        let bytes = try await upload.readBack(offset: piece.offset, byteCount: piece.byteCount)
        guard bytes.readableBytes == piece.byteCount else {
            throw ArchiveIOError.readBackDiffers(.unknownBlock(offset: piece.offset), reason: "it is cut off")
        }
        let digestBefore = digests
        digests.update(bytes)
        switch piece.content {
        case .header(let header):
            guard try ArchiveHeader(decoding: bytes) == header else {
                throw ArchiveIOError.readBackDiffers(.header, reason: "it says something else")
            }
            return nil
        case .trailer(let trailer):
            let end = piece.offset + UInt64(piece.byteCount)
            let decoded = try ArchiveTrailer(decoding: bytes)
            try decoded.check(fileByteCount: end)
            guard decoded == trailer, trailer.contentDigest == digestBefore.file()
            else { throw ArchiveIOError.readBackDiffers(.trailer, reason: "the SHA-256 of the content differs") }
            return nil
        case .block(let header, let filter, _):
            return StoredBlock(bytes: bytes, written: header, filter: filter, offset: piece.offset)
        }
    }

    /// Decodes a block and reads every record of it.
    func check(_ block: StoredBlock, with decoder: BlockDecoder, counting counts: inout CheckedCounts) throws {
        let piece = ArchivePiece.block(block.written.location(at: block.offset))
        let header = try BlockHeader.decode(block.bytes, at: block.offset)
        guard header == block.written else {
            throw ArchiveIOError.readBackDiffers(piece, reason: "its header says something else")
        }
        var stored = block.bytes
        stored.moveReaderIndex(forwardBy: BlockHeader.Layout.byteCount)
        let decoded = try decoder.decode(header, stored: stored, at: block.offset)
        guard header.kind == .records else {
            counts.otherBlockCount += 1
            return
        }
        let facts = try BlockFacts(reading: decoded, filter: block.filter)
        guard facts.keysOutsideFilter == 0 else {
            throw ArchiveIOError.countsDiffer(
                what: "keys outside the filter of \(piece)",
                expected: 0,
                found: UInt64(facts.keysOutsideFilter)
            )
        }
        guard facts.recordCount == header.recordCount else {
            throw ArchiveIOError.countsDiffer(
                what: "records in \(piece)",
                expected: UInt64(header.recordCount),
                found: UInt64(facts.recordCount)
            )
        }
        counts.add(facts, rawByteCount: header.rawByteCount)
        if header.codec != .none { pool.give(decoded.bytes) }
    }
}

/// What was found by reading everything back.
struct CheckedCounts: Sendable {
    var recordCount: UInt64 = 0
    var keyCount: UInt64 = 0
    var functionLibraryCount: UInt64 = 0
    var moduleAuxiliaryCount: UInt64 = 0
    var rawByteCount: UInt64 = 0
    var recordBlockCount: UInt64 = 0
    var otherBlockCount: UInt64 = 0

    mutating func add(_ facts: BlockFacts, rawByteCount: Int) {
        recordCount += UInt64(facts.recordCount)
        keyCount += facts.liveKeyCount
        functionLibraryCount += UInt64(facts.functionLibraryCount)
        moduleAuxiliaryCount += UInt64(facts.moduleAuxiliaryCount)
        self.rawByteCount += UInt64(rawByteCount)
        recordBlockCount += 1
    }

    mutating func add(_ other: Self) {
        recordCount += other.recordCount
        keyCount += other.keyCount
        functionLibraryCount += other.functionLibraryCount
        moduleAuxiliaryCount += other.moduleAuxiliaryCount
        rawByteCount += other.rawByteCount
        recordBlockCount += other.recordBlockCount
        otherBlockCount += other.otherBlockCount
    }

    /// Compares with what the archive says; throws `countsDiffer`.
    func compare(with totals: ArchiveTotals, _ statistics: SnapshotStatistics) throws(ArchiveIOError) {
        let rows: [(String, UInt64, UInt64)] = [
            ("records", totals.recordCount, recordCount),
            ("raw bytes", totals.rawByteCount, rawByteCount),
            ("blocks of records", UInt64(totals.recordBlockCount), recordBlockCount),
            ("keys, superseded ones included", statistics.keyCount + totals.supersededCount, keyCount),
            ("function libraries", statistics.functionLibraryCount, functionLibraryCount),
            ("records of module data", statistics.moduleAuxiliaryCount, moduleAuxiliaryCount),
        ]
        for (what, expected, found) in rows where expected != found {
            throw .countsDiffer(what: what, expected: expected, found: found)
        }
    }
}
