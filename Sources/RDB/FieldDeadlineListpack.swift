import ByteCoding
import NIOCore

/// A hash body that is a listpack of field, value and deadline, with or without the earliest deadline in front: Redis 25
/// and 23.
///
/// The server keeps the entries in the order of their deadlines, those without one last (redis/redis `src/t_hash.c`,
/// `listpackExAddInternal`), and relies on it when it expires fields; so rewriting sorts them again.
struct FieldDeadlineListpack {
    private let headerByteCount: Int
    /// The plain listpack.
    private let listpack: ByteBuffer
    /// Of each field, in the order of the listpack; 0 for none.
    private let stored: [Int64]

    /// Every deadline there is.
    var deadlines: [Int64] { stored.filter { $0 > 0 } }
    /// The latest, if every field has one.
    var latestOfAll: Int64? { stored.allSatisfy { $0 > 0 } ? stored.max() : nil }

    init(_ body: ByteBuffer, headerByteCount: Int) throws(RDBError) {
        self.headerByteCount = headerByteCount
        var rest = body
        guard rest.readSlice(length: headerByteCount) != nil else { throw .truncated(offset: 0) }
        var listpack = ByteBuffer()
        guard RDBString.write(rest, into: &listpack) else {
            throw .malformed(.listpack, offset: UInt64(headerByteCount))
        }
        self.listpack = listpack
        let stored = listpack.withUnsafeReadableBytes { Self.fields($0)?.map(\.deadline) }
        guard let stored else { throw .malformed(.listpack, offset: UInt64(headerByteCount)) }
        self.stored = stored
    }

    /// The body with each deadline put through `transform`; nil takes it away.
    func rewritten(_ transform: (Int64) -> Int64?) throws(RDBError) -> ByteBuffer {
        let rewritten = stored.map { $0 > 0 ? transform($0) : nil }
        let order = rewritten.indices.sorted { left, right in
            let (first, second) = (rewritten[left] ?? .max, rewritten[right] ?? .max)
            return first == second ? left < right : first < second
        }
        let plain: ByteBuffer? = listpack.withUnsafeReadableBytes { bytes in
            guard let fields = Self.fields(bytes) else { return nil }
            var writer = ListpackWriter(capacity: bytes.count + 9 * fields.count)
            for index in order {
                writer.append(fields[index].name)
                writer.append(fields[index].value)
                writer.append(.integer(rewritten[index] ?? 0))
            }
            return writer.finish()
        }
        guard let plain else { throw .malformed(.listpack, offset: UInt64(headerByteCount)) }
        var result = ByteBuffer()
        result.reserveCapacity(plain.readableBytes + headerByteCount + RDBLength.maximumByteCount)
        if headerByteCount > 0 { result.writeLittleEndian(rewritten.compactMap { $0 }.min() ?? 0) }
        plain.withUnsafeReadableBytes { RDBString.writePlain($0, into: &result) }
        return result
    }

    /// Of each field, in the order of the listpack; nil for none.
    var deadlinesByField: [Int64?] { stored.map { $0 > 0 ? $0 : nil } }

    /// Appends the fields that are kept as a table of the form, or as a plain hash.
    func writeTable(
        _ fields: HashFields,
        as form: FieldDeadlineForm?,
        into output: inout ByteBuffer
    ) throws(RDBError) {
        let isWhole = listpack.withUnsafeReadableBytes { bytes in
            guard let entries = Self.fields(bytes) else { return false }
            form?.writeHead(fields, into: &output)
            RDBLength.write(UInt64(fields.kept.count), into: &output)
            for index in fields.kept {
                form?.writeBefore(fields.deadlines[index], earliest: fields.earliest, into: &output)
                PlainWriter.write(entries[index].name, into: &output)
                PlainWriter.write(entries[index].value, into: &output)
                form?.writeAfter(fields.deadlines[index], into: &output)
            }
            return true
        }
        guard isWhole else { throw .malformed(.listpack, offset: UInt64(headerByteCount)) }
    }

    private struct Field {
        var name: ListpackEntry
        var value: ListpackEntry
        var deadline: Int64
    }

    /// Nil if the listpack is damaged or is not made of threes.
    private static func fields(_ bytes: UnsafeRawBufferPointer) -> [Field]? {
        guard var reader = ListpackReader(bytes) else { return nil }
        var fields: [Field] = []
        while let name = reader.next() {
            guard let value = reader.next(), case .integer(let deadline)? = reader.next(), deadline >= 0
            else { return nil }
            fields.append(Field(name: name, value: value, deadline: deadline))
        }
        return reader.isIntact ? fields : nil
    }
}
