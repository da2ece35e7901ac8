import ByteCoding
import NIOCore
import SnapshotModel

/// A hash body of counted entries with a deadline each: Redis 22 and 24, Valkey 22.
struct FieldDeadlineTable {
    private struct Entry {
        var deadline: Int64?
        /// Field and value, two RDB strings one after the other, as a range of the body's readable bytes.
        var strings: Range<Int>
    }

    private let body: ByteBuffer
    private let form: FieldDeadlineForm
    private let entries: [Entry]

    /// Every deadline there is.
    var deadlines: [Int64] { entries.compactMap(\.deadline) }
    /// The latest, if every entry has one.
    var latestOfAll: Int64? { deadlines.count == entries.count ? deadlines.max() : nil }

    init(_ body: ByteBuffer, form: FieldDeadlineForm) throws(RDBError) {
        self.body = body
        self.form = form
        entries = try body.withUnsafeReadableBytes { bytes in Self.entries(bytes, form) }.get()
    }

    /// Of each field, in the order of the body; nil for none.
    var deadlinesByField: [Int64?] { entries.map(\.deadline) }

    /// Appends the fields that are kept as a table of the form, or as a plain hash.
    func writeTable(_ fields: HashFields, as form: FieldDeadlineForm?, into output: inout ByteBuffer) {
        form?.writeHead(fields, into: &output)
        RDBLength.write(UInt64(fields.kept.count), into: &output)
        for index in fields.kept {
            form?.writeBefore(fields.deadlines[index], earliest: fields.earliest, into: &output)
            body.withUnsafeReadableBytes {
                _ = output.writeBytes(UnsafeRawBufferPointer(rebasing: $0[entries[index].strings]))
            }
            form?.writeAfter(fields.deadlines[index], into: &output)
        }
    }

    /// The body with each deadline put through `transform`; nil takes it away.
    func rewritten(_ transform: (Int64) -> Int64?) -> ByteBuffer {
        var result = ByteBuffer()
        result.reserveCapacity(body.readableBytes + 8 * entries.count)
        let fields = HashFields(deadlinesByField, now: UnixMilliseconds(0), hasDeadlines: true, transform: transform)
        writeTable(fields, as: form, into: &result)
        return result
    }

    private static func entries(
        _ bytes: UnsafeRawBufferPointer,
        _ form: FieldDeadlineForm
    ) -> Result<[Entry], RDBError> {
        var reader = TableReader(bytes)
        // What is added to a stored deadline that is not 0.
        var base: Int64 = 0
        if case .relativeTable = form {
            guard let earliest = reader.number() else { return .failure(reader.failure) }
            guard earliest >= 0 else { return .failure(.malformed(.number, offset: reader.offset)) }
            base = earliest - 1
        }
        guard let count = reader.length() else { return .failure(reader.failure) }
        var entries: [Entry] = []
        // Each entry takes three bytes at least, so a count cannot take memory that its bytes do not justify.
        entries.reserveCapacity(Int(min(count, UInt64(bytes.count / 3))))
        for _ in 0..<count {
            var entry = Entry(deadline: nil, strings: 0..<0)
            if case .valkeyTable = form {
                guard let strings = reader.stringPair(), let deadline = reader.number()
                else { return .failure(reader.failure) }
                entry = Entry(deadline: deadline < 0 ? nil : deadline, strings: strings)
            } else {
                guard let stored = reader.length(), let strings = reader.stringPair()
                else { return .failure(reader.failure) }
                entry.strings = strings
                if stored > 0 {
                    guard let deadline = Int64(exactly: stored)?.addingReportingOverflow(base),
                        !deadline.overflow
                    else { return .failure(.malformed(.number, offset: reader.offset)) }
                    entry.deadline = deadline.partialValue
                }
            }
            entries.append(entry)
        }
        guard reader.isAtEnd else { return .failure(.malformed(.trailingBytes, offset: reader.offset)) }
        return .success(entries)
    }
}

/// Reads the parts of a table body; nil where they are cut off or malformed.
private struct TableReader {
    private let start: UnsafeRawPointer?
    private var next: Int = 0
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        start = bytes.baseAddress
    }

    var offset: UInt64 { UInt64(next) }
    var isAtEnd: Bool { next == bytes.count }
    /// What to say after a nil.
    var failure: RDBError { .truncated(offset: offset) }

    mutating func number() -> Int64? {
        guard bytes.count - next >= 8 else { return nil }
        defer { next += 8 }
        return Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: next, as: Int64.self))
    }

    mutating func length() -> UInt64? {
        guard let start else { return nil }
        var lexer = RDBLexer()
        var position = start + next
        guard let token = lexer.length(&position, start + bytes.count), token.isLength else { return nil }
        next = position - start
        return token.value
    }

    mutating func stringPair() -> Range<Int>? {
        let first = next
        for _ in 0..<2 {
            guard let string = RDBString.parse(UnsafeRawBufferPointer(rebasing: bytes[next...])) else { return nil }
            next += string.byteCount
        }
        return first..<next
    }
}
