import ArchiveFormat
import NIOCore
import ObjectStorage
import SnapshotModel

/// Reads back what was written, and checks that it is what was meant to be.
///
/// Every block was proven to be readable when it was made (``BlockDecoder/prove(_:madeOf:)``). Here its bytes come back
/// from the storage: the header must say the same, the checksum that was taken of the proven bytes must be right, and
/// in the end the SHA-256 of the file.
struct WriteChecker {
    private let upload: any ObjectUpload
    private var digests = FileDigests()
    /// Used for one piece after the other.
    private var bytes = ByteBuffer()

    init(upload: any ObjectUpload) {
        self.upload = upload
    }

    /// Of all that was read back so far, 32 bytes.
    var fileDigest: [UInt8] { digests.file() }

    /// Reads the next piece back and compares.
    mutating func check(_ piece: WrittenPiece) async throws {
        bytes.clear()
        try await upload.readBack(offset: piece.offset, byteCount: piece.byteCount, into: &bytes)
        guard bytes.readableBytes == piece.byteCount else {
            throw ArchiveIOError.readBackDiffers(.unknownBlock(offset: piece.offset), reason: "it is cut off")
        }
        if case .trailer(let trailer) = piece.content, trailer.contentDigest != digests.file() {
            throw ArchiveIOError.readBackDiffers(.trailer, reason: "the SHA-256 of the content differs")
        }
        digests.update(bytes)
        switch piece.content {
        case .header(let header):
            guard try ArchiveHeader(decoding: bytes) == header else {
                throw ArchiveIOError.readBackDiffers(.header, reason: "it says something else")
            }
        case .trailer(let trailer):
            let decoded = try ArchiveTrailer(decoding: bytes)
            try decoded.check(fileByteCount: piece.offset + UInt64(piece.byteCount))
            guard decoded == trailer else {
                throw ArchiveIOError.readBackDiffers(.trailer, reason: "it says something else")
            }
        case .block(let header): try check(header, at: piece.offset)
        }
    }

    private func check(_ written: BlockHeader, at offset: UInt64) throws {
        let header = try BlockHeader.decode(bytes, at: offset)
        guard header == written else {
            throw ArchiveIOError.readBackDiffers(
                .block(written.location(at: offset)),
                reason: "its header says something else"
            )
        }
        try header.checkStoredBytes(ofBlock: bytes, at: offset)
    }
}

/// What all blocks of records hold, by reading every record of each when it was made.
struct ProvenCounts: Sendable {
    private var contents = BlockContents()
    private var rawByteCount: UInt64 = 0
    private var blockCount: UInt64 = 0

    mutating func add(_ block: EncodedBlock) {
        contents.add(block.contents)
        rawByteCount += UInt64(block.header.rawByteCount)
        blockCount += 1
    }

    mutating func add(_ other: Self) {
        contents.add(other.contents)
        rawByteCount += other.rawByteCount
        blockCount += other.blockCount
    }

    /// Compares with what the archive says; throws `countsDiffer`.
    func compare(with totals: ArchiveTotals, _ statistics: SnapshotStatistics) throws(ArchiveIOError) {
        let rows: [(String, UInt64, UInt64)] = [
            ("records", totals.recordCount, contents.recordCount),
            ("raw bytes", totals.rawByteCount, rawByteCount),
            ("blocks of records", UInt64(totals.recordBlockCount), blockCount),
            ("keys, superseded ones included", statistics.keyCount + totals.supersededCount, contents.keyCount),
            ("function libraries", statistics.functionLibraryCount, contents.functionLibraryCount),
            ("records of module data", statistics.moduleAuxiliaryCount, contents.moduleAuxiliaryCount),
        ]
        for (what, expected, found) in rows where expected != found {
            throw .countsDiffer(what: what, expected: expected, found: found)
        }
    }
}
