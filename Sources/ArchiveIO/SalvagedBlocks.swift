import ArchiveFormat

/// The blocks that were found in a damaged archive, and the account of those that were not.
struct SalvagedBlocks: Sendable {
    /// A block of records whose header is sound.
    struct RecordBlock: Sendable {
        var entry: IndexEntry
        /// Nil if its content is damaged.
        var facts: BlockFacts?
        var damage = ""
    }

    /// What something in the file, or the manifest, says of the whole.
    struct Whole: Sendable {
        var recordCount: UInt64?
        var recordBlockCount: UInt64?
    }

    /// By number, without repetition.
    private(set) var records: [UInt32: RecordBlock] = [:]
    /// Intact blocks of other kinds, in the order of the file.
    private(set) var others: [DecodedBlock] = []
    private(set) var problems: [String] = []

    mutating func add(_ block: RecordBlock) {
        let number = block.entry.header.number
        if let other = records[number] {
            let offsets = "\(other.entry.offset) and \(block.entry.offset)"
            problems.append("the block of records \(number) is there twice, at \(offsets)")
            guard other.facts == nil, block.facts != nil else { return }
        }
        records[number] = block
    }

    mutating func add(_ block: DecodedBlock) {
        others.append(block)
    }

    mutating func add(problem: String) {
        problems.append(problem)
    }

    /// The intact blocks of records, by number.
    var intact: [RecordBlock] {
        records.values.filter { $0.facts != nil }.sorted { $0.entry.header.number < $1.entry.header.number }
    }

    /// The index of what is intact.
    var index: ArchiveIndex {
        var index = ArchiveIndex()
        for block in intact { index.append(block.entry) }
        for block in others {
            index.append(IndexEntry(offset: block.offset, header: block.header, databases: nil))
        }
        return index
    }

    /// What the blocks written after the last record say of the number of records.
    var recordCountAtEnd: UInt64? {
        others.first { [.closing, .index].contains($0.header.kind) }?.header.firstRecord
    }

    /// The values of which every chunk is intact, and how many begin in an intact block and have lost a chunk.
    func chains() -> (whole: [ValueChain], brokenCount: UInt64) {
        var whole: [ValueChain] = []
        var brokenCount: UInt64 = 0
        var open: ValueChain?
        for block in intact {
            let header = block.entry.header
            if var chain = open.take() {
                if let chunk = block.facts?.leadingChunk, header.number == chain.lastBlock + 1,
                    chunk.position.number == chain.chunkByteCounts.count,
                    chunk.position.byteOffset == chain.totalByteCount
                {
                    chain.chunkByteCounts.append(UInt32(chunk.byteCount))
                    if chunk.position.isLast { whole.append(chain) } else { open = chain }
                } else {
                    brokenCount += 1
                }
            }
            if let chunk = block.facts?.trailingChunk, chunk.position.isFirst {
                open = ValueChain(firstBlock: header.number, chunkByteCounts: [UInt32(chunk.byteCount)])
            }
        }
        return (whole, brokenCount + (open == nil ? 0 : 1))
    }

    /// Lists what is lost, from the numbers that are missing and the counts that the headers carry.
    func lost(of whole: Whole, end: UInt64, start: UInt64) -> [LostBlocks] {
        var lost: [LostBlocks] = []
        var (number, record, offset) = (UInt32(0), UInt64(0), start)
        for block in records.values.sorted(by: { $0.entry.header.number < $1.entry.header.number }) {
            let header = block.entry.header
            if header.number > number {
                lost.append(
                    LostBlocks(
                        firstNumber: number,
                        blockCount: UInt64(header.number - number),
                        recordCount: header.firstRecord >= record ? header.firstRecord - record : nil,
                        offset: offset,
                        reason: "not found"
                    )
                )
            }
            if block.facts == nil {
                lost.append(
                    LostBlocks(
                        firstNumber: header.number,
                        blockCount: 1,
                        recordCount: UInt64(header.recordCount),
                        offset: block.entry.offset,
                        reason: block.damage
                    )
                )
            }
            number = header.number &+ 1
            record = header.firstRecord &+ UInt64(header.recordCount)
            offset = block.entry.end
        }
        if let tail = lostTail(of: whole, number: number, record: record, offset: min(offset, end)) {
            lost.append(tail)
        }
        return lost
    }

    private func lostTail(of whole: Whole, number: UInt32, record: UInt64, offset: UInt64) -> LostBlocks? {
        let blockCount = whole.recordBlockCount.map { $0 > UInt64(number) ? $0 - UInt64(number) : 0 }
        let recordCount = whole.recordCount.map { $0 > record ? $0 - record : 0 }
        switch (blockCount, recordCount) {
        case (0?, _), (nil, 0?): return nil
        default:
            return LostBlocks(
                firstNumber: number,
                blockCount: blockCount,
                recordCount: recordCount,
                offset: offset,
                reason: "the archive ends too early"
            )
        }
    }
}
