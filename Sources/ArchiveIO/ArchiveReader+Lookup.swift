package import ArchiveFormat
package import NIOCore
import SnapshotModel

/// A record that was looked up.
package struct FoundRecord: Sendable {
    package var block: DecodedBlock
    package var layout: RecordLayout
    /// Set if the value lies in several blocks; then `layout` tells only the first chunk.
    package var chain: ValueChain?
}

extension ArchiveReader {
    /// Finds a key; nil if the archive does not hold it.
    ///
    /// Decodes only blocks whose filter lets the key pass.
    package func lookup(database: UInt32, key: ByteBuffer) async throws -> FoundRecord? {
        let decoder = BlockDecoder()
        let hash = KeyHash.hash(database: database, key: key)
        for entry in try await candidates(hash: hash, database: database, decoder) {
            let block = try await reader.readBlock(entry, decoder: decoder)
            guard let layout = try find(database: database, key: key, in: block) else { continue }
            let chain = layout.chunk == nil ? nil : chains[entry.header.number]
            guard layout.chunk == nil || chain != nil else { throw ArchiveIOError.brokenChain(entry.location) }
            return FoundRecord(block: block, layout: layout, chain: chain)
        }
        return nil
    }

    /// The body of a value that lies in several blocks, chunk by chunk.
    package func chunks(of chain: ValueChain) -> ChunkStream {
        ChunkStream(archive: self, chain: chain)
    }

    /// The blocks that may hold the key: those whose filter says so, and those that have lost their filter.
    private func candidates(
        hash: UInt64,
        database: UInt32,
        _ decoder: BlockDecoder
    ) async throws -> [IndexEntry] {
        var excluded: Set<UInt32> = []
        for entry in index.others(of: .filters) {
            let block = try await reader.readBlock(entry, decoder: decoder)
            let group = try KeyFilterGroup(decoding: block.bytes, of: .block(entry.location))
            for (number, filter) in zip(group.firstBlock..., group.filters) where !filter.mayContain(hash) {
                excluded.insert(number)
            }
        }
        return index.records.filter { entry in
            !excluded.contains(entry.header.number) && entry.databases?.contains(database) ?? false
        }
    }

    private func find(
        database: UInt32,
        key: ByteBuffer,
        in block: DecodedBlock
    ) throws(ArchiveError) -> RecordLayout? {
        var cursor = block.records()
        while let record = try cursor.next() {
            guard record.kind == .key, record.database == database, !record.isContinuation,
                record.key(in: block.bytes) == key,
                !superseded.contains(RecordPlace(block: block.header.number, ordinal: record.ordinal))
            else { continue }
            return record
        }
        return nil
    }
}

/// The chunks of one value in order.
package struct ChunkStream: Sendable {
    package let chain: ValueChain
    private let archive: ArchiveReader
    private var number: UInt32 = 0
    private var byteOffset: UInt64 = 0

    init(archive: ArchiveReader, chain: ValueChain) {
        self.archive = archive
        self.chain = chain
    }

    /// The next chunk's bytes; nil after the last.
    ///
    /// Throws if a chunk is damaged or not the one that belongs there.
    package mutating func next() async throws -> ByteBuffer? {
        guard number < chain.chunkByteCounts.count else { return nil }
        let block = try await archive.block(chain.firstBlock + number)
        var found: RecordLayout?
        var cursor = block.records()
        while let record = try cursor.next() {
            guard let chunk = record.chunk, chunk.number == number, chunk.byteOffset == byteOffset else { continue }
            found = record
        }
        guard let found, found.bodyRange.count == chain.chunkByteCounts[Int(number)] else {
            throw ArchiveIOError.brokenChain(block.location)
        }
        number += 1
        byteOffset += UInt64(found.bodyRange.count)
        return found.body(in: block.bytes)
    }
}
