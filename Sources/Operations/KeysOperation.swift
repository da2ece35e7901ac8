import ArchiveFormat
import ArchiveIO
package import Catalog
import NIOCore
import RDB
package import Restore
package import SnapshotModel

/// What a listing of keys came to.
package struct KeyListing: Hashable, Sendable {
    package let snapshot: SnapshotID
    package var listedKeyCount: UInt64 = 0
    /// Live keys of the blocks that were looked at.
    package var examinedKeyCount: UInt64 = 0
}

/// Lists the keys of a snapshot from its archives, in their order.
package struct KeysOperation: Sendable {
    /// The names that a type filter knows.
    package static let typeNames = ["string", "list", "set", "zset", "hash", "stream", "module", "item"]

    private let query: SnapshotQuery
    private let match: GlobPattern?
    private let database: UInt32?
    private let typeName: String?

    package init(query: SnapshotQuery, match: GlobPattern?, database: UInt32?, typeName: String?) {
        self.query = query
        self.match = match
        self.database = database
        self.typeName = typeName
    }

    /// Gives each key that passes the filters to `receive`, which may throw to end the listing.
    package func run(
        _ context: OperationContext,
        _ receive: (ArchivedKey) throws -> Void
    ) async throws -> KeyListing {
        try await context.withSnapshot(query) { snapshot in
            var listing = KeyListing(snapshot: snapshot.manifest.id)
            for part in snapshot.manifest.parts {
                let archive = try await snapshot.openPart(part)
                try await list(archive, format: snapshot.manifest.format, &listing, receive)
                await archive.close()
            }
            return listing
        }
    }

    private func list(
        _ archive: ArchiveReader,
        format: PayloadFormat,
        _ listing: inout KeyListing,
        _ receive: (ArchivedKey) throws -> Void
    ) async throws {
        let numbers = archive.index.records.filter { entry in
            database.map { entry.databases?.contains($0) ?? false } ?? true
        }.map(\.header.number)
        var counted = listing
        try await archive.withBlocks(numbers) { blocks in
            while let block = try await blocks.next() {
                try list(block, archive, format, &counted, receive)
                try Task.checkCancellation()
            }
        }
        listing = counted
    }

    private func list(
        _ block: DecodedBlock,
        _ archive: ArchiveReader,
        _ format: PayloadFormat,
        _ listing: inout KeyListing,
        _ receive: (ArchivedKey) throws -> Void
    ) throws {
        let number = block.header.number
        var cursor = block.records()
        while let record = try cursor.next() {
            guard record.kind == .key, !record.isContinuation,
                !archive.superseded.contains(RecordPlace(block: number, ordinal: record.ordinal))
            else { continue }
            listing.examinedKeyCount += 1
            guard passes(record, in: block.bytes, format) else { continue }
            let chain = record.chunk == nil ? nil : archive.chains[number]
            try receive(ArchivedKey(record, in: block.bytes, chain: chain, format: format))
            listing.listedKeyCount += 1
        }
    }

    private func passes(_ record: RecordLayout, in block: ByteBuffer, _ format: PayloadFormat) -> Bool {
        if let database, record.database != database { return false }
        if let match {
            let isMatch = block.withUnsafeReadableBytes { bytes in
                match.matches(UnsafeRawBufferPointer(rebasing: bytes[record.keyRange]))
            }
            if !isMatch { return false }
        }
        guard let typeName else { return true }
        // "module" stands for every module's types, "module:MBbloom--" and so on.
        return ArchivedKey.typeName(record.type, record.body(in: block), format).prefix { $0 != ":" } == typeName
    }
}
