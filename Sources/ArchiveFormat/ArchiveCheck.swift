/// A check that the verifier makes.
///
/// Each can be turned off, for the tests that prove that it is this check that finds a certain damage.
package enum ArchiveCheck: Int, CaseIterable, Hashable, Sendable {
    /// The header's own checksum and form.
    case headerChecksum
    /// The description's checksum.
    case descriptionChecksum
    /// A block header's own checksum.
    case blockHeaderChecksum
    /// Blocks follow each other without a gap, from the header to the trailer.
    case tiling
    /// The block carries the archive's tag.
    case blockTag
    /// Blocks of a kind are numbered in order without a gap.
    case blockSequence
    /// The checksum of the stored bytes.
    case blockChecksum
    /// Decompression gives exactly the raw length.
    case decompression
    /// Records fill the block's areas exactly, and say nothing impossible.
    case recordLayout
    /// A block holds as many records as its header says.
    case recordCount
    /// The header's count of earlier records is right.
    case recordOrdinal
    /// The chunks of a value follow each other without a gap.
    case chunkSequence
    /// The index says of each block what the block says.
    case indexEntry
    /// The databases of a block lie in the range that the index tells.
    case databaseRange
    /// Chains of the index are those of the blocks.
    case chainIndex
    /// Each key is in its block's filter.
    case keyFilter
    /// Each superseded place is a key's record.
    case supersededPlace
    /// What stands in front of the value of each item of Memcached can be read.
    case itemBody
    /// The statistics count the live records that are there.
    case statistics
    /// The closing block repeats the header's description.
    case closingDescription
    /// The trailer's own checksum.
    case trailerChecksum
    /// The trailer's counts and places are right.
    case trailerCounts
    /// The file has the length that the trailer says.
    case fileByteCount
    /// SHA-256 over everything before the trailer.
    case contentDigest
    /// The whole file is what the manifest says: size, counts, SHA-256.
    case manifest

    /// What the check says, for messages.
    package var name: String { "\(self)" }
}

/// A set of checks.
package struct ArchiveChecks: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package init(_ check: ArchiveCheck) {
        rawValue = 1 << UInt64(check.rawValue)
    }

    package static let all = ArchiveCheck.allCases.reduce(into: ArchiveChecks()) { $0.insert(ArchiveChecks($1)) }

    package func contains(_ check: ArchiveCheck) -> Bool {
        contains(ArchiveChecks(check))
    }

    /// All but one.
    package static func allBut(_ check: ArchiveCheck) -> Self {
        all.subtracting(ArchiveChecks(check))
    }
}
