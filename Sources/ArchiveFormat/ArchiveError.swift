/// What of an archive an error is about.
package enum ArchivePiece: Hashable, Sendable {
    /// The preamble.
    case header
    /// The description or the key slots behind the preamble.
    case description
    case trailer
    /// A block whose header cannot be trusted; the offset is where it should begin.
    case unknownBlock(offset: UInt64)
    case block(BlockLocation)
}

/// A block's identity and its place in the file.
package struct BlockLocation: Hashable, Sendable {
    package var kind: BlockKind
    /// Counted from 0 among the blocks of its kind.
    package var number: UInt32
    /// Of the block's header, from the start of the file in bytes.
    package var offset: UInt64

    package init(kind: BlockKind, number: UInt32, offset: UInt64) {
        self.kind = kind
        self.number = number
        self.offset = offset
    }
}

/// An error found while encoding or decoding an archive.
package enum ArchiveError: Error, Hashable, Sendable {
    /// The file does not begin with the magic of an archive.
    case notAnArchive
    /// The file's major version is newer than this program.
    case unsupportedVersion(found: UInt16, newest: UInt16)
    /// The archive needs features that this program does not know.
    case unsupportedFeatures(bits: UInt64)
    /// The file ends too early.
    case truncated(ArchivePiece, neededByteCount: UInt64)
    case checksumMismatch(ArchivePiece, stored: UInt32, computed: UInt32)
    /// A declared length or count is beyond its bound; no memory was taken for it.
    case excessiveLength(ArchivePiece, declared: UInt64, limit: UInt64)
    /// The block belongs to another archive.
    case foreignBlock(BlockLocation, tag: UInt64, expectedTag: UInt64)
    case unknownCodec(BlockLocation, codec: UInt8)
    /// The checksums are right and the content is not.
    case malformed(ArchivePiece, reason: String)
    /// A key is larger than an archive can hold.
    case keyTooLarge(byteCount: Int, limit: Int)
    /// The compression library failed; only want of memory should do that.
    case codecFailed(codec: String, reason: String)
}

extension BlockLocation: CustomStringConvertible {
    package var description: String { "\(kind.name) block \(number) at offset \(offset)" }
}

extension ArchivePiece: CustomStringConvertible {
    package var description: String {
        switch self {
        case .header: "the archive's header"
        case .description: "the archive's description"
        case .trailer: "the archive's trailer"
        case .unknownBlock(let offset): "the block at offset \(offset)"
        case .block(let location): "\(location)"
        }
    }
}

extension ArchiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAnArchive: "this is not a Rewarm archive"
        case .unsupportedVersion(let found, let newest):
            "the archive has format version \(found), this program reads up to \(newest); use a newer rewarm"
        case .unsupportedFeatures(let bits):
            "the archive needs features that this program does not know (bits 0x\(String(bits, radix: 16))); "
                + "use a newer rewarm"
        case .truncated(let piece, let needed): "\(piece) is cut off: \(needed) bytes are needed"
        case .checksumMismatch(let piece, let stored, let computed):
            "\(piece) is damaged: checksum 0x\(String(stored, radix: 16)) stored, "
                + "0x\(String(computed, radix: 16)) computed"
        case .excessiveLength(let piece, let declared, let limit):
            "\(piece) declares \(declared), more than the \(limit) allowed"
        case .foreignBlock(let location, let tag, let expected):
            "\(location) belongs to another archive (tag \(String(tag, radix: 16)), "
                + "expected \(String(expected, radix: 16)))"
        case .unknownCodec(let location, let codec): "\(location) has the unknown codec \(codec)"
        case .malformed(let piece, let reason): "\(piece) is malformed: \(reason)"
        case .keyTooLarge(let byteCount, let limit):
            "a key of \(byteCount) bytes is larger than the \(limit) that an archive can hold"
        case .codecFailed(let codec, let reason): "\(codec) failed: \(reason)"
        }
    }
}
