package import NIOCore

/// What the index says of a block.
package struct IndexEntry: Hashable, Sendable {
    /// Offsets in bytes from the start of the entry; the same names stand in the format article.
    package enum Layout {
        package static let offset = 0
        package static let number = 8
        package static let kind = 12
        package static let codec = 13
        package static let tier = 14
        package static let flags = 15
        package static let storedByteCount = 16
        package static let rawByteCount = 20
        package static let bodyByteCount = 24
        package static let headByteCount = 28
        package static let recordCount = 32
        package static let storedChecksum = 36
        package static let firstRecord = 40
        package static let lowestDatabase = 48
        package static let highestDatabase = 52
        package static let byteCount = 56
    }

    /// Of the block's header in the file.
    package var offset: UInt64
    package var header: BlockHeader
    /// The lowest and highest database of its records; nil without records.
    package var databases: ClosedRange<UInt32>?

    package init(offset: UInt64, header: BlockHeader, databases: ClosedRange<UInt32>?) {
        self.offset = offset
        self.header = header
        self.databases = databases
    }

    package var location: BlockLocation { header.location(at: offset) }
    /// The offset of the first byte after the block.
    package var end: UInt64 { offset + UInt64(header.blockByteCount) }

    package func encode(into bytes: inout ByteBuffer) {
        bytes.writeInteger(offset, endianness: .little)
        bytes.writeInteger(header.number, endianness: .little)
        bytes.writeInteger(header.kind.rawValue)
        bytes.writeInteger(header.codec.rawValue)
        bytes.writeInteger(header.tier)
        bytes.writeInteger(header.flags.rawValue)
        bytes.writeInteger(UInt32(header.storedByteCount), endianness: .little)
        bytes.writeInteger(UInt32(header.rawByteCount), endianness: .little)
        bytes.writeInteger(UInt32(header.bodyByteCount), endianness: .little)
        bytes.writeInteger(UInt32(header.headByteCount), endianness: .little)
        bytes.writeInteger(UInt32(header.recordCount), endianness: .little)
        bytes.writeInteger(header.storedChecksum, endianness: .little)
        bytes.writeInteger(header.firstRecord, endianness: .little)
        bytes.writeInteger(databases?.lowerBound ?? UInt32.max, endianness: .little)
        bytes.writeInteger(databases?.upperBound ?? 0, endianness: .little)
    }

    /// Decodes the entry at the start of `bytes`; `piece` is the block of the index that it stands in.
    package init(decoding bytes: ByteBuffer, archiveTag: UInt64, of piece: ArchivePiece) throws(ArchiveError) {
        guard bytes.readableBytes >= Layout.byteCount else {
            throw .malformed(piece, reason: "an entry is cut off")
        }
        let fields = FixedFields(bytes)
        guard let kind = BlockKind(rawValue: fields.uint8(at: Layout.kind)),
            let codec = CodecIdentifier(rawValue: fields.uint8(at: Layout.codec)), kind != .index
        else { throw .malformed(piece, reason: "an entry has an unknown kind or codec") }
        let lowest = fields.uint32(at: Layout.lowestDatabase)
        let highest = fields.uint32(at: Layout.highestDatabase)
        offset = fields.uint64(at: Layout.offset)
        databases = lowest <= highest ? lowest...highest : nil
        header = BlockHeader(
            archiveTag: archiveTag,
            number: fields.uint32(at: Layout.number),
            kind: kind,
            codec: codec,
            tier: fields.uint8(at: Layout.tier),
            flags: BlockFlags(rawValue: fields.uint8(at: Layout.flags)),
            storedByteCount: Int(fields.uint32(at: Layout.storedByteCount)),
            rawByteCount: Int(fields.uint32(at: Layout.rawByteCount)),
            bodyByteCount: Int(fields.uint32(at: Layout.bodyByteCount)),
            headByteCount: Int(fields.uint32(at: Layout.headByteCount)),
            recordCount: Int(fields.uint32(at: Layout.recordCount)),
            storedChecksum: fields.uint32(at: Layout.storedChecksum),
            firstRecord: fields.uint64(at: Layout.firstRecord)
        )
    }

    /// The entries of a block of kind `index`.
    package static func entries(
        decoding content: ByteBuffer,
        archiveTag: UInt64,
        of piece: ArchivePiece
    ) throws(ArchiveError) -> [Self] {
        var content = content
        guard content.readableBytes.isMultiple(of: Layout.byteCount) else {
            throw .malformed(piece, reason: "an entry is cut off")
        }
        var entries: [Self] = []
        entries.reserveCapacity(content.readableBytes / Layout.byteCount)
        while let entry = content.readSlice(length: Layout.byteCount) {
            entries.append(try Self(decoding: entry, archiveTag: archiveTag, of: piece))
        }
        return entries
    }
}

/// Where an archive's blocks are.
package struct ArchiveIndex: Hashable, Sendable {
    /// The blocks of records; of a whole archive the number of a block is its place here.
    package private(set) var records: [IndexEntry] = []
    /// The other blocks, but those of the index itself, in the order of the file.
    package private(set) var others: [IndexEntry] = []

    package init() {}

    package mutating func append(_ entry: IndexEntry) {
        if entry.header.kind == .records {
            records.append(entry)
        } else {
            others.append(entry)
        }
    }

    /// The entry of a block of records; nil if it is not there (a salvaged archive has gaps).
    package func record(_ number: UInt32) -> IndexEntry? {
        if Int(number) < records.count, records[Int(number)].header.number == number { return records[Int(number)] }
        var range = records.startIndex..<records.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            let found = records[middle].header.number
            if found == number { return records[middle] }
            range = found < number ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    package func others(of kind: BlockKind) -> [IndexEntry] {
        others.filter { $0.header.kind == kind }
    }
}
