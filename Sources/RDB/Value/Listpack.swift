import NIOCore

/// Reads the elements of a listpack: Redis' compact list since 5.0 (redis:src/listpack.c).
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 4 | total bytes, little-endian |
/// | 4 | 2 | elements, little-endian; 65535 if there are more |
/// | 6 | … | elements: encoding and data, then their length backwards |
/// | last | 1 | 0xFF |
///
/// Integers come out as decimal text, as the server answers them.
struct Listpack: PackedList {
    private var bytes: ByteBuffer

    var rest: ByteBuffer { bytes }

    /// `bytes` is the whole blob; its end mark is found while reading.
    init(_ bytes: ByteBuffer) throws(RDBError) {
        self.bytes = bytes
        guard bytes.readableBytes >= 7 else { throw .malformed(.listpack, offset: 0) }
        self.bytes.moveReaderIndex(forwardBy: 6)
    }

    init(rest: ByteBuffer) {
        bytes = rest
    }

    /// The next element, or nil at the end mark.
    mutating func next() throws(RDBError) -> ByteBuffer? {
        let start = bytes.readerIndex
        guard let first: UInt8 = bytes.readInteger() else { throw damaged }
        if first == 0xFF { return nil }
        let element = try element(first)
        let entryLength = bytes.readerIndex - start
        guard bytes.readableBytes >= Self.backLength(entryLength) else { throw damaged }
        bytes.moveReaderIndex(forwardBy: Self.backLength(entryLength))
        return element
    }

    /// The next element as an integer, as stream listpacks hold them.
    mutating func nextInteger() throws(RDBError) -> Int64 {
        guard let element = try next(), let number = Int64(String(buffer: element)) else { throw damaged }
        return number
    }

    /// The next element as a number of things that take at least a byte each, so that no claim exceeds what is there.
    mutating func nextCount() throws(RDBError) -> Int {
        let number = try nextInteger()
        guard number >= 0, number <= bytes.readableBytes else { throw damaged }
        return Int(number)
    }

    private mutating func element(_ first: UInt8) throws(RDBError) -> ByteBuffer {
        switch first {
        case 0x00...0x7F: return .decimal(Int64(first))
        case 0x80...0xBF: return try text(Int(first & 0x3F))
        case 0xC0...0xDF:
            let number = Int64(first & 0x1F) << 8 | Int64(try integer(UInt8.self))
            return .decimal(number >= 1 << 12 ? number - 1 << 13 : number)
        case 0xE0...0xEF: return try text(Int(first & 0x0F) << 8 | Int(try integer(UInt8.self)))
        case 0xF0: return try text(Int(try integer(UInt32.self)))
        case 0xF1: return .decimal(Int64(try integer(Int16.self)))
        case 0xF2:
            let low = Int64(try integer(UInt16.self))
            return .decimal(Int64(try integer(Int8.self)) << 16 | low)
        case 0xF3: return .decimal(Int64(try integer(Int32.self)))
        case 0xF4: return .decimal(try integer(Int64.self))
        default: throw damaged
        }
    }

    private mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type) throws(RDBError) -> Integer {
        guard let number = bytes.readInteger(endianness: .little, as: Integer.self) else { throw damaged }
        return number
    }

    private mutating func text(_ byteCount: Int) throws(RDBError) -> ByteBuffer {
        guard let text = bytes.readSlice(length: byteCount) else { throw damaged }
        return text
    }

    /// Bytes of the backward length behind an entry; the bounds are those of `lpEncodeBacklen` to the letter.
    private static func backLength(_ entryLength: Int) -> Int {
        switch entryLength {
        case ...127: 1
        case ..<16_383: 2
        case ..<2_097_151: 3
        case ..<268_435_455: 4
        default: 5
        }
    }

    private var damaged: RDBError { .malformed(.listpack, offset: UInt64(bytes.readerIndex)) }
}

extension ByteBuffer {
    static func decimal(_ number: Int64) -> ByteBuffer { ByteBuffer(string: String(number)) }
}
