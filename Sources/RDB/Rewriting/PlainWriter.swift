import NIOCore
import SnapshotModel

/// Writes collections in their plain form: a count, then the elements as RDB strings.
enum PlainWriter {
    /// Appends the plain form of a body.
    static func write(
        _ body: ByteBuffer,
        type: UInt8,
        as form: PayloadForm,
        into output: inout ByteBuffer
    ) throws(RDBError) {
        switch type {
        case 16, 17, 20: try writeListpack(RDBBodyReader.wholeString(body), as: form, into: &output)
        case 18: try writeQuicklist(body, into: &output)
        default: try writeDecoded(body, type: type, as: form, into: &output)
        }
    }

    /// Of a hash, a sorted set or a set in one listpack.
    private static func writeListpack(
        _ listpack: ByteBuffer,
        as form: PayloadForm,
        into output: inout ByteBuffer
    ) throws(RDBError) {
        let isPaired = form != .plainSet
        let isWhole = listpack.withUnsafeReadableBytes { bytes in
            guard let count = entryCount(bytes), var reader = ListpackReader(bytes),
                !isPaired || count.isMultiple(of: 2)
            else { return false }
            RDBLength.write(UInt64(isPaired ? count / 2 : count), into: &output)
            while let entry = reader.next() {
                write(entry, into: &output)
                guard isPaired else { continue }
                guard let second = reader.next() else { return false }
                switch form {
                case .plainSortedSet, .plainSortedSetOfText:
                    guard let score = score(second) else { return false }
                    write(score: score, as: form, into: &output)
                default: write(second, into: &output)
                }
            }
            return reader.isIntact
        }
        guard isWhole else { throw .malformed(.listpack, offset: 0) }
    }

    /// Of a list: nodes that are one large element (1) or a listpack (2).
    ///
    /// The count of elements comes first and is known last, so there are two rounds.
    private static func writeQuicklist(_ body: ByteBuffer, into output: inout ByteBuffer) throws(RDBError) {
        var count = 0
        try forEachNode(body) { container, content in
            if container == 1 {
                count += 1
                return true
            }
            guard let entries = content.withUnsafeReadableBytes({ entryCount($0) }) else { return false }
            count += entries
            return true
        }
        RDBLength.write(UInt64(count), into: &output)
        try forEachNode(body) { container, content in
            content.withUnsafeReadableBytes { bytes in
                if container == 1 {
                    RDBString.writePlain(bytes, into: &output)
                    return true
                }
                guard var reader = ListpackReader(bytes) else { return false }
                while let entry = reader.next() { write(entry, into: &output) }
                return reader.isIntact
            }
        }
    }

    private static func forEachNode(
        _ body: ByteBuffer,
        _ take: (UInt64, ByteBuffer) -> Bool
    ) throws(RDBError) {
        var reader = RDBBodyReader(body.slice())
        for _ in 0..<(try reader.count()) {
            let container = try reader.length()
            guard container == 1 || container == 2 else { throw reader.damaged(.alternative) }
            guard take(container, try reader.string()) else { throw reader.damaged(.listpack) }
        }
        guard reader.isAtEnd else { throw reader.damaged(.trailingBytes) }
    }

    /// Of everything older, which only goes this way to servers that are older still.
    private static func writeDecoded(
        _ body: ByteBuffer,
        type: UInt8,
        as form: PayloadForm,
        into output: inout ByteBuffer
    ) throws(RDBError) {
        func write(_ text: ByteBuffer) { text.withUnsafeReadableBytes { RDBString.writePlain($0, into: &output) } }
        switch try RDBValueDecoder.decodeCommon(body, type: type) {
        case .list(let items), .set(let items):
            RDBLength.write(UInt64(items.count), into: &output)
            for item in items { write(item) }
        case .hash(let fields):
            RDBLength.write(UInt64(fields.count), into: &output)
            for field in fields {
                write(field.field)
                write(field.value)
            }
        case .sortedSet(let members):
            RDBLength.write(UInt64(members.count), into: &output)
            for member in members {
                write(member.member)
                self.write(score: member.score, as: form, into: &output)
            }
        case .string, .stream, .opaque: throw .malformed(.alternative, offset: 0)
        }
    }

    // MARK: Elements

    /// Appends an entry as an RDB string: a number in the shortest of the three integer forms, or as text.
    static func write(_ entry: ListpackEntry, into output: inout ByteBuffer) {
        switch entry {
        case .string(let bytes): RDBString.writePlain(bytes, into: &output)
        case .integer(let value):
            if let value = Int8(exactly: value) {
                output.writeMultipleIntegers(UInt8(0xC0), value)
            } else if let value = Int16(exactly: value) {
                output.writeInteger(UInt8(0xC1))
                output.writeInteger(value, endianness: .little)
            } else if let value = Int32(exactly: value) {
                output.writeInteger(UInt8(0xC2))
                output.writeInteger(value, endianness: .little)
            } else {
                RDBLength.write(UInt64(RDBString.decimalDigitCount(value)), into: &output)
                RDBString.writeDecimal(value, into: &output)
            }
        }
    }

    /// A double, or its text with a byte of length (253 not a number, 254 and 255 the infinities).
    private static func write(score: Double, as form: PayloadForm, into output: inout ByteBuffer) {
        guard form == .plainSortedSetOfText else {
            output.writeInteger(score.bitPattern, endianness: .little)
            return
        }
        switch score {
        case _ where score.isNaN: output.writeInteger(UInt8(253))
        case .infinity: output.writeInteger(UInt8(254))
        case -.infinity: output.writeInteger(UInt8(255))
        default:
            let text = "\(score)"
            output.writeInteger(UInt8(text.utf8.count))
            output.writeString(text)
        }
    }

    private static func score(_ entry: ListpackEntry) -> Double? {
        switch entry {
        case .string(let bytes): Double(String(decoding: bytes, as: UTF8.self))
        case .integer(let value): Double(value)
        }
    }

    /// How many entries a listpack has: its header tells up to 65534.
    private static func entryCount(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard var reader = ListpackReader(bytes) else { return nil }
        let told = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        if told < UInt16.max { return Int(told) }
        var count = 0
        while reader.next() != nil { count += 1 }
        return reader.isIntact ? count : nil
    }
}

extension RDBBodyReader {
    /// The string that a body is.
    static func wholeString(_ body: ByteBuffer) throws(RDBError) -> ByteBuffer {
        var reader = RDBBodyReader(body.slice())
        let string = try reader.string()
        guard reader.isAtEnd else { throw reader.damaged(.trailingBytes) }
        return string
    }
}

extension RDBValueDecoder {
    /// The value of a body of a type that both engines have in every version: 0 to 5 and the ziplists.
    static func decodeCommon(_ body: ByteBuffer, type: UInt8) throws(RDBError) -> RDBValue {
        try decode(body, type: type, format: .init(engine: .redis, rdbVersion: PayloadRoute.lastCommonVersion))
    }
}
