package import NIOCore
package import SnapshotModel

/// Decodes a payload body into its elements.
///
/// The whole value stands in memory, so this is for `get`, for read-back checks and for comparisons, not for the data
/// path, which only skims. Adding a type: its row in `RDBValueTypes`, then a case here.
package enum RDBValueDecoder {
    /// The value of `body`, whose LZF strings may be unwrapped or not.
    ///
    /// - Throws: `RDBError.malformed` if the body does not fit its type, with offsets relative to the body.
    package static func decode(_ body: ByteBuffer, type: UInt8, format: PayloadFormat) throws(RDBError) -> RDBValue {
        var reader = RDBBodyReader(body.slice())
        let value = try value(&reader, type: type, format: format)
        if case .opaque = value { return value }
        guard reader.isAtEnd else { throw reader.damaged(.trailingBytes) }
        return value
    }

    private static func value(
        _ reader: inout RDBBodyReader,
        type: UInt8,
        format: PayloadFormat
    ) throws(RDBError) -> RDBValue {
        switch type {
        case 0: .string(try reader.string())
        case 1: .list(try strings(&reader))
        case 2: .set(try strings(&reader))
        case 3: .sortedSet(try members(&reader) { reader throws(RDBError) in try reader.textScore() })
        case 4: .hash(try fields(&reader))
        case 5: .sortedSet(try members(&reader) { reader throws(RDBError) in try reader.binaryScore() })
        case 9: .hash(try Zipmap.fields(of: reader.string()))
        case 10: .list(try Ziplist.elements(of: reader.string()))
        case 11: .set(try Intset.members(of: reader.string()))
        case 12: .sortedSet(try pairs(Ziplist.elements(of: reader.string())).scored())
        case 13: .hash(try pairs(Ziplist.elements(of: reader.string())).fields)
        case 14: .list(try nodes(&reader) { reader throws(RDBError) in try Ziplist.elements(of: reader.string()) })
        case 16: .hash(try pairs(Listpack.elements(of: reader.string())).fields)
        case 17: .sortedSet(try pairs(Listpack.elements(of: reader.string())).scored())
        case 18: .list(try nodes(&reader) { reader throws(RDBError) in try quicklistNode(&reader) })
        case 20: .set(try Listpack.elements(of: reader.string()))
        case 15: .stream(try StreamDecoder.decode(&reader, variant: .first))
        case 19: .stream(try StreamDecoder.decode(&reader, variant: .withEntryCounts))
        case 21: .stream(try StreamDecoder.decode(&reader, variant: .withActiveTimes))
        case 26 where format.engine == .redis: .stream(try StreamDecoder.decode(&reader, variant: .withProducers))
        case 27 where format.engine == .redis: .stream(try StreamDecoder.decode(&reader, variant: .withUnownedEntries))
        case 22 where format.engine == .redis: .hash(try expiringFields(&reader, earliest: 1))
        case 23 where format.engine == .redis: .hash(try expiringListpackFields(&reader))
        case 24 where format.engine == .redis:
            .hash(try expiringFields(&reader, earliest: try reader.integer(Int64.self)))
        case 25 where format.engine == .redis:
            .hash(try expiringListpackFields(&reader, earliest: try reader.integer(Int64.self)))
        case 22 where format.engine == .valkey: .hash(try valkeyFields(&reader))
        default: .opaque(encoding: "type \(type)")
        }
    }

    // MARK: Plain collections

    private static func strings(_ reader: inout RDBBodyReader) throws(RDBError) -> [ByteBuffer] {
        var strings: [ByteBuffer] = []
        for _ in 0..<(try reader.count()) { strings.append(try reader.string()) }
        return strings
    }

    private static func fields(_ reader: inout RDBBodyReader) throws(RDBError) -> [RDBValue.HashField] {
        var fields: [RDBValue.HashField] = []
        for _ in 0..<(try reader.count()) {
            fields.append(RDBValue.HashField(field: try reader.string(), value: try reader.string()))
        }
        return fields
    }

    private static func members(
        _ reader: inout RDBBodyReader,
        score: (inout RDBBodyReader) throws(RDBError) -> Double
    ) throws(RDBError) -> [RDBValue.ScoredMember] {
        var members: [RDBValue.ScoredMember] = []
        for _ in 0..<(try reader.count()) {
            members.append(RDBValue.ScoredMember(member: try reader.string(), score: try score(&reader)))
        }
        return members
    }

    private static func nodes(
        _ reader: inout RDBBodyReader,
        node: (inout RDBBodyReader) throws(RDBError) -> [ByteBuffer]
    ) throws(RDBError) -> [ByteBuffer] {
        var elements: [ByteBuffer] = []
        for _ in 0..<(try reader.count()) { elements += try node(&reader) }
        return elements
    }

    /// A quicklist node: container 1 is one large element, 2 a listpack (redis:src/quicklist.h).
    private static func quicklistNode(_ reader: inout RDBBodyReader) throws(RDBError) -> [ByteBuffer] {
        switch try reader.length() {
        case 1: [try reader.string()]
        case 2: try Listpack.elements(of: reader.string())
        default: throw reader.damaged(.alternative)
        }
    }

    // MARK: Hashes whose fields expire

    /// Redis type 24: the earliest deadline, then per field its deadline relative to that plus one, 0 for none
    /// (redis:src/rdb.c, `RDB_TYPE_HASH_METADATA`); type 22 of its release candidates has absolute ones, as if the
    /// earliest were 1.
    private static func expiringFields(
        _ reader: inout RDBBodyReader,
        earliest: Int64
    ) throws(RDBError) -> [RDBValue.HashField] {
        var fields: [RDBValue.HashField] = []
        for _ in 0..<(try reader.count()) {
            let relative = try reader.length()
            let deadline = UnixMilliseconds(earliest).advanced(byMilliseconds: Int64(clamping: relative) - 1)
            fields.append(
                RDBValue.HashField(
                    field: try reader.string(),
                    value: try reader.string(),
                    expiry: relative == 0 ? .never : .at(deadline)
                )
            )
        }
        return fields
    }

    /// Redis type 25: the earliest deadline, then a listpack of field, value, absolute deadline (0 for none); type 23 of
    /// its release candidates only has the listpack.
    private static func expiringListpackFields(
        _ reader: inout RDBBodyReader,
        earliest _: Int64 = 0
    ) throws(RDBError) -> [RDBValue.HashField] {
        let elements = try Listpack.elements(of: reader.string())
        guard elements.count.isMultiple(of: 3) else { throw reader.damaged(.pairing) }
        var fields: [RDBValue.HashField] = []
        for index in stride(from: 0, to: elements.count, by: 3) {
            guard let deadline = Int64(String(buffer: elements[index + 2])) else {
                throw reader.damaged(.number)
            }
            fields.append(
                RDBValue.HashField(
                    field: elements[index],
                    value: elements[index + 1],
                    expiry: deadline == 0 ? .never : .at(UnixMilliseconds(deadline))
                )
            )
        }
        return fields
    }

    /// Valkey type 22: per field its name, value and absolute deadline of 8 bytes, -1 for none
    /// (valkey:src/rdb.c, `RDB_TYPE_HASH_2`).
    private static func valkeyFields(_ reader: inout RDBBodyReader) throws(RDBError) -> [RDBValue.HashField] {
        var fields: [RDBValue.HashField] = []
        for _ in 0..<(try reader.count()) {
            let (name, value) = (try reader.string(), try reader.string())
            let deadline = try reader.integer(Int64.self)
            let expiry: Expiry = deadline == -1 ? .never : .at(UnixMilliseconds(deadline))
            fields.append(RDBValue.HashField(field: name, value: value, expiry: expiry))
        }
        return fields
    }

    private static func pairs(_ elements: [ByteBuffer]) throws(RDBError) -> ElementPairs {
        guard elements.count.isMultiple(of: 2) else {
            throw .malformed(.pairing, offset: 0)
        }
        return ElementPairs(elements: elements)
    }
}

/// The elements of a compact hash or sorted set, two by two.
private struct ElementPairs {
    let elements: [ByteBuffer]

    var fields: [RDBValue.HashField] {
        stride(from: 0, to: elements.count, by: 2).map {
            RDBValue.HashField(field: elements[$0], value: elements[$0 + 1])
        }
    }

    func scored() throws(RDBError) -> [RDBValue.ScoredMember] {
        var members: [RDBValue.ScoredMember] = []
        for index in stride(from: 0, to: elements.count, by: 2) {
            let score = try RDBBodyReader.score(elements[index + 1])
            members.append(RDBValue.ScoredMember(member: elements[index], score: score))
        }
        return members
    }
}

extension RDBBodyReader {
    /// A score of type 5: an IEEE double, little-endian.
    fileprivate mutating func binaryScore() throws(RDBError) -> Double {
        Double(bitPattern: try integer(UInt64.self))
    }
}
