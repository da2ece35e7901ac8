import ArchiveFormat
import ArchiveIO
package import Catalog
import Memcached
package import NIOCore
package import RDB
import Restore
package import SnapshotModel

/// A key that was found in a snapshot.
package struct FoundKey: Sendable {
    package let snapshot: SnapshotID
    package let key: ArchivedKey
    /// The value, where it was asked for, can be decoded, and is not too large for that.
    package let value: RDBValue?

    /// Whether the value is bytes and nothing else.
    package var isString: Bool { key.typeName == "string" || key.item != nil }
}

/// Takes one value out of a snapshot; reads only the blocks whose filters let the key pass.
package struct GetOperation: Sendable {
    /// The largest body that is decoded as a whole, in bytes.
    package static let largestDecodedByteCount: UInt64 = 64 << 20

    private let query: SnapshotQuery
    private let database: UInt32
    private let key: ByteBuffer

    package init(query: SnapshotQuery, database: UInt32, key: ByteBuffer) {
        self.query = query
        self.database = database
        self.key = key
    }

    /// The key with its decoded value.
    package func decoded(_ context: OperationContext) async throws -> FoundKey {
        try await find(context) { found in try await found.decoded() }
    }

    /// The bytes of a string or of an item of Memcached go to `receive` in pieces; of any other type the result has the decoded value.
    package func value(
        _ context: OperationContext,
        _ receive: (ByteBuffer) throws -> Void
    ) async throws -> FoundKey {
        try await find(context) { found in
            if found.isItem {
                try await found.item(receive)
            } else {
                guard found.record.layout.type == RDBValueNumber.string else { return try await found.decoded() }
                try await found.string(receive)
            }
            return found.described(nil)
        }
    }

    /// The DUMP payload that RESTORE takes goes to `receive` in pieces.
    package func dump(
        _ context: OperationContext,
        _ receive: (ByteBuffer) throws -> Void
    ) async throws -> FoundKey {
        try await find(context) { found in
            guard !found.isItem else {
                throw OperationError(
                    .usage,
                    "a value of Memcached has no DUMP payload",
                    hint: "leave --raw-dump out: the value's bytes go to standard output as they are"
                )
            }
            try await found.dump(receive)
            return found.described(nil)
        }
    }

    private func find(
        _ context: OperationContext,
        _ body: (FoundValue) async throws -> FoundKey
    ) async throws -> FoundKey {
        try await context.withSnapshot(query) { snapshot in
            for part in snapshot.manifest.parts {
                let archive = try await snapshot.openPart(part)
                if let record = try await archive.lookup(database: database, key: key) {
                    let result = try await body(
                        FoundValue(manifest: snapshot.manifest, archive: archive, record: record)
                    )
                    await archive.close()
                    return result
                }
                await archive.close()
            }
            throw OperationError(
                .failure,
                "snapshot \(snapshot.manifest.id) has no such key in database \(database)",
                hint: "'rewarm keys \(snapshot.manifest.id)' lists the keys; --database chooses another database"
            )
        }
    }
}

/// Type numbers that are looked at by name.
private enum RDBValueNumber {
    /// `RDB_TYPE_STRING` of both engines (redis:src/rdb.h).
    static let string: UInt8 = 0
}

/// A record together with the archive that its further chunks come from.
private struct FoundValue {
    let manifest: Manifest
    let archive: ArchiveReader
    let record: FoundRecord

    private var format: PayloadFormat { manifest.format }

    func described(_ value: RDBValue?) -> FoundKey {
        let key = ArchivedKey(record.layout, in: record.block.bytes, chain: record.chain, format: format)
        return FoundKey(snapshot: manifest.id, key: key, value: value)
    }

    func decoded() async throws -> FoundKey {
        guard byteCount <= GetOperation.largestDecodedByteCount else { return described(nil) }
        var body = ByteBuffer()
        body.reserveCapacity(Int(byteCount))
        try await chunks { body.writeImmutableBuffer($0) }
        if isItem {
            _ = try MemcachedItem(reading: &body)
            return described(.string(body))
        }
        let value = try RDBValueDecoder.decode(body, type: record.layout.type, format: format)
        return described(value)
    }

    var isItem: Bool { format.engine == .memcached }

    /// The value without what stands in front of it, which the first chunk holds as a whole.
    func item(_ receive: (ByteBuffer) throws -> Void) async throws {
        var isFirst = true
        try await chunks { chunk in
            var chunk = chunk
            if isFirst { _ = try MemcachedItem(reading: &chunk) }
            isFirst = false
            try receive(chunk)
        }
    }

    func string(_ receive: (ByteBuffer) throws -> Void) async throws {
        guard record.chain != nil else {
            var text = ByteBuffer()
            guard RDBString.write(record.layout.body(in: record.block.bytes), into: &text) else {
                throw Self.malformedString
            }
            return try receive(text)
        }
        // Strings are unwrapped when they are captured, so one that is long enough for a chain is plain.
        var isFirst = true
        try await chunks { chunk in
            var chunk = chunk
            if isFirst {
                try Self.skipLength(&chunk)
                isFirst = false
            }
            try receive(chunk)
        }
    }

    /// Moves behind the length in front of a plain string, by its form (see `RDBLength`).
    private static func skipLength(_ chunk: inout ByteBuffer) throws(OperationError) {
        let byteCount: Int? =
            switch chunk.getInteger(at: chunk.readerIndex, as: UInt8.self) {
            case .some(0x00...0x3F): 1
            case .some(0x40...0x7F): 2
            case 0x80: 5
            case 0x81: 9
            default: nil
            }
        guard let byteCount, chunk.readableBytes >= byteCount else { throw malformedString }
        chunk.moveReaderIndex(forwardBy: byteCount)
    }

    private static var malformedString: OperationError {
        OperationError(.integrity, "the value's string is malformed although its checksum is right")
    }

    func dump(_ receive: (ByteBuffer) throws -> Void) async throws {
        var piece = ByteBuffer()
        var writer = DumpPayloadWriter(type: record.layout.type, into: &piece)
        try await chunks { chunk in
            writer.append(chunk, into: &piece)
            try receive(piece)
            piece.clear()
        }
        writer.finish(rdbVersion: Int(RestorePlan.stampedVersion(format)), into: &piece)
        try receive(piece)
    }

    /// Bytes of the payload body.
    private var byteCount: UInt64 { record.chain?.totalByteCount ?? UInt64(record.layout.bodyRange.count) }

    private func chunks(_ receive: (ByteBuffer) throws -> Void) async throws {
        guard let chain = record.chain else { return try receive(record.layout.body(in: record.block.bytes)) }
        var stream = archive.chunks(of: chain)
        while let chunk = try await stream.next() {
            try receive(chunk)
            try Task.checkCancellation()
        }
    }
}
