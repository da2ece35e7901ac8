package import NIOCore
package import SnapshotModel

/// Rewrites payload bodies to a form that older servers, or those of the other engine, load.
///
/// One pass over the body, element by element from its bytes to those of the new one. The whole body is in memory.
package struct PayloadRewriter: Sendable {
    /// A body in its new form.
    package struct Rewritten: Sendable {
        package var type: UInt8
        /// What the payload is to be stamped with.
        package var rdbVersion: UInt16
        package var body: ByteBuffer
        package var losses: PayloadLosses = []

        package init(type: UInt8, rdbVersion: UInt16, body: ByteBuffer) {
            self.type = type
            self.rdbVersion = rdbVersion
            self.body = body
        }
    }

    private let format: PayloadFormat

    /// `format` is that of the bodies as they are.
    package init(_ format: PayloadFormat) {
        self.format = format
    }

    /// The body in a new form.
    ///
    /// Each field's deadline is put through `fieldExpiry`; for a form without deadlines, fields that are past by `now`
    /// are left out.
    /// - Returns: nil if fields have deadlines and the form has none
    /// - Throws: ``RDBError`` if the body contradicts its type; offsets count from the body's start
    package func rewrite(
        _ body: ByteBuffer,
        type: UInt8,
        as form: PayloadForm,
        now: UnixMilliseconds,
        fieldExpiry: (UnixMilliseconds) -> Expiry
    ) throws(RDBError) -> Rewritten? {
        var result = Rewritten(type: form.type, rdbVersion: form.rdbVersion, body: ByteBuffer())
        result.body.reserveCapacity(body.readableBytes + body.readableBytes / 2)
        switch form {
        case .plainList, .plainSet, .plainSortedSet, .plainSortedSetOfText:
            try PlainWriter.write(body, type: type, as: form, into: &result.body)
        case .plainHash, .redisFieldTable, .valkeyFieldTable:
            guard try writeHash(body, type, form, now, fieldExpiry, into: &result.body) else { return nil }
        case .stream1, .stream2, .stream3:
            result.losses = try StreamRewriter.write(body, type: type, as: form, into: &result.body)
        }
        return result
    }

    /// The metadata in front of a value, and the value's own type and body.
    package static func withoutMetadata(_ body: ByteBuffer) throws(RDBError) -> (type: UInt8, body: ByteBuffer) {
        let parts = try KeyMetadata(body: body)
        return (parts.type, parts.value)
    }

    private func writeHash(
        _ body: ByteBuffer,
        _ type: UInt8,
        _ form: PayloadForm,
        _ now: UnixMilliseconds,
        _ fieldExpiry: (UnixMilliseconds) -> Expiry,
        into output: inout ByteBuffer
    ) throws(RDBError) -> Bool {
        guard let stored = FieldDeadlineForm(type: type, format: format) else {
            try PlainWriter.write(body, type: type, as: form, into: &output)
            return true
        }
        let written: FieldDeadlineForm? =
            switch form {
            case .redisFieldTable: .relativeTable
            case .valkeyFieldTable: .valkeyTable
            default: nil
            }
        if let headerByteCount = stored.listpackHeaderByteCount {
            let listpack = try FieldDeadlineListpack(body, headerByteCount: headerByteCount)
            let fields = HashFields(listpack.deadlinesByField, now: now, hasDeadlines: written != nil) {
                (written ?? stored).transformed($0, fieldExpiry)
            }
            guard !fields.haveUnspeakableDeadlines else { return false }
            try listpack.writeTable(fields, as: written, into: &output)
        } else {
            let table = try FieldDeadlineTable(body, form: stored)
            let fields = HashFields(table.deadlinesByField, now: now, hasDeadlines: written != nil) {
                (written ?? stored).transformed($0, fieldExpiry)
            }
            guard !fields.haveUnspeakableDeadlines else { return false }
            table.writeTable(fields, as: written, into: &output)
        }
        return true
    }
}

/// The fields of a hash that are to be written, and their new deadlines.
struct HashFields {
    /// Indices of the fields that stay.
    let kept: [Int]
    /// By index of all fields; nil for none.
    let deadlines: [Int64?]
    /// Whether a field that stays has a deadline, and the form has no place for it.
    let haveUnspeakableDeadlines: Bool

    init(_ stored: [Int64?], now: UnixMilliseconds, hasDeadlines: Bool, transform: (Int64) -> Int64?) {
        let deadlines = stored.map { $0.flatMap(transform) }
        self.deadlines = deadlines
        kept =
            hasDeadlines
            ? Array(deadlines.indices) : deadlines.indices.filter { deadlines[$0].map { $0 > now.rawValue } ?? true }
        haveUnspeakableDeadlines = !hasDeadlines && kept.contains { deadlines[$0] != nil }
    }

    var earliest: Int64? { deadlines.lazy.compactMap { $0 }.min() }
}
