package import ArchiveFormat
import ObjectStorage

extension ArchiveReader {
    /// Runs `body` with what `transform` made of each block of records, in the order of the blocks.
    ///
    /// `transform` runs in the tasks that decode, at most `parallelism` at a time; a damaged block is an error, or passed
    /// over.
    package func withMappedBlocks<Mapped: Sendable, Value>(
        _ numbers: [UInt32]? = nil,
        parallelism: Int = ArchiveConcurrency.coreCount,
        passingDamaged: Bool = false,
        transform: @escaping @Sendable (DecodedBlock) throws -> Mapped,
        _ body: (MappedBlockStream<Mapped>) async throws -> Value
    ) async throws -> Value {
        let entries = numbers.map { $0.compactMap { index.record($0) } } ?? index.records
        let job = BlockMapping(reader: reader, entries: entries, transform: transform, passesDamaged: passingDamaged)
        return try await withOrderedResults(of: job, parallelism: max(1, parallelism)) {
            try await body(MappedBlockStream($0))
        }
    }
}

/// Reads and decodes blocks and makes something of each.
private struct BlockMapping<Mapped: Sendable>: BlockWork {
    let reader: any ObjectReader
    let entries: [IndexEntry]
    let transform: @Sendable (DecodedBlock) throws -> Mapped
    let passesDamaged: Bool

    func feed(to inputs: BlockInputs<IndexEntry>) async throws {
        for entry in entries { try await inputs.send(entry) }
    }

    func work(on entry: IndexEntry, with decoder: BlockDecoder) async throws -> Mapped? {
        do {
            return try transform(try await reader.readBlock(entry, decoder: decoder))
        } catch let error as ArchiveError {
            guard passesDamaged else { throw error }
            return nil
        }
    }
}

/// What was made of blocks, in their order.
package struct MappedBlockStream<Mapped: Sendable>: Sendable {
    private let results: SequencedQueue<Mapped?>

    init(_ results: SequencedQueue<Mapped?>) {
        self.results = results
    }

    /// The next block's; nil after the last.
    package func next() async throws -> Mapped? {
        while let result = try await results.receive() {
            if let mapped = result.element { return mapped }
        }
        return nil
    }
}
