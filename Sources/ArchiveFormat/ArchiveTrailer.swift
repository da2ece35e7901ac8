package import NIOCore

/// The last 128 bytes of an archive: where the index is, the totals, and the digest of everything before.
package struct ArchiveTrailer: Hashable, Sendable {
    /// Offsets in bytes from the start of the trailer; the same names stand in the format article.
    package enum Layout {
        package static let magic = 0
        package static let archiveTag = 8
        package static let fileByteCount = 16
        package static let indexOffset = 24
        package static let indexByteCount = 32
        package static let recordCount = 40
        package static let rawByteCount = 48
        package static let recordBlockCount = 56
        package static let otherBlockCount = 60
        package static let indexBlockCount = 64
        package static let chainCount = 68
        package static let supersededCount = 72
        package static let contentDigest = 80
        package static let reserved = 112
        package static let trailerChecksum = 124
        package static let byteCount = 128
    }

    /// 0x89 'R' 'W' 'E' 'N' 'D' CR LF.
    package static let magic: [UInt8] = [0x89, 0x52, 0x57, 0x45, 0x4E, 0x44, 0x0D, 0x0A]
    package static let digestByteCount = 32

    package var archiveTag: UInt64
    /// Of the whole file, the trailer included.
    package var fileByteCount: UInt64
    /// Of the first block of the index, and the bytes of all of its blocks; the trailer follows them directly.
    package var indexOffset: UInt64
    package var indexByteCount: UInt64
    /// Records, superseded ones included.
    package var recordCount: UInt64
    /// Of the blocks of records, before compression.
    package var rawByteCount: UInt64
    package var recordBlockCount: UInt32
    /// Blocks that hold neither records nor index.
    package var otherBlockCount: UInt32
    package var indexBlockCount: UInt32
    package var chainCount: UInt32
    package var supersededCount: UInt64
    /// SHA-256 of the file up to the trailer, 32 bytes.
    package var contentDigest: [UInt8]

    package init(
        archiveTag: UInt64,
        fileByteCount: UInt64,
        indexOffset: UInt64,
        indexByteCount: UInt64,
        totals: ArchiveTotals,
        indexBlockCount: UInt32,
        contentDigest: [UInt8]
    ) {
        precondition(contentDigest.count == Self.digestByteCount)
        self.archiveTag = archiveTag
        self.fileByteCount = fileByteCount
        self.indexOffset = indexOffset
        self.indexByteCount = indexByteCount
        self.indexBlockCount = indexBlockCount
        self.contentDigest = contentDigest
        recordCount = totals.recordCount
        rawByteCount = totals.rawByteCount
        recordBlockCount = totals.recordBlockCount
        otherBlockCount = totals.otherBlockCount
        chainCount = totals.chainCount
        supersededCount = totals.supersededCount
    }

    package var totals: ArchiveTotals {
        ArchiveTotals(
            recordCount: recordCount,
            rawByteCount: rawByteCount,
            recordBlockCount: recordBlockCount,
            otherBlockCount: otherBlockCount,
            chainCount: chainCount,
            supersededCount: supersededCount
        )
    }

    package func encoded() -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeBytes(Self.magic)
        for number in [archiveTag, fileByteCount, indexOffset, indexByteCount, recordCount, rawByteCount] {
            bytes.writeInteger(number, endianness: .little)
        }
        for number in [recordBlockCount, otherBlockCount, indexBlockCount, chainCount] {
            bytes.writeInteger(number, endianness: .little)
        }
        bytes.writeInteger(supersededCount, endianness: .little)
        bytes.writeBytes(contentDigest)
        bytes.writeRepeatingByte(0, count: Layout.trailerChecksum - Layout.reserved)
        bytes.writeInteger(CRC32.checksum(bytes), endianness: .little)
        return bytes
    }

    /// Decodes the trailer at the start of `bytes`.
    package init(decoding bytes: ByteBuffer, checks: ArchiveChecks = .all) throws(ArchiveError) {
        guard bytes.readableBytes >= Layout.byteCount else {
            throw .truncated(.trailer, neededByteCount: UInt64(Layout.byteCount))
        }
        guard bytes.readableBytesView.starts(with: Self.magic) else {
            throw .malformed(.trailer, reason: "the file does not end with the trailer of an archive")
        }
        let fields = FixedFields(bytes)
        let stored = fields.uint32(at: Layout.trailerChecksum)
        let computed = CRC32.checksum(bytes, from: 0, byteCount: Layout.trailerChecksum)
        guard stored == computed || !checks.contains(.trailerChecksum) else {
            throw .checksumMismatch(.trailer, stored: stored, computed: computed)
        }
        guard let digest = bytes.getBytes(at: bytes.readerIndex + Layout.contentDigest, length: Self.digestByteCount)
        else { preconditionFailure("the trailer's bytes were counted before") }
        self.init(
            archiveTag: fields.uint64(at: Layout.archiveTag),
            fileByteCount: fields.uint64(at: Layout.fileByteCount),
            indexOffset: fields.uint64(at: Layout.indexOffset),
            indexByteCount: fields.uint64(at: Layout.indexByteCount),
            totals: ArchiveTotals(
                recordCount: fields.uint64(at: Layout.recordCount),
                rawByteCount: fields.uint64(at: Layout.rawByteCount),
                recordBlockCount: fields.uint32(at: Layout.recordBlockCount),
                otherBlockCount: fields.uint32(at: Layout.otherBlockCount),
                chainCount: fields.uint32(at: Layout.chainCount),
                supersededCount: fields.uint64(at: Layout.supersededCount)
            ),
            indexBlockCount: fields.uint32(at: Layout.indexBlockCount),
            contentDigest: digest
        )
    }

    /// Checks that the places can be right in a file of so many bytes, of which the trailer is the end.
    package func check(
        fileByteCount actualByteCount: UInt64,
        checks: ArchiveChecks = .all
    ) throws(ArchiveError) {
        guard fileByteCount == actualByteCount || !checks.contains(.fileByteCount) else {
            throw .malformed(.trailer, reason: "it says \(fileByteCount) bytes, the file has \(actualByteCount)")
        }
        let (indexEnd, overflow) = indexOffset.addingReportingOverflow(indexByteCount)
        guard !overflow, indexEnd.addingReportingOverflow(UInt64(Layout.byteCount)) == (actualByteCount, false) else {
            throw .malformed(.trailer, reason: "the index does not end where the trailer begins")
        }
        let blockCount = UInt64(recordBlockCount) + UInt64(otherBlockCount)
        guard blockCount <= UInt64(ArchiveLimits.maximumBlockCount) else {
            throw .excessiveLength(
                .trailer,
                declared: blockCount,
                limit: UInt64(ArchiveLimits.maximumBlockCount)
            )
        }
    }
}
