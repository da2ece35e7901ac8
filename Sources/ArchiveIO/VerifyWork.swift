import ArchiveFormat
import Memcached
import NIOCore
import ObjectStorage
import SnapshotModel
import Synchronization

/// Reads a file from its first byte to its last, and decodes its blocks in parallel.
final class VerifyWork: BlockWork {
    /// A block as it lies in the file, with what else is needed to check it.
    struct Input: Sendable {
        var entry: IndexEntry
        /// Header and stored bytes.
        var bytes: ByteBuffer
        /// Nil for other blocks than those of records.
        var filter: KeyFilter?
        var superseded: ArraySlice<RecordPlace>
    }

    /// What came of a block.
    struct Output: Sendable {
        var entry: IndexEntry
        var problems: [ArchiveProblem] = []
        /// Nil if the block cannot be read.
        var block: DecodedBlock?
        /// Nil for other blocks than those of records.
        var facts: BlockFacts?
    }

    /// SHA-256 of the file and of all of it but the trailer, 32 bytes each; empty until all was read.
    struct Digests: Sendable {
        var content: [UInt8] = []
        var file: [UInt8] = []
    }

    /// Bytes between blocks are read in pieces of this size.
    private static let gapByteCount: UInt64 = 1 << 20

    private let reader: any ObjectReader
    private let layout: ArchiveLayout
    private let superseded: SupersededRecords
    private let checks: ArchiveChecks
    private let result = Mutex(Digests())

    init(reader: any ObjectReader, layout: ArchiveLayout, superseded: SupersededRecords, checks: ArchiveChecks) {
        self.reader = reader
        self.layout = layout
        self.superseded = superseded
        self.checks = checks
    }

    var digests: Digests { result.withLock { $0 } }

    func feed(to inputs: BlockInputs<Input>) async throws {
        var digests = FileDigests()
        var offset: UInt64 = 0
        var filters = FilterReader(reader: reader, entries: layout.entries, checks: checks)
        for entry in layout.entries + layout.indexBlocks {
            try await passOver(from: offset, to: entry.offset, &digests)
            let bytes = try await reader.read(offset: entry.offset, byteCount: entry.header.blockByteCount)
            digests.update(bytes)
            offset = entry.offset + UInt64(bytes.readableBytes)
            let isRecords = entry.header.kind == .records
            try await inputs.send(
                Input(
                    entry: entry,
                    bytes: bytes,
                    filter: isRecords ? try await filters.filter(ofBlock: entry.header.number) : nil,
                    superseded: isRecords ? superseded.ordinals(inBlock: entry.header.number) : []
                )
            )
        }
        let trailerOffset = reader.byteCount - UInt64(ArchiveTrailer.Layout.byteCount)
        try await passOver(from: offset, to: trailerOffset, &digests)
        let content = digests.file()
        try await passOver(from: trailerOffset, to: reader.byteCount, &digests)
        let file = digests.file()
        result.withLock { $0 = Digests(content: content, file: file) }
    }

    /// Takes bytes that belong to no block into the digest: the header, the trailer, gaps.
    private func passOver(from start: UInt64, to end: UInt64, _ digests: inout FileDigests) async throws {
        var offset = start
        while offset < end {
            let bytes = try await reader.read(offset: offset, byteCount: Int(min(end - offset, Self.gapByteCount)))
            guard bytes.readableBytes > 0 else { return }
            digests.update(bytes)
            offset += UInt64(bytes.readableBytes)
        }
    }

    func work(on input: Input, with decoder: BlockDecoder) async throws -> Output {
        var output = Output(entry: input.entry)
        do throws(ArchiveError) {
            try examine(input, decoder, &output)
        } catch {
            output.problems.append(ArchiveProblem(error.check, "\(error)"))
        }
        return output
    }

    private func examine(
        _ input: Input,
        _ decoder: BlockDecoder,
        _ output: inout Output
    ) throws(ArchiveError) {
        let entry = input.entry
        let header = try BlockHeader.decode(input.bytes, at: entry.offset, checks: checks)
        var expected = entry.header
        if !checks.contains(.blockTag) { expected.archiveTag = header.archiveTag }
        if header.archiveTag != expected.archiveTag {
            throw .foreignBlock(
                header.location(at: entry.offset),
                tag: header.archiveTag,
                expectedTag: expected.archiveTag
            )
        }
        if header != expected, checks.contains(.indexEntry) {
            output.problems.append(
                ArchiveProblem(.indexEntry, "\(entry.location) is not the block that the index tells of")
            )
        }
        var stored = input.bytes
        stored.moveReaderIndex(forwardBy: BlockHeader.Layout.byteCount)
        let block = try decoder.decode(header, stored: stored, at: entry.offset, checks: checks)
        if header.kind == .records { try examineRecords(input, block, &output) }
        // Kept only of blocks whose content is looked at later: records would take too much memory.
        output.block = DecodedBlock(
            header: header,
            offset: entry.offset,
            bytes: header.kind == .records ? ByteBuffer() : block.bytes
        )
    }

    private func examineRecords(
        _ input: Input,
        _ block: DecodedBlock,
        _ output: inout Output
    ) throws(ArchiveError) {
        let facts = try BlockFacts(
            reading: block,
            filter: input.filter,
            superseded: input.superseded,
            checks: checks
        )
        output.facts = facts
        let location = block.location
        func expect(_ claim: Bool, _ check: ArchiveCheck, _ message: @autoclosure () -> String) {
            guard !claim, checks.contains(check) else { return }
            output.problems.append(ArchiveProblem(check, "\(location) \(message())"))
        }
        expect(
            facts.recordCount == block.header.recordCount,
            .recordCount,
            "says \(block.header.recordCount) records and holds \(facts.recordCount)"
        )
        expect(input.filter != nil, .keyFilter, "has no key filter")
        expect(facts.keysOutsideFilter == 0, .keyFilter, "has \(facts.keysOutsideFilter) keys outside its filter")
        expect(facts.databases == input.entry.databases, .databaseRange, "has other databases than the index says")
        expect(
            facts.supersededNonKeys == 0,
            .supersededPlace,
            "has no keys at \(facts.supersededNonKeys) superseded places"
        )
        guard layout.header.description.format.engine == .memcached, checks.contains(.itemBody) else { return }
        let damagedCount = try Self.damagedItemCount(in: block)
        expect(damagedCount == 0, .itemBody, "has \(damagedCount) items that cannot be read")
    }

    /// Items whose marks, flags and CAS value are none; RDB values are only decoded where they are used.
    private static func damagedItemCount(in block: DecodedBlock) throws(ArchiveError) -> Int {
        var cursor = block.records()
        var count = 0
        while let record = try cursor.next() {
            guard record.kind == .key, !record.isContinuation else { continue }
            var body = record.body(in: block.bytes)
            let isItem = record.type == MemcachedItem.recordType && (try? MemcachedItem(reading: &body)) != nil
            if !isItem { count += 1 }
        }
        return count
    }
}

/// Reads the filters of the blocks of records ahead of the blocks: their block comes after those.
private struct FilterReader {
    private let reader: any ObjectReader
    private let checks: ArchiveChecks
    private var entries: ArraySlice<IndexEntry>
    private var group = KeyFilterGroup(firstBlock: 0)

    init(reader: any ObjectReader, entries: [IndexEntry], checks: ArchiveChecks) {
        self.reader = reader
        self.checks = checks
        self.entries = entries.filter { $0.header.kind == .filters }[...]
    }

    /// The filter of a block of records; nil if its block of filters is damaged or missing.
    ///
    /// Numbers only ascend. A store that does not answer is no damage: its error goes on.
    mutating func filter(ofBlock number: UInt32) async throws -> KeyFilter? {
        while UInt64(number) >= UInt64(group.firstBlock) + UInt64(group.filters.count) {
            guard let entry = entries.popFirst() else { return nil }
            do {
                let content = try await reader.readBlock(at: entry.offset, decoder: BlockDecoder(), checks: checks)
                group = try KeyFilterGroup(decoding: content.bytes, of: .block(entry.location))
            } catch is ArchiveError {
                continue
            }
        }
        guard number >= group.firstBlock else { return nil }
        return group.filters[Int(number - group.firstBlock)]
    }
}
