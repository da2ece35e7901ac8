package import NIOCore

extension BlockHeader {
    /// Decodes the header that stands at the start of `bytes`.
    ///
    /// Checks magic, checksum, known values and every bound, so that a decoded header's lengths may be trusted to be
    /// possible. `offset` is where it stands in the file, for errors; `checks` turns single checks off, for tests.
    package static func decode(
        _ bytes: ByteBuffer,
        at offset: UInt64,
        checks: ArchiveChecks = .all
    ) throws(ArchiveError) -> Self {
        let piece = ArchivePiece.unknownBlock(offset: offset)
        guard bytes.readableBytes >= Layout.byteCount else {
            throw .truncated(piece, neededByteCount: UInt64(Layout.byteCount))
        }
        guard bytes.readableBytesView.starts(with: magic) else {
            throw .malformed(piece, reason: "it does not begin with the magic of a block")
        }
        let fields = FixedFields(bytes)
        let computed = CRC32.checksum(bytes, from: 0, byteCount: Layout.headerChecksum)
        let stored = fields.uint32(at: Layout.headerChecksum)
        guard computed == stored || !checks.contains(.blockHeaderChecksum) else {
            throw .checksumMismatch(piece, stored: stored, computed: computed)
        }
        return try decode(fields, at: offset)
    }

    /// Checks the checksum of the stored bytes; `block` is the header and what follows it, `offset` is for errors.
    package func checkStoredBytes(ofBlock block: ByteBuffer, at offset: UInt64) throws(ArchiveError) {
        let piece = ArchivePiece.block(location(at: offset))
        guard block.readableBytes >= Layout.byteCount + storedByteCount else {
            throw .truncated(piece, neededByteCount: UInt64(Layout.byteCount + storedByteCount))
        }
        let computed = CRC32.checksum(block, from: Layout.byteCount, byteCount: storedByteCount)
        guard computed == storedChecksum else {
            throw .checksumMismatch(piece, stored: storedChecksum, computed: computed)
        }
    }

    private static func decode(_ fields: FixedFields, at offset: UInt64) throws(ArchiveError) -> Self {
        let piece = ArchivePiece.unknownBlock(offset: offset)
        guard let kind = BlockKind(rawValue: fields.uint8(at: Layout.kind)) else {
            throw .malformed(piece, reason: "unknown kind \(fields.uint8(at: Layout.kind))")
        }
        let location = BlockLocation(kind: kind, number: fields.uint32(at: Layout.number), offset: offset)
        guard let codec = CodecIdentifier(rawValue: fields.uint8(at: Layout.codec)) else {
            throw .unknownCodec(location, codec: fields.uint8(at: Layout.codec))
        }
        let header = Self(
            archiveTag: fields.uint64(at: Layout.archiveTag),
            number: location.number,
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
        try header.checkBounds(at: location)
        return header
    }

    private func checkBounds(at location: BlockLocation) throws(ArchiveError) {
        let piece = ArchivePiece.block(location)
        guard BlockFlags.known.isSuperset(of: flags) else {
            throw .malformed(piece, reason: "unknown flags \(flags.rawValue)")
        }
        guard rawByteCount <= ArchiveLimits.maximumRawByteCount else {
            throw .excessiveLength(
                piece,
                declared: UInt64(rawByteCount),
                limit: UInt64(ArchiveLimits.maximumRawByteCount)
            )
        }
        // A block that does not shrink is stored raw, so that stored bytes never outnumber raw ones.
        guard codec == .none ? storedByteCount == rawByteCount : storedByteCount < rawByteCount else {
            throw .excessiveLength(piece, declared: UInt64(storedByteCount), limit: UInt64(rawByteCount))
        }
        let deadlineByteCount = rawByteCount - bodyByteCount - headByteCount
        guard deadlineByteCount >= 0, deadlineByteCount.isMultiple(of: RecordCoding.deadlineByteCount) else {
            throw .malformed(piece, reason: "its areas do not fill its raw bytes")
        }
        // Each head takes at least as many bytes as its fixed fields.
        guard recordCount <= headByteCount / RecordCoding.minimumHeadByteCount else {
            throw .excessiveLength(
                piece,
                declared: UInt64(recordCount),
                limit: UInt64(headByteCount / RecordCoding.minimumHeadByteCount)
            )
        }
    }
}

/// Little-endian integers at fixed offsets of a buffer's readable bytes; the caller has checked that they are there.
struct FixedFields {
    private let bytes: ByteBuffer

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    func uint8(at offset: Int) -> UInt8 { integer(at: offset) }
    func uint16(at offset: Int) -> UInt16 { integer(at: offset) }
    func uint32(at offset: Int) -> UInt32 { integer(at: offset) }
    func uint64(at offset: Int) -> UInt64 { integer(at: offset) }

    private func integer<Value: FixedWidthInteger>(at offset: Int) -> Value {
        guard let value = bytes.getInteger(at: bytes.readerIndex + offset, endianness: .little, as: Value.self) else {
            preconditionFailure("a fixed field lies outside its buffer")
        }
        return value
    }
}
