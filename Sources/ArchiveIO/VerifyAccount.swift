import ArchiveFormat
import SnapshotModel

/// Adds up what the blocks of an archive turn out to hold, in order, and compares it with what the archive says.
struct VerifyAccount: Sendable {
    private let layout: ArchiveLayout
    private let checks: ArchiveChecks
    private(set) var problems: [ArchiveProblem] = []
    private(set) var intactBlockCount: UInt64 = 0
    private(set) var intactRecordCount: UInt64 = 0
    private var totals = ArchiveTotals()
    private var statistics = SnapshotStatistics()
    private var closing: ArchiveClosing?
    private var chainsInBlocks: [ValueChain] = []
    private var chainsInIndex: [ValueChain] = []
    private var openChain: ValueChain?
    /// The totals cannot be right if a block could not be read.
    private var hasLostBlock = false

    init(layout: ArchiveLayout, supersededCount: Int, checks: ArchiveChecks) {
        self.layout = layout
        self.checks = checks
        totals.supersededCount = UInt64(supersededCount)
    }

    mutating func add(_ output: VerifyWork.Output) {
        problems += output.problems
        guard let block = output.block else {
            hasLostBlock = true
            openChain = nil
            return
        }
        if block.header.kind == .records {
            if let facts = output.facts { add(facts, of: block, isSound: output.problems.isEmpty) }
        } else {
            addOther(block)
        }
    }

    private mutating func add(_ facts: BlockFacts, of block: DecodedBlock, isSound: Bool) {
        expectOrdinal(of: block)
        totals.recordBlockCount += 1
        totals.recordCount += UInt64(facts.recordCount)
        totals.rawByteCount += UInt64(block.header.rawByteCount)
        if isSound {
            intactBlockCount += 1
            intactRecordCount += UInt64(facts.recordCount)
        }
        for (database, counts) in facts.liveKeys {
            statistics.databases[Int(database), default: .init()].keyCount += counts.keyCount
            statistics.databases[Int(database), default: .init()].expiringKeyCount += counts.expiringKeyCount
        }
        statistics.functionLibraryCount += UInt64(facts.functionLibraryCount)
        statistics.moduleAuxiliaryCount += UInt64(facts.moduleAuxiliaryCount)
        follow(facts, of: block)
    }

    /// Goes on with a value over several blocks.
    private mutating func follow(_ facts: BlockFacts, of block: DecodedBlock) {
        var isSound = (facts.leadingChunk != nil) == (openChain != nil)
        if var chain = openChain.take(), let chunk = facts.leadingChunk {
            isSound =
                chunk.position.number == chain.chunkByteCounts.count
                && chunk.position.byteOffset == chain.totalByteCount
            chain.chunkByteCounts.append(UInt32(chunk.byteCount))
            if chunk.position.isLast { chainsInBlocks.append(chain) } else { openChain = chain }
        }
        if let chunk = facts.trailingChunk, chunk.position.isFirst {
            isSound = isSound && chunk.position.byteOffset == 0 && openChain == nil
            openChain = ValueChain(firstBlock: block.header.number, chunkByteCounts: [UInt32(chunk.byteCount)])
        }
        expect(isSound || hasLostBlock, .chunkSequence, "\(block.location) does not go on with the value before it")
    }

    private mutating func addOther(_ block: DecodedBlock) {
        if block.header.kind != .index { totals.otherBlockCount += 1 }
        expectOrdinal(of: block)
        do throws(ArchiveError) {
            switch block.header.kind {
            case .closing: closing = try ArchiveClosing(decoding: block.bytes, of: .block(block.location))
            case .chains: chainsInIndex += try ValueChain.chains(decoding: block.bytes, of: .block(block.location))
            case .filters: _ = try KeyFilterGroup(decoding: block.bytes, of: .block(block.location))
            case .records, .superseded, .index: break
            }
        } catch {
            problems.append(ArchiveProblem(error.check, "\(error)"))
        }
    }

    /// Compares the sums; every block has been added.
    mutating func finish(_ digests: VerifyWork.Digests) {
        expect(
            digests.content == layout.trailer.contentDigest,
            .contentDigest,
            "the SHA-256 of the file is not the one in its trailer"
        )
        guard !hasLostBlock else { return }
        expect(openChain == nil, .chunkSequence, "the last value is not complete")
        expect(chainsInBlocks == chainsInIndex, .chainIndex, "the index tells of other values over several blocks")
        totals.chainCount = UInt32(chainsInIndex.count)
        expect(totals == layout.trailer.totals, .trailerCounts, "the trailer's counts are not those of the blocks")
        finishStatistics()
    }

    private mutating func finishStatistics() {
        guard let closing else {
            expect(false, .closingDescription, "the closing block is missing")
            return
        }
        var description = closing.description
        // The format may become known only while the source is read.
        description.format = layout.header.description.format
        expect(
            description == layout.header.description,
            .closingDescription,
            "the closing block describes another archive than the header"
        )
        let said = closing.statistics
        let isSame =
            said.databases.filter { $0.value.keyCount > 0 } == statistics.databases
            && said.functionLibraryCount == statistics.functionLibraryCount
            && said.moduleAuxiliaryCount == statistics.moduleAuxiliaryCount
        expect(isSame, .statistics, "the statistics do not count the records that are there")
    }

    private mutating func expectOrdinal(of block: DecodedBlock) {
        let recordCount = totals.recordCount
        expect(
            block.header.firstRecord == recordCount || hasLostBlock,
            .recordOrdinal,
            "\(block.location) says that \(block.header.firstRecord) records come before, not \(recordCount)"
        )
    }

    private mutating func expect(_ claim: Bool, _ check: ArchiveCheck, _ message: @autoclosure () -> String) {
        guard !claim, checks.contains(check) else { return }
        problems.append(ArchiveProblem(check, message()))
    }
}
