package import ArchiveFormat
package import ObjectStorage

/// An archive that is open for reading.
///
/// `open` reads header, trailer and index; filters are read when a key is looked up. Every block is checked when it
/// is read: checksum, and that it is the block that the index tells of.
package final class ArchiveReader: Sendable {
    package let header: ArchiveHeader
    /// Nil of an archive that was salvaged without its trailer.
    package let trailer: ArchiveTrailer?
    package let index: ArchiveIndex
    /// The values that lie in several blocks, by the number of the first block.
    ///
    /// Of a salvaged archive only those of which no chunk is lost.
    package let chains: [UInt32: ValueChain]
    /// Records that no reader restores or counts.
    package let superseded: SupersededRecords
    let reader: any ObjectReader

    init(
        reader: any ObjectReader,
        header: ArchiveHeader,
        trailer: ArchiveTrailer?,
        index: ArchiveIndex,
        chains: [ValueChain],
        superseded: SupersededRecords
    ) {
        self.reader = reader
        self.header = header
        self.trailer = trailer
        self.index = index
        self.chains = Dictionary(chains.map { ($0.firstBlock, $0) }) { first, _ in first }
        self.superseded = superseded
    }

    /// Opens a whole archive.
    ///
    /// Throws `ArchiveError` if it is damaged where this reads, or must not be read.
    package static func open(_ reader: any ObjectReader) async throws -> ArchiveReader {
        let layout = try await ArchiveLayout.load(from: reader)
        var index = ArchiveIndex()
        for entry in layout.entries { index.append(entry) }
        let decoder = BlockDecoder()
        var chains: [ValueChain] = []
        for entry in index.others(of: .chains) {
            let block = try await reader.readBlock(entry, decoder: decoder)
            chains += try ValueChain.chains(decoding: block.bytes, of: .block(entry.location))
        }
        var places: [RecordPlace] = []
        for entry in index.others(of: .superseded) {
            let block = try await reader.readBlock(entry, decoder: decoder)
            places += try SupersededRecords.places(decoding: block.bytes, of: .block(entry.location))
        }
        return ArchiveReader(
            reader: reader,
            header: layout.header,
            trailer: layout.trailer,
            index: index,
            chains: chains,
            superseded: SupersededRecords(places)
        )
    }

    package func close() async {
        await reader.close()
    }

    /// What the archive says of itself at its end; nil if a salvaged archive has lost it.
    package func closing() async throws -> ArchiveClosing? {
        guard let entry = index.others(of: .closing).first else { return nil }
        let block = try await reader.readBlock(entry, decoder: BlockDecoder())
        return try ArchiveClosing(decoding: block.bytes, of: .block(entry.location))
    }

    /// One block of records.
    ///
    /// Throws `malformed` if there is none of that number.
    package func block(_ number: UInt32) async throws -> DecodedBlock {
        guard let entry = index.record(number) else {
            throw ArchiveError.malformed(.header, reason: "there is no block of records \(number)")
        }
        return try await reader.readBlock(entry, decoder: BlockDecoder())
    }

    /// Runs `body` with a stream of decoded blocks of records, in ascending order of their numbers.
    ///
    /// Blocks are read and decoded in `parallelism` tasks; at most three times as many are in memory. `numbers` are
    /// the blocks wanted, ascending; nil for all. `body` may stop before the end.
    package func withBlocks<Value>(
        _ numbers: [UInt32]? = nil,
        parallelism: Int = ArchiveConcurrency.coreCount,
        _ body: (BlockStream) async throws -> Value
    ) async throws -> Value {
        let entries = numbers.map { $0.compactMap { index.record($0) } } ?? index.records
        let job = BlockReading(reader: reader, entries: entries)
        return try await withOrderedResults(of: job, parallelism: max(1, parallelism)) {
            try await body(BlockStream($0))
        }
    }
}

/// Reads and decodes blocks.
private struct BlockReading: BlockWork {
    let reader: any ObjectReader
    let entries: [IndexEntry]

    func feed(to inputs: BlockInputs<IndexEntry>) async throws {
        for entry in entries { try await inputs.send(entry) }
    }

    func work(on entry: IndexEntry, with decoder: BlockDecoder) async throws -> BlockStream.Outcome {
        do {
            return .decoded(try await reader.readBlock(entry, decoder: decoder))
        } catch let error as ArchiveError {
            return .lost(entry, error)
        }
    }
}

/// Decoded blocks of records in the order of the archive.
package struct BlockStream: Sendable {
    /// What became of a block.
    package enum Outcome: Sendable {
        case decoded(DecodedBlock)
        /// It is damaged; the entry says how many records are lost with it.
        case lost(IndexEntry, ArchiveError)
    }

    private let outcomes: SequencedQueue<Outcome>

    init(_ outcomes: SequencedQueue<Outcome>) {
        self.outcomes = outcomes
    }

    /// The next block; nil after the last.
    ///
    /// Throws at a damaged one.
    package func next() async throws -> DecodedBlock? {
        switch try await nextOutcome() {
        case .decoded(let block): return block
        case .lost(_, let error): throw error
        case nil: return nil
        }
    }

    /// The next block, decoded or lost; nil after the last.
    ///
    /// Throws only if the store does not answer.
    package func nextOutcome() async throws -> Outcome? {
        try await outcomes.receive()?.element
    }
}
