import ByteCoding
package import NIOCore
package import SnapshotModel

/// The deadlines of hash fields inside a payload body: reading the earliest, and writing all of them anew.
///
/// Types: Redis 24 and 25 (7.4), 22 and 23 (its release candidates), Valkey 22 (9.0), each also behind the metadata of a
/// key (Redis 243). The layouts' sources stand at ``RDBGrammar``.
package enum FieldDeadlines {
    /// Whether bodies of this type may hold field deadlines.
    package static func areIn(type: UInt8, format: PayloadFormat) -> Bool {
        FieldDeadlineForm(type: type, format: format) != nil || KeyMetadata.isMarked(by: type, format)
    }

    /// The body with every field's deadline put through `transform`; `.never` takes the deadline away.
    ///
    /// Fields without a deadline stay without. A body of a type without field deadlines comes back as it is. Deadlines
    /// out of the range that the engine stores are brought into it.
    /// - Throws: ``RDBError`` if the body contradicts its type; offsets count from the body's start.
    package static func rewrite(
        body: ByteBuffer,
        type: UInt8,
        format: PayloadFormat,
        transform: (UnixMilliseconds) -> Expiry
    ) throws(RDBError) -> ByteBuffer {
        if KeyMetadata.isMarked(by: type, format) {
            let parts = try KeyMetadata(body: body)
            let value = try rewrite(body: parts.value, type: parts.type, format: format, transform: transform)
            var result = parts.prefix
            result.writeImmutableBuffer(value)
            return result
        }
        guard let form = FieldDeadlineForm(type: type, format: format) else { return body }
        if let headerByteCount = form.listpackHeaderByteCount {
            let listpack = try FieldDeadlineListpack(body, headerByteCount: headerByteCount)
            return try listpack.rewritten { form.transformed($0, transform) }
        }
        let table = try FieldDeadlineTable(body, form: form)
        return table.rewritten { form.transformed($0, transform) }
    }

    /// The earliest deadline of any field; `.never` if none has one.
    package static func earliest(body: ByteBuffer, type: UInt8, format: PayloadFormat) throws(RDBError) -> Expiry {
        if KeyMetadata.isMarked(by: type, format) {
            let parts = try KeyMetadata(body: body)
            return try earliest(body: parts.value, type: parts.type, format: format)
        }
        guard let form = FieldDeadlineForm(type: type, format: format) else { return .never }
        let earliest =
            if let headerByteCount = form.listpackHeaderByteCount {
                try FieldDeadlineListpack(body, headerByteCount: headerByteCount).deadlines.min()
            } else {
                try FieldDeadlineTable(body, form: form).deadlines.min()
            }
        return earliest.map { .at(UnixMilliseconds($0)) } ?? .never
    }

    /// When the last field is gone, and the key with it; `.never` if any field has no deadline.
    package static func latest(body: ByteBuffer, type: UInt8, format: PayloadFormat) throws(RDBError) -> Expiry {
        if KeyMetadata.isMarked(by: type, format) {
            let parts = try KeyMetadata(body: body)
            return try latest(body: parts.value, type: parts.type, format: format)
        }
        guard let form = FieldDeadlineForm(type: type, format: format) else { return .never }
        let latest =
            if let headerByteCount = form.listpackHeaderByteCount {
                try FieldDeadlineListpack(body, headerByteCount: headerByteCount).latestOfAll
            } else {
                try FieldDeadlineTable(body, form: form).latestOfAll
            }
        return latest.map { .at(UnixMilliseconds($0)) } ?? .never
    }
}

/// The ways in which engines lay field deadlines out.
enum FieldDeadlineForm {
    /// Redis 24: the earliest first, the others relative to it.
    case relativeTable
    /// Redis 22: absolute, a length, 0 for none.
    case absoluteTable
    /// Valkey 22: absolute, eight bytes behind the value, -1 for none.
    case valkeyTable
    /// Redis 25: the earliest, then a listpack of field, value, deadline (0 for none).
    case listpack
    /// Redis 23: only the listpack.
    case bareListpack

    init?(type: UInt8, format: PayloadFormat) {
        guard RDBValueTypes.row(type: type, format: format) != nil else { return nil }
        switch (format.engine, type) {
        case (.redis, 22): self = .absoluteTable
        case (.redis, 23): self = .bareListpack
        case (.redis, 24): self = .relativeTable
        case (.redis, 25): self = .listpack
        case (.valkey, 22): self = .valkeyTable
        default: return nil
        }
    }

    var listpackHeaderByteCount: Int? {
        switch self {
        case .listpack: 8
        case .bareListpack: 0
        default: nil
        }
    }

    /// Redis stores up to 2^48 - 1 ms (`EB_EXPIRE_TIME_MAX`, redis/redis `src/ebuckets.h`), and 0 means none.
    private var range: ClosedRange<Int64> {
        if case .valkeyTable = self { return 0...Int64.max }
        return 1...(1 << 48) - 1
    }

    /// The new deadline in the range that the engine stores; nil for none.
    func transformed(_ deadline: Int64, _ transform: (UnixMilliseconds) -> Expiry) -> Int64? {
        guard case .at(let instant) = transform(UnixMilliseconds(deadline)) else { return nil }
        return min(max(instant.rawValue, range.lowerBound), range.upperBound)
    }

    // MARK: Writing a table

    /// What stands in front of the count; without any deadline the server writes 0 here, too (`rdbSaveObject`).
    func writeHead(_ fields: HashFields, into output: inout ByteBuffer) {
        if case .relativeTable = self { output.writeLittleEndian(fields.earliest ?? 0) }
    }

    /// What stands in front of a field.
    func writeBefore(_ deadline: Int64?, earliest: Int64?, into output: inout ByteBuffer) {
        switch self {
        case .relativeTable:
            RDBLength.write(deadline.map { UInt64($0 - (earliest ?? 0) + 1) } ?? 0, into: &output)
        case .absoluteTable: RDBLength.write(deadline.map { UInt64($0) } ?? 0, into: &output)
        case .valkeyTable, .listpack, .bareListpack: break
        }
    }

    /// What stands behind a field's value.
    func writeAfter(_ deadline: Int64?, into output: inout ByteBuffer) {
        if case .valkeyTable = self { output.writeLittleEndian(deadline ?? -1) }
    }
}
