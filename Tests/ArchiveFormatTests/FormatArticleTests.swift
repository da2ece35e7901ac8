import ArchiveFormat
import TestSupport
import Testing

@Suite("The article on the archive format")
struct FormatArticleTests {
    private static let layouts: [String: [String: Int]] = [
        "ArchiveHeader.Layout": [
            "magic": ArchiveHeader.Layout.magic,
            "majorVersion": ArchiveHeader.Layout.majorVersion,
            "minorVersion": ArchiveHeader.Layout.minorVersion,
            "headerByteCount": ArchiveHeader.Layout.headerByteCount,
            "requiredFeatures": ArchiveHeader.Layout.requiredFeatures,
            "optionalFeatures": ArchiveHeader.Layout.optionalFeatures,
            "archiveTag": ArchiveHeader.Layout.archiveTag,
            "keySlotsByteCount": ArchiveHeader.Layout.keySlotsByteCount,
            "descriptionByteCount": ArchiveHeader.Layout.descriptionByteCount,
            "keySlotsChecksum": ArchiveHeader.Layout.keySlotsChecksum,
            "descriptionChecksum": ArchiveHeader.Layout.descriptionChecksum,
            "reserved": ArchiveHeader.Layout.reserved,
            "preambleChecksum": ArchiveHeader.Layout.preambleChecksum,
            "preambleByteCount": ArchiveHeader.Layout.preambleByteCount,
        ],
        "BlockHeader.Layout": [
            "magic": BlockHeader.Layout.magic,
            "archiveTag": BlockHeader.Layout.archiveTag,
            "number": BlockHeader.Layout.number,
            "kind": BlockHeader.Layout.kind,
            "codec": BlockHeader.Layout.codec,
            "tier": BlockHeader.Layout.tier,
            "flags": BlockHeader.Layout.flags,
            "storedByteCount": BlockHeader.Layout.storedByteCount,
            "rawByteCount": BlockHeader.Layout.rawByteCount,
            "bodyByteCount": BlockHeader.Layout.bodyByteCount,
            "headByteCount": BlockHeader.Layout.headByteCount,
            "recordCount": BlockHeader.Layout.recordCount,
            "storedChecksum": BlockHeader.Layout.storedChecksum,
            "firstRecord": BlockHeader.Layout.firstRecord,
            "reserved": BlockHeader.Layout.reserved,
            "headerChecksum": BlockHeader.Layout.headerChecksum,
            "byteCount": BlockHeader.Layout.byteCount,
        ],
        "IndexEntry.Layout": [
            "offset": IndexEntry.Layout.offset,
            "number": IndexEntry.Layout.number,
            "kind": IndexEntry.Layout.kind,
            "codec": IndexEntry.Layout.codec,
            "tier": IndexEntry.Layout.tier,
            "flags": IndexEntry.Layout.flags,
            "storedByteCount": IndexEntry.Layout.storedByteCount,
            "rawByteCount": IndexEntry.Layout.rawByteCount,
            "bodyByteCount": IndexEntry.Layout.bodyByteCount,
            "headByteCount": IndexEntry.Layout.headByteCount,
            "recordCount": IndexEntry.Layout.recordCount,
            "storedChecksum": IndexEntry.Layout.storedChecksum,
            "firstRecord": IndexEntry.Layout.firstRecord,
            "lowestDatabase": IndexEntry.Layout.lowestDatabase,
            "highestDatabase": IndexEntry.Layout.highestDatabase,
            "byteCount": IndexEntry.Layout.byteCount,
        ],
        "ArchiveTrailer.Layout": [
            "magic": ArchiveTrailer.Layout.magic,
            "archiveTag": ArchiveTrailer.Layout.archiveTag,
            "fileByteCount": ArchiveTrailer.Layout.fileByteCount,
            "indexOffset": ArchiveTrailer.Layout.indexOffset,
            "indexByteCount": ArchiveTrailer.Layout.indexByteCount,
            "recordCount": ArchiveTrailer.Layout.recordCount,
            "rawByteCount": ArchiveTrailer.Layout.rawByteCount,
            "recordBlockCount": ArchiveTrailer.Layout.recordBlockCount,
            "otherBlockCount": ArchiveTrailer.Layout.otherBlockCount,
            "indexBlockCount": ArchiveTrailer.Layout.indexBlockCount,
            "chainCount": ArchiveTrailer.Layout.chainCount,
            "supersededCount": ArchiveTrailer.Layout.supersededCount,
            "contentDigest": ArchiveTrailer.Layout.contentDigest,
            "reserved": ArchiveTrailer.Layout.reserved,
            "trailerChecksum": ArchiveTrailer.Layout.trailerChecksum,
            "byteCount": ArchiveTrailer.Layout.byteCount,
        ],
    ]

    @Test("gives every field the offset that the code has, and no gap", arguments: layouts.keys.sorted())
    func offsets(_ name: String) throws {
        let article = try ProjectFile.read("Sources/ArchiveFormat/ArchiveFormat.docc/ArchiveFormat.md")
        let section = article.lines.drop { $0 != "### \(name)" }.dropFirst().prefix { !$0.hasPrefix("#") }
        var offsets: [String: Int] = [:]
        var end = 0
        for line in section where line.hasPrefix("| ") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
            guard let offset = Int(cells[1]) else { continue }
            #expect(offset == end, "\(name).\(cells[3])")
            end = offset + (Int(cells[2]) ?? 0)
            offsets[cells[3]] = offset
        }
        #expect(offsets == Self.layouts[name])
    }
}
