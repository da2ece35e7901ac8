import ArchiveFormat
package import ArchiveIO
import Memcached
package import NIOCore
import ObjectStorage
package import RDB
package import SnapshotModel

/// A live record of an archive as it is held against a node.
package struct ArchivedValue: Sendable {
    /// With the fingerprint, unless the value lies in several blocks.
    package var entry: ComparisonEntry
    package var access: AccessData
    package var bodyByteCount: UInt64
    /// Whether the fingerprint is still to be made.
    package var isChained: Bool
}

/// What became of a block's records.
package struct ArchivedBlock: Sendable {
    package var values: [ArchivedValue] = []
    /// Bodies of function libraries.
    package var libraries: [ByteBuffer] = []
}

/// Goes through the live records of an archive in their order, decoded and fingerprinted in parallel.
///
/// Nothing is sorted and nothing is kept: memory is that of a few blocks.
package struct ArchivedValues: Sendable {
    private let archive: ArchiveReader
    private let part: UInt32
    private let format: PayloadFormat
    private let scope: ValueFingerprinter.Scope
    /// Which of the records that begin in a block are wanted, by the block's number; nil for all.
    private let sample: [UInt32: Set<UInt32>]?

    package init(
        _ archive: ArchiveReader,
        part: UInt32,
        format: PayloadFormat,
        scope: ValueFingerprinter.Scope,
        sample: [UInt32: Set<UInt32>]? = nil
    ) {
        self.archive = archive
        self.part = part
        self.format = format
        self.scope = scope
        self.sample = sample
    }

    /// Gives each block's records to `receive`, in the order of the archive.
    package func forEachBlock(_ receive: (ArchivedBlock) async throws -> Void) async throws {
        let numbers = sample?.keys.sorted()
        try await archive.withMappedBlocks(numbers, transform: { try values(of: $0) }) { blocks in
            while let block = try await blocks.next() {
                try await receive(block)
                try Task.checkCancellation()
            }
        }
    }

    /// Fingerprints a value anew, with another scope or because it lies in several blocks; nil of one that is too large
    /// to be decoded.
    package func fingerprint(
        _ entry: ComparisonEntry,
        scope: ValueFingerprinter.Scope
    ) async throws -> ValueFingerprint? {
        let entries = ArchiveEntries(
            archive,
            part: part,
            format: format,
            role: .left,
            options: ComparisonOptions(),
            scope: scope
        )
        return try await entries.fingerprint(entry, scope: scope).value
    }

    /// The elements of a value that lies in one block; nil of any other, and of one that is not decoded.
    package func elements(of entry: ComparisonEntry) async throws -> [RDBElement]? {
        guard var payload = try await payload(of: entry) else { return nil }
        guard format.engine != .memcached else {
            _ = try MemcachedItem(reading: &payload.body)
            return [.stringPart(payload.body)]
        }
        let value = try RDBValueDecoder.decode(payload.body, type: payload.type, format: format)
        guard value.elementKind != nil else { return nil }
        var elements: [RDBElement] = []
        value.forEachElement { elements.append($0) }
        return elements
    }

    /// The payload of a value that lies in one block; nil of any other.
    package func payload(of entry: ComparisonEntry) async throws -> (type: UInt8, body: ByteBuffer)? {
        guard let place = entry.place else { return nil }
        let block = try await archive.block(place.record.block)
        var cursor = block.records()
        while let record = try cursor.next() {
            guard record.ordinal == place.record.ordinal else { continue }
            return record.chunk == nil ? (record.type, record.body(in: block.bytes)) : nil
        }
        return nil
    }

    private func values(of block: DecodedBlock) throws -> ArchivedBlock {
        var result = ArchivedBlock()
        let number = block.header.number
        let wanted = sample?[number]
        var index: UInt32 = 0
        var cursor = block.records()
        while let record = try cursor.next() {
            guard !record.isContinuation else { continue }
            defer { index += 1 }
            if record.kind == .functionLibrary { result.libraries.append(record.body(in: block.bytes)) }
            let place = RecordPlace(block: number, ordinal: record.ordinal)
            guard record.kind == .key, wanted?.contains(index) ?? true, !archive.superseded.contains(place) else {
                continue
            }
            result.values.append(try value(of: record, at: place, in: block))
        }
        return result
    }

    private func value(of record: RecordLayout, at place: RecordPlace, in block: DecodedBlock) throws -> ArchivedValue {
        let body = record.body(in: block.bytes)
        var entry = ComparisonEntry(
            database: record.database,
            key: record.key(in: block.bytes),
            typeName: PayloadTypes.userName(type: record.type, body: body, format: format) ?? "type \(record.type)",
            expiry: record.expiry
        )
        entry.place = .init(part: part, record: place)
        entry.item = try ItemTraits(body: body, format: format)
        let chain = record.chunk == nil ? nil : archive.chains[place.block]
        if record.chunk == nil {
            entry.take(try PayloadFingerprinter.of(body: body, type: record.type, format: format, scope: scope))
        }
        return ArchivedValue(
            entry: entry,
            access: record.access,
            bodyByteCount: chain?.totalByteCount ?? UInt64(body.readableBytes),
            isChained: record.chunk != nil
        )
    }
}
