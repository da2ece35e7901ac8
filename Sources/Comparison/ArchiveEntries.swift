import ArchiveFormat
package import ArchiveIO
package import NIOCore
import ObjectStorage
package import RDB
package import SnapshotModel

/// Reads the live records of an archive as entries of a comparison; blocks are decoded and fingerprinted in parallel.
package struct ArchiveEntries: Sendable {
    /// What one archive held.
    package struct Account: Sendable {
        /// Live keys of the databases and names that are compared.
        package var keyCount: UInt64 = 0
        /// Bodies of function libraries.
        package var libraries: [ByteBuffer] = []

        package init() {}
    }

    private let archive: ArchiveReader
    private let part: UInt32
    private let format: PayloadFormat
    private let role: ComparisonSideRole
    private let options: ComparisonOptions
    private let scope: ValueFingerprinter.Scope
    private let content: Content

    /// What entries tell.
    package enum Content: Sendable {
        case values
        /// Names and places alone.
        case names
        /// The same, of the blocks that are not damaged.
        case intactNames
    }

    package init(
        _ archive: ArchiveReader,
        part: UInt32,
        format: PayloadFormat,
        role: ComparisonSideRole,
        options: ComparisonOptions,
        scope: ValueFingerprinter.Scope,
        content: Content = .values
    ) {
        self.archive = archive
        self.part = part
        self.format = format
        self.role = role
        self.options = options
        self.scope = scope
        self.content = content
    }

    /// Appends all entries to `side`; `progress` is told the bytes of records after each block.
    package func read(
        into side: inout ComparisonSide,
        progress: (_ keyCount: UInt64) -> Void = { _ in }
    ) async throws -> Account {
        var account = Account()
        var chained: [ComparisonEntry] = []
        let isSalvage = if case .intactNames = content { true } else { false }
        try await archive.withMappedBlocks(passingDamaged: isSalvage, transform: { try entries(of: $0) }) { blocks in
            while let block = try await blocks.next() {
                try side.append(records: block.records)
                for entry in block.longKeyEntries { try side.append(entry) }
                chained += block.chained
                account.keyCount += block.keyCount
                account.libraries += block.libraries
                progress(account.keyCount)
                try Task.checkCancellation()
            }
        }
        for entry in chained { try side.append(try await fingerprint(entry, scope: scope)) }
        return account
    }

    /// What became of the records of one block.
    private struct BlockEntries: Sendable {
        /// Encoded entries.
        var records = ByteBuffer()
        var longKeyEntries: [ComparisonEntry] = []
        /// Values that go on in the next block, without their fingerprints.
        var chained: [ComparisonEntry] = []
        var libraries: [ByteBuffer] = []
        var keyCount: UInt64 = 0
    }

    private func entries(of block: DecodedBlock) throws -> BlockEntries {
        var result = BlockEntries()
        let number = block.header.number
        var cursor = block.records()
        while let record = try cursor.next() {
            if record.kind == .functionLibrary { result.libraries.append(record.body(in: block.bytes)) }
            guard record.kind == .key, !record.isContinuation,
                !archive.superseded.contains(RecordPlace(block: number, ordinal: record.ordinal)),
                let database = role.database(record.database, options),
                block.bytes.withUnsafeReadableBytes({
                    options.wants(key: UnsafeRawBufferPointer(rebasing: $0[record.keyRange]))
                })
            else { continue }
            result.keyCount += 1
            var entry = ComparisonEntry(database: database, key: record.key(in: block.bytes), expiry: record.expiry)
            entry.place = .init(part: part, record: RecordPlace(block: number, ordinal: record.ordinal))
            if case .values = content {
                entry.typeName = typeName(record, in: block)
                entry.item = try ItemTraits(body: record.body(in: block.bytes), format: format)
                guard record.chunk == nil else {
                    result.chained.append(entry)
                    continue
                }
                let body = record.body(in: block.bytes)
                entry.take(try PayloadFingerprinter.of(body: body, type: record.type, format: format, scope: scope))
            }
            if entry.key.readableBytes > ComparisonRecord.inlineKeyLimit {
                result.longKeyEntries.append(entry)
            } else {
                ComparisonRecord.write(entry, secret: scope.secret, into: &result.records)
            }
        }
        return result
    }

    private func typeName(_ record: RecordLayout, in block: DecodedBlock) -> String {
        PayloadTypes.userName(type: record.type, body: record.body(in: block.bytes), format: format)
            ?? "type \(record.type)"
    }

    // MARK: Single values

    /// Fingerprints a record by itself: one over several blocks, or again with another scope; nil where its value is too large to be decoded.
    package func fingerprint(_ entry: ComparisonEntry, scope: ValueFingerprinter.Scope) async throws -> ComparisonEntry
    {
        guard let place = entry.place else { return entry }
        let block = try await archive.block(place.record.block)
        var entry = entry
        if let record = try find(place.record, in: block) {
            entry.take(try await value(of: record, in: block, scope))
        }
        return entry
    }

    private func find(_ place: RecordPlace, in block: DecodedBlock) throws -> RecordLayout? {
        var cursor = block.records()
        while let record = try cursor.next() {
            if record.ordinal == place.ordinal { return record }
        }
        return nil
    }

    private func value(
        of record: RecordLayout,
        in block: DecodedBlock,
        _ scope: ValueFingerprinter.Scope
    ) async throws -> ValueFingerprinter? {
        guard record.chunk != nil else {
            let body = record.body(in: block.bytes)
            return try PayloadFingerprinter.of(body: body, type: record.type, format: format, scope: scope)
        }
        guard let chain = archive.chains[block.header.number] else { throw ArchiveIOError.brokenChain(block.location) }
        var body = PayloadFingerprinter(type: record.type, format: format, scope: scope)
        var chunks = archive.chunks(of: chain)
        while let chunk = try await chunks.next() {
            try body.append(chunk)
            try Task.checkCancellation()
        }
        return try body.finish()
    }
}

extension ComparisonEntry {
    /// Takes the fingerprint of its value, and when that is gone.
    ///
    /// A hash of which no field is left has gone with its last one: it is as good as expired. Nil is a value that cannot
    /// be compared.
    mutating func take(_ value: ValueFingerprinter?) {
        guard let value else {
            self.value = nil
            return
        }
        fieldEnd = value.hasVanished ? UnixMilliseconds(0) : value.lastFieldDeadline
        self.value = value.finish()
    }
}
