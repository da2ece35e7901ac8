package import NIOCore

/// The beginning of an archive: a fixed preamble, room for key slots, and the description as JSON.
package struct ArchiveHeader: Hashable, Sendable {
    /// Offsets in bytes from the start of the file; the same names stand in the format article.
    package enum Layout {
        package static let magic = 0
        package static let majorVersion = 8
        package static let minorVersion = 10
        package static let headerByteCount = 12
        package static let requiredFeatures = 16
        package static let optionalFeatures = 24
        package static let archiveTag = 32
        package static let keySlotsByteCount = 40
        package static let descriptionByteCount = 44
        package static let keySlotsChecksum = 48
        package static let descriptionChecksum = 52
        package static let reserved = 56
        package static let preambleChecksum = 60
        /// Where the key slots begin, and the description after them.
        package static let preambleByteCount = 64
    }

    /// 0x89 'R' 'W' 'A' 'R' 'C' CR LF.
    package static let magic: [UInt8] = [0x89, 0x52, 0x57, 0x41, 0x52, 0x43, 0x0D, 0x0A]
    /// A reader refuses any other major version; a newer minor one only adds what may be ignored.
    package static let majorVersion: UInt16 = 1
    package static let minorVersion: UInt16 = 0

    /// As they were read; what this program writes is its own.
    package private(set) var minorVersion = Self.minorVersion
    package var requiredFeatures: RequiredFeatures = []
    package var optionalFeatures: OptionalFeatures = []
    /// A random number that each block repeats, so that a block of another archive is told.
    package var archiveTag: UInt64
    /// Wrapped keys of a sealed archive.
    ///
    /// Reserved; empty.
    package var keySlots = ByteBuffer()
    package var description: ArchiveDescription

    package init(
        archiveTag: UInt64 = .random(in: .min ... .max),
        description: ArchiveDescription,
        requiredFeatures: RequiredFeatures = [],
        optionalFeatures: OptionalFeatures = []
    ) {
        self.archiveTag = archiveTag
        self.description = description
        self.requiredFeatures = requiredFeatures
        self.optionalFeatures = optionalFeatures
    }

    /// The whole header; blocks follow it directly.
    package func encoded() throws(ArchiveError) -> ByteBuffer {
        let json = try JSONCoding.encode(description)
        let byteCount = Layout.preambleByteCount + keySlots.readableBytes + json.readableBytes
        guard byteCount <= ArchiveLimits.maximumHeaderByteCount else {
            throw .excessiveLength(
                .header,
                declared: UInt64(byteCount),
                limit: UInt64(ArchiveLimits.maximumHeaderByteCount)
            )
        }
        var bytes = ByteBuffer()
        bytes.writeBytes(Self.magic)
        bytes.writeInteger(Self.majorVersion, endianness: .little)
        bytes.writeInteger(Self.minorVersion, endianness: .little)
        bytes.writeInteger(UInt32(byteCount), endianness: .little)
        bytes.writeInteger(requiredFeatures.rawValue, endianness: .little)
        bytes.writeInteger(optionalFeatures.rawValue, endianness: .little)
        bytes.writeInteger(archiveTag, endianness: .little)
        bytes.writeInteger(UInt32(keySlots.readableBytes), endianness: .little)
        bytes.writeInteger(UInt32(json.readableBytes), endianness: .little)
        bytes.writeInteger(CRC32.checksum(keySlots), endianness: .little)
        bytes.writeInteger(CRC32.checksum(json), endianness: .little)
        bytes.writeInteger(UInt32(0), endianness: .little)
        bytes.writeInteger(CRC32.checksum(bytes), endianness: .little)
        bytes.writeImmutableBuffer(keySlots)
        bytes.writeImmutableBuffer(json)
        return bytes
    }
}

extension ArchiveHeader {
    /// The byte count of the whole header, from its first `Layout.preambleByteCount` bytes.
    ///
    /// Throws if this program must not or cannot read the archive.
    package static func byteCount(
        preamble: ByteBuffer,
        checks: ArchiveChecks = .all
    ) throws(ArchiveError) -> Int {
        guard preamble.readableBytesView.starts(with: magic) else { throw .notAnArchive }
        guard preamble.readableBytes >= Layout.preambleByteCount else {
            throw .truncated(.header, neededByteCount: UInt64(Layout.preambleByteCount))
        }
        let fields = FixedFields(preamble)
        let major = fields.uint16(at: Layout.majorVersion)
        guard major == majorVersion else { throw .unsupportedVersion(found: major, newest: majorVersion) }
        let stored = fields.uint32(at: Layout.preambleChecksum)
        let computed = CRC32.checksum(preamble, from: 0, byteCount: Layout.preambleChecksum)
        guard stored == computed || !checks.contains(.headerChecksum) else {
            throw .checksumMismatch(.header, stored: stored, computed: computed)
        }
        let features = RequiredFeatures(rawValue: fields.uint64(at: Layout.requiredFeatures))
        guard features.unknown.isEmpty else { throw .unsupportedFeatures(bits: features.unknown.rawValue) }
        let byteCount = Int(fields.uint32(at: Layout.headerByteCount))
        guard byteCount <= ArchiveLimits.maximumHeaderByteCount else {
            throw .excessiveLength(
                .header,
                declared: UInt64(byteCount),
                limit: UInt64(ArchiveLimits.maximumHeaderByteCount)
            )
        }
        let parts =
            Int(fields.uint32(at: Layout.keySlotsByteCount))
            + Int(fields.uint32(at: Layout.descriptionByteCount))
        guard byteCount == Layout.preambleByteCount + parts else {
            throw .malformed(.header, reason: "its parts do not add up to its length")
        }
        return byteCount
    }

    /// Decodes the header at the start of `bytes`, which must hold all of it.
    package init(decoding bytes: ByteBuffer, checks: ArchiveChecks = .all) throws(ArchiveError) {
        let byteCount = try Self.byteCount(preamble: bytes, checks: checks)
        guard bytes.readableBytes >= byteCount else {
            throw .truncated(.header, neededByteCount: UInt64(byteCount))
        }
        let fields = FixedFields(bytes)
        let keySlotsByteCount = Int(fields.uint32(at: Layout.keySlotsByteCount))
        let start = bytes.readerIndex + Layout.preambleByteCount
        guard let keySlots = bytes.getSlice(at: start, length: keySlotsByteCount),
            let json = bytes.getSlice(
                at: start + keySlotsByteCount,
                length: byteCount - Layout.preambleByteCount - keySlotsByteCount
            )
        else { preconditionFailure("the header's bytes were counted before") }
        for (part, field) in [(keySlots, Layout.keySlotsChecksum), (json, Layout.descriptionChecksum)] {
            let (stored, computed) = (fields.uint32(at: field), CRC32.checksum(part))
            guard stored == computed || !checks.contains(.descriptionChecksum) else {
                throw .checksumMismatch(.description, stored: stored, computed: computed)
            }
        }
        self.init(
            archiveTag: fields.uint64(at: Layout.archiveTag),
            description: try JSONCoding.decode(ArchiveDescription.self, from: json, of: .description),
            requiredFeatures: RequiredFeatures(rawValue: fields.uint64(at: Layout.requiredFeatures)),
            optionalFeatures: OptionalFeatures(rawValue: fields.uint64(at: Layout.optionalFeatures))
        )
        minorVersion = fields.uint16(at: Layout.minorVersion)
        self.keySlots = keySlots
    }
}

extension ArchiveClosing {
    /// The content of the block of kind `closing`.
    package func encoded() throws(ArchiveError) -> ByteBuffer {
        try JSONCoding.encode(self)
    }

    package init(decoding content: ByteBuffer, of piece: ArchivePiece) throws(ArchiveError) {
        self = try JSONCoding.decode(Self.self, from: content, of: piece)
    }
}
