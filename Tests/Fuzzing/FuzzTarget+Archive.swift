import ArchiveFormat
import NIOCore

extension FuzzTarget {
    /// Checksums would let nothing of the fuzzer's pass.
    private static let checks: ArchiveChecks = [
        .headerChecksum, .descriptionChecksum, .blockHeaderChecksum, .blockChecksum, .trailerChecksum,
    ].reduce(.all) { $0.subtracting(ArchiveChecks($1)) }

    /// Header, block header, index entries, filters, superseded places and trailer, after a byte that says which:
    /// what is decoded and encoded again decodes to the same.
    static let archivePieces = FuzzTarget(name: "archive-pieces") { bytes in
        guard let which = bytes.first else { return }
        let content = ByteBuffer(bytes: bytes.dropFirst())
        switch which % 6 {
        case 0:
            try checkAgain {
                let read = try ArchiveHeader(decoding: content, checks: checks)
                // The minor version is not handed on: what is written has the writer's own.
                var header = ArchiveHeader(archiveTag: read.archiveTag, description: read.description)
                header.requiredFeatures = read.requiredFeatures
                header.optionalFeatures = read.optionalFeatures
                header.keySlots = read.keySlots
                return header
            } again: { header in
                try ArchiveHeader(decoding: header.encoded())
            }
        case 1:
            try checkAgain {
                try BlockHeader.decode(content, at: 0, checks: checks)
            } again: { header in
                try BlockHeader.decode(header.encoded(), at: 0)
            }
        case 2:
            try checkAgain {
                try IndexEntry.entries(decoding: content, archiveTag: 1, of: .trailer)
            } again: { entries in
                var encoded = ByteBuffer()
                for entry in entries { entry.encode(into: &encoded) }
                return try IndexEntry.entries(decoding: encoded, archiveTag: 1, of: .trailer)
            }
        case 3:
            try checkAgain {
                try KeyFilterGroup(decoding: content, of: .trailer).encoded()
            } again: { encoded in
                try FuzzFinding.unless(encoded == content, "filters encoded again are other bytes")
                return try KeyFilterGroup(decoding: encoded, of: .trailer).encoded()
            }
        case 4:
            try checkAgain {
                SupersededRecords(try SupersededRecords.places(decoding: content, of: .trailer))
            } again: { records in
                let blocks = records.encoded()
                return SupersededRecords(
                    try blocks.flatMap { try SupersededRecords.places(decoding: $0, of: .trailer) }
                )
            }
        default:
            try checkAgain {
                try ArchiveTrailer(decoding: content, checks: checks)
            } again: { trailer in
                _ = try? trailer.check(fileByteCount: UInt64(bytes.count))
                return try ArchiveTrailer(decoding: trailer.encoded())
            }
        }
    }

    /// A block of records, after two bytes that say its areas: what the cursor yields lies in the block.
    static let archiveRecords = FuzzTarget(name: "archive-records") { bytes in
        guard bytes.count >= 4 else { return }
        let raw = ByteBuffer(bytes: bytes.dropFirst(4))
        let bodyByteCount = min(Int(bytes[0]), raw.readableBytes)
        let headByteCount = min(Int(bytes[1]), raw.readableBytes - bodyByteCount)
        let flags = BlockFlags(rawValue: bytes[3]).intersection(.known)
        let header = BlockHeader(
            archiveTag: 1,
            number: 0,
            kind: .records,
            codec: .none,
            flags: flags,
            storedByteCount: raw.readableBytes,
            rawByteCount: raw.readableBytes,
            bodyByteCount: bodyByteCount,
            headByteCount: headByteCount,
            recordCount: Int(bytes[2]),
            storedChecksum: 0,
            firstRecord: 0
        )
        var cursor = RecordCursor(raw, header: header, at: 0)
        var count = 0
        while let layout = try? cursor.next() {
            count += 1
            try FuzzFinding.unless(count <= raw.readableBytes, "more records than bytes")
            for range in [layout.keyRange, layout.bodyRange] {
                let isInside = range.lowerBound >= raw.readerIndex && range.upperBound <= raw.writerIndex
                try FuzzFinding.unless(isInside, "record \(layout.ordinal) lies outside: \(range)")
            }
            _ = layout.head(in: raw)
        }
        let block = DecodedBlock(header: header, offset: 0, bytes: raw)
        if let facts = try? BlockFacts(reading: block, filter: nil) {
            try FuzzFinding.unless(facts.recordCount <= count, "facts count \(facts.recordCount) of \(count) records")
        }
    }

    /// A block as it lies in a file, its checksums not looked at: it decompresses to the declared length or is refused.
    static let archiveBlock = FuzzTarget(name: "archive-block") { bytes in
        var content = ByteBuffer(bytes: bytes)
        guard let header = try? BlockHeader.decode(content, at: 0, checks: checks) else { return }
        content.moveReaderIndex(forwardBy: BlockHeader.Layout.byteCount)
        guard let block = try? BlockDecoder().decode(header, stored: content, at: 0, checks: checks) else { return }
        try FuzzFinding.unless(
            block.bytes.readableBytes == header.rawByteCount,
            "\(block.bytes.readableBytes) bytes of \(header.rawByteCount)"
        )
        if header.kind == .records { _ = try? BlockFacts(reading: block, filter: nil) }
    }

    /// What decodes must, encoded again, decode to the same, with all checks on.
    private static func checkAgain<Value: Equatable>(
        _ decode: () throws -> Value,
        again: (Value) throws -> Value
    ) throws {
        guard let first = try? decode() else { return }
        let second: Value
        do {
            second = try again(first)
        } catch let finding as FuzzFinding {
            throw finding
        } catch {
            throw FuzzFinding("encoded again it is refused (\(error)): \(first)")
        }
        try FuzzFinding.unless(second == first, "decoded again it is \(second), was \(first)")
    }
}
