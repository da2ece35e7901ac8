package import ArchiveFormat
package import ObjectStorage
package import SnapshotModel

/// Opens damaged and truncated archives: what is intact can be read, and what is lost is listed.
package enum ArchiveSalvage {
    /// Opens what is left of an archive.
    ///
    /// Every block is read and checked once. With an intact index the account is exact; without it blocks are found by
    /// their magic, and their own counts tell what is missing between them; what is missing at the end is told by
    /// what else is left, or by `part` of the manifest. `description` stands in for a lost header; without it the
    /// closing block does, and if that is lost too, the header's error is thrown.
    package static func open(
        _ reader: any ObjectReader,
        expecting part: PartDescriptor? = nil,
        description: ArchiveDescription? = nil
    ) async throws -> (archive: ArchiveReader, report: SalvageReport) {
        var report = SalvageReport()
        var parts = Parts()
        do {
            (parts.header, parts.headerByteCount) = try await ArchiveLayout.loadHeader(from: reader)
        } catch let error as ArchiveError {
            // A version or feature that this program does not know is no damage.
            if case .unsupportedVersion = error { throw error }
            if case .unsupportedFeatures = error { throw error }
            report.problems.append("\(error)")
            parts.headerError = error
        }
        do {
            let trailer = try await ArchiveLayout.loadTrailer(from: reader)
            // Its counts are good even where bytes are missing before it.
            parts.trailer = trailer
            try trailer.check(fileByteCount: reader.byteCount)
        } catch let error as ArchiveError {
            report.problems.append("\(error)")
        }
        let blocks = try await findBlocks(reader, parts, &report)
        report.problems += blocks.problems
        return (try await assemble(reader, parts, blocks, part, description, &report), report)
    }

    private struct Parts {
        var header: ArchiveHeader?
        var headerByteCount = ArchiveHeader.Layout.preambleByteCount
        var headerError = ArchiveError.notAnArchive
        var trailer: ArchiveTrailer?
    }

    private static func findBlocks(
        _ reader: any ObjectReader,
        _ parts: Parts,
        _ report: inout SalvageReport
    ) async throws -> SalvagedBlocks {
        do {
            return try await blocksOfIndex(reader, try await ArchiveLayout.load(from: reader))
        } catch let error as ArchiveError {
            if report.problems.isEmpty { report.problems.append("\(error)") }
        }
        var scan = SalvageScan(reader, archiveTag: parts.header?.archiveTag ?? parts.trailer?.archiveTag)
        return try await scan.run(from: UInt64(parts.headerByteCount))
    }

    /// Reads every block that the index tells of.
    private static func blocksOfIndex(
        _ reader: any ObjectReader,
        _ layout: ArchiveLayout
    ) async throws -> SalvagedBlocks {
        let decoder = BlockDecoder()
        var blocks = SalvagedBlocks()
        for entry in layout.entries {
            do {
                let block = try await reader.readBlock(entry, decoder: decoder)
                if entry.header.kind == .records {
                    let facts = try BlockFacts(reading: block, filter: nil)
                    blocks.add(SalvagedBlocks.RecordBlock(entry: entry, facts: facts))
                } else {
                    blocks.add(block)
                }
            } catch let error as ArchiveError {
                if entry.header.kind == .records {
                    blocks.add(SalvagedBlocks.RecordBlock(entry: entry, facts: nil, damage: "\(error)"))
                } else {
                    blocks.add(problem: "\(error)")
                }
            }
        }
        return blocks
    }

    private static func assemble(
        _ reader: any ObjectReader,
        _ parts: Parts,
        _ blocks: SalvagedBlocks,
        _ part: PartDescriptor?,
        _ description: ArchiveDescription?,
        _ report: inout SalvageReport
    ) async throws -> ArchiveReader {
        let (chains, brokenCount) = blocks.chains()
        let whole = SalvagedBlocks.Whole(
            recordCount: part?.recordCount ?? parts.trailer?.recordCount ?? blocks.recordCountAtEnd,
            recordBlockCount: part?.blockCount ?? parts.trailer.map { UInt64($0.recordBlockCount) }
        )
        report.lost = blocks.lost(of: whole, end: reader.byteCount, start: UInt64(parts.headerByteCount))
        report.intactBlockCount = UInt64(blocks.intact.count)
        report.intactRecordCount = blocks.intact.reduce(0) { $0 + UInt64($1.entry.header.recordCount) }
        report.brokenValueCount = brokenCount
        let superseded = try supersededPlaces(blocks, parts.trailer, &report)
        return ArchiveReader(
            reader: reader,
            header: try header(parts, blocks, description),
            trailer: parts.trailer,
            index: blocks.index,
            chains: chains,
            superseded: superseded
        )
    }

    private static func supersededPlaces(
        _ blocks: SalvagedBlocks,
        _ trailer: ArchiveTrailer?,
        _ report: inout SalvageReport
    ) throws(ArchiveError) -> SupersededRecords {
        var places: [RecordPlace] = []
        for block in blocks.others where block.header.kind == .superseded {
            places += try SupersededRecords.places(decoding: block.bytes, of: .block(block.location))
        }
        if let trailer, trailer.supersededCount != places.count {
            report.problems.append(
                "the list of superseded records is damaged: \(places.count) of \(trailer.supersededCount) are known"
            )
        }
        return SupersededRecords(places)
    }

    private static func header(
        _ parts: Parts,
        _ blocks: SalvagedBlocks,
        _ description: ArchiveDescription?
    ) throws(ArchiveError) -> ArchiveHeader {
        if let header = parts.header { return header }
        let tag = parts.trailer?.archiveTag ?? blocks.intact.first?.entry.header.archiveTag ?? 0
        if let description { return ArchiveHeader(archiveTag: tag, description: description) }
        guard let block = blocks.others.first(where: { $0.header.kind == .closing }) else { throw parts.headerError }
        let closing = try ArchiveClosing(decoding: block.bytes, of: .block(block.location))
        return ArchiveHeader(archiveTag: block.header.archiveTag, description: closing.description)
    }
}
