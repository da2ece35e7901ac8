import ArchiveFormat
import ArchiveIO
import SnapshotModel

/// A random sample of an archive's records: the same for the same seed.
struct DrillSample: Sendable {
    let count: Int
    let seed: UInt64

    /// Which of the records that begin in each block are wanted, by part and block; every record is as likely.
    ///
    /// Takes memory for the sample alone.
    func choose(from archives: [(part: UInt32, reader: ArchiveReader)]) -> [UInt32: [UInt32: Set<UInt32>]] {
        let total = archives.reduce(UInt64(0)) { sum, archive in
            sum + archive.reader.index.records.reduce(0) { $0 + UInt64($1.header.recordCount) }
        }
        var generator = SampleGenerator(state: seed)
        var chosen: Set<UInt64> = []
        if UInt64(count) >= total {
            chosen = Set(0..<total)
        } else {
            // Robert Floyd's method: as many draws as are wanted.
            for upper in (total - UInt64(count))..<total {
                let drawn = UInt64.random(in: 0...upper, using: &generator)
                chosen.insert(chosen.contains(drawn) ? upper : drawn)
            }
        }
        var result: [UInt32: [UInt32: Set<UInt32>]] = [:]
        var wanted = chosen.sorted()[...]
        var first: UInt64 = 0
        for archive in archives {
            var blocks: [UInt32: Set<UInt32>] = [:]
            for entry in archive.reader.index.records {
                let end = first + UInt64(entry.header.recordCount)
                while let next = wanted.first, next < end {
                    blocks[entry.header.number, default: []].insert(UInt32(next - first))
                    wanted.removeFirst()
                }
                first = end
            }
            result[archive.part] = blocks
        }
        return result
    }
}

/// SplitMix64, by Sebastiano Vigna.
struct SampleGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
