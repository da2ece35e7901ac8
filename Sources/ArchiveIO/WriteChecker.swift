import ArchiveFormat
import NIOCore
import ObjectStorage
import SnapshotModel

/// Reads back what was written, and checks that it is what was meant to be.
///
/// Every block was proven to be readable when it was made (``BlockDecoder/prove(_:madeOf:)``), and the SHA-256 of the file
/// was taken of these bytes. Here they come back from the storage and are compared with them, each with each: that is
/// more than a second digest would tell, for a small part of its work.
struct WriteChecker {
    private let upload: any ObjectUpload
    /// Used for one piece after the other.
    private var bytes = ByteBuffer()

    init(upload: any ObjectUpload) {
        self.upload = upload
    }

    /// Reads the next piece back and compares.
    mutating func check(_ piece: borrowing WrittenPiece) async throws {
        bytes.clear()
        try await upload.readBack(offset: piece.offset, byteCount: piece.bytes.readableBytes, into: &bytes)
        guard bytes.readableBytes == piece.bytes.readableBytes else {
            throw ArchiveIOError.readBackDiffers(piece.name, reason: "it is cut off")
        }
        guard bytes == piece.bytes else {
            throw ArchiveIOError.readBackDiffers(piece.name, reason: "its bytes are others")
        }
        switch piece.content {
        case .block: break
        case .header(let header):
            guard try ArchiveHeader(decoding: bytes) == header else {
                throw ArchiveIOError.readBackDiffers(.header, reason: "it says something else")
            }
        case .trailer(let trailer):
            let decoded = try ArchiveTrailer(decoding: bytes)
            try decoded.check(fileByteCount: piece.offset + UInt64(bytes.readableBytes))
            guard decoded == trailer else {
                throw ArchiveIOError.readBackDiffers(.trailer, reason: "it says something else")
            }
        }
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
