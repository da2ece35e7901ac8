package import ArchiveFormat

/// Some of an archive's records: one bit for each, 12 MiB for a hundred million.
package struct RecordSet: Sendable {
    /// Where the bits of each block begin.
    private var starts: [UInt32: Int] = [:]
    private var words: [UInt64]
    package private(set) var count: UInt64 = 0

    /// None of the records of the archive with that index.
    package init(_ index: ArchiveIndex) {
        var bitCount = 0
        for entry in index.records {
            starts[entry.header.number] = bitCount
            // A chunk that goes on from the block before has an ordinal, too.
            bitCount += Int(entry.header.recordCount) + 1
        }
        words = Array(repeating: 0, count: (bitCount + 63) / 64)
    }

    package mutating func insert(_ place: RecordPlace) {
        guard let start = starts[place.block] else { return }
        let bit = start + Int(place.ordinal)
        guard words[bit / 64] & 1 << UInt64(bit % 64) == 0 else { return }
        words[bit / 64] |= 1 << UInt64(bit % 64)
        count += 1
    }

    package func contains(_ place: RecordPlace) -> Bool {
        guard let start = starts[place.block] else { return false }
        let bit = start + Int(place.ordinal)
        return words[bit / 64] & 1 << UInt64(bit % 64) != 0
    }
}
