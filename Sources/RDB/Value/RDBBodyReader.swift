import ByteCoding
import NIOCore

/// Reads the primitives of an RDB body that lies whole in memory: lengths, strings, fixed integers.
struct RDBBodyReader {
    private(set) var bytes: ByteBuffer

    /// No string that unpacks to more is taken.
    private let largestStringByteCount: Int

    /// `largestStringByteCount` is by default the server's own limit (`proto-max-bulk-len`, 512 MiB).
    init(_ bytes: ByteBuffer, largestStringByteCount: Int = 512 << 20) {
        self.bytes = bytes
        self.largestStringByteCount = largestStringByteCount
    }

    var isAtEnd: Bool { bytes.readableBytes == 0 }

    /// A length (redis:src/rdb.c `rdbLoadLenByRef`): 6, 14, 32 or 64 bits, the last three big-endian.
    mutating func length() throws(RDBError) -> UInt64 {
        let first = try integer(UInt8.self, .big)
        switch first {
        case 0x00...0x3F: return UInt64(first)
        case 0x40...0x7F: return UInt64(first & 0x3F) << 8 | UInt64(try integer(UInt8.self, .big))
        case 0x80: return UInt64(try integer(UInt32.self, .big))
        case 0x81: return try integer(UInt64.self, .big)
        default: throw damaged(.lengthEncoding)
        }
    }

    /// A length that counts elements of at least one byte each, so that no count can exceed what is there.
    mutating func count() throws(RDBError) -> Int {
        let length = try length()
        guard length <= UInt64(bytes.readableBytes) else { throw damaged(.elementCount) }
        return Int(length)
    }

    /// Whether what follows begins with a length, not with an integer or a compressed string.
    var startsWithPlainString: Bool {
        guard let first: UInt8 = bytes.getInteger(at: bytes.readerIndex) else { return true }
        return first < 0xC0
    }

    /// A string: plain, an integer (which becomes decimal text), or LZF-compressed.
    mutating func string() throws(RDBError) -> ByteBuffer {
        guard let first: UInt8 = bytes.getInteger(at: bytes.readerIndex) else { throw truncated }
        switch first {
        case 0xC0:
            bytes.moveReaderIndex(forwardBy: 1)
            return .decimal(Int64(try integer(Int8.self)))
        case 0xC1:
            bytes.moveReaderIndex(forwardBy: 1)
            return .decimal(Int64(try integer(Int16.self)))
        case 0xC2:
            bytes.moveReaderIndex(forwardBy: 1)
            return .decimal(Int64(try integer(Int32.self)))
        case 0xC3:
            bytes.moveReaderIndex(forwardBy: 1)
            return try compressedString()
        default:
            return try raw(Int(clamping: length()))
        }
    }

    /// `byteCount` bytes as they stand.
    mutating func raw(_ byteCount: Int) throws(RDBError) -> ByteBuffer {
        guard let slice = bytes.readSlice(length: byteCount) else { throw truncated }
        return slice
    }

    mutating func integer<Integer: FixedWidthInteger>(
        _: Integer.Type,
        _ endianness: Endianness = .little
    ) throws(RDBError) -> Integer {
        guard let number = bytes.readInteger(endianness: endianness, as: Integer.self) else {
            throw truncated
        }
        return number
    }

    /// A score of type 3: one byte of length and text, or 253 not a number, 254 and 255 the infinities.
    mutating func textScore() throws(RDBError) -> Double {
        switch try integer(UInt8.self) {
        case 253: return .nan
        case 254: return .infinity
        case 255: return -.infinity
        case let byteCount: return try Self.score(raw(Int(byteCount)))
        }
    }

    /// A score as the server writes it: decimal text, `inf`, `-inf`.
    static func score(_ text: ByteBuffer) throws(RDBError) -> Double {
        guard let score = Double(String(buffer: text)) else {
            throw .malformed(.number, offset: UInt64(text.readerIndex))
        }
        return score
    }

    func damaged(_ fault: RDBFault) -> RDBError {
        .malformed(fault, offset: UInt64(bytes.readerIndex))
    }

    private var truncated: RDBError { .truncated(offset: UInt64(bytes.readerIndex)) }

    private mutating func compressedString() throws(RDBError) -> ByteBuffer {
        let compressedByteCount = Int(clamping: try length())
        let plainByteCount = try length()
        let compressed = try raw(compressedByteCount)
        // LZF makes at most 264 bytes of 3, so a longer claim is a lie and takes no memory.
        guard plainByteCount <= UInt64(compressedByteCount) * 88 + 264 else { throw damaged(.compressedString) }
        guard plainByteCount <= largestStringByteCount else {
            throw .tooLarge(what: .element, limit: largestStringByteCount, offset: UInt64(bytes.readerIndex))
        }
        var plain = ByteBufferAllocator().buffer(capacity: Int(plainByteCount))
        let isWhole = compressed.withUnsafeReadableBytes { input in
            plain.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(plainByteCount)) { output in
                let target = UnsafeMutableRawBufferPointer(rebasing: output.prefix(Int(plainByteCount)))
                return LZF.decompress(input, into: target) ? Int(plainByteCount) : 0
            } == Int(plainByteCount)
        }
        guard isWhole else { throw damaged(.compressedString) }
        return plain
    }
}
