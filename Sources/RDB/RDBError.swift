package import SnapshotModel

/// What is wrong with an RDB stream or a DUMP payload.
///
/// Offsets are bytes from the start of the stream (for a value read on its own: from the start of its body), counted to
/// where the reader stood when it noticed.
package enum RDBError: Error, Hashable, Sendable {
    /// The stream does not start with REDIS or VALKEY and a version; holds the first bytes (nine at most).
    case notRDB(found: [UInt8])
    /// A version that this program does not know.
    case unsupportedVersion(PayloadFormat, newest: Int)
    /// A value type that this engine and version do not define, or whose layout cannot be known.
    case unknownType(type: UInt8, format: PayloadFormat, offset: UInt64)
    /// An opcode that this engine and version do not define, or that cannot be taken into a snapshot.
    case unknownOpcode(opcode: UInt8, format: PayloadFormat, offset: UInt64)
    /// The input ended before the end of the stream, or in the middle of a value.
    case truncated(offset: UInt64)
    /// The CRC-64 at the end is not that of the bytes before it.
    case checksumMismatch(stored: UInt64, computed: UInt64, offset: UInt64)
    /// The bytes contradict the format.
    case malformed(RDBFault, offset: UInt64)
    /// A hash refers to a template that the stream did not define.
    case unknownHashTemplate(id: UInt64, offset: UInt64)
    /// Something that has to be held in memory is larger than is allowed.
    case tooLarge(what: RDBHeldItem, limit: Int, offset: UInt64)
    /// A DUMP payload too short to have a type, a version and a checksum.
    case payloadTooShort(byteCount: Int)
}

/// In which way bytes contradict the format.
package enum RDBFault: String, Hashable, Sendable {
    case lengthEncoding = "a length has an unknown encoding"
    case encodedLength = "a string encoding stands where a length belongs"
    case stringEncoding = "a string has an unknown encoding"
    case compressedString = "a compressed string does not decompress to its declared length"
    case alternative = "a marker has a value that the format does not define"
    case number = "a number is out of its range"
    case trailingBytes = "bytes follow the end of the value"
    case attributeWithoutKey = "an expiry or access time is not followed by a key"
    case listpack = "a listpack contradicts its own lengths"
    case emptyValue = "a value has no bytes"
    case elementCount = "a value claims more elements than it has bytes"
    case pairing = "a value of pairs has an odd element"
    case ziplist = "a ziplist contradicts its own lengths"
    case zipmap = "a zipmap contradicts its own lengths"
    case intset = "an intset contradicts its own lengths"
    case streamNode = "a stream node contradicts its own counts"
}

/// What the reader may have to hold in memory while it arrives.
package enum RDBHeldItem: String, Hashable, Sendable {
    case key = "a key"
    case auxiliaryField = "an auxiliary field"
    case keyMetadata = "the metadata of a key"
    case hashTemplates = "the hash templates"
    case element = "an element of a value"
    case streamGroups = "what is said of a stream's groups"
}

extension RDBError: CustomStringConvertible {
    /// One sentence for an operator; never contains keys or values.
    package var description: String {
        switch self {
        case .notRDB(let found):
            "not an RDB stream: at byte 0 it has \(Self.quoted(found)) instead of REDIS or VALKEY and a version"
        case .unsupportedVersion(let format, let newest):
            "\(format.engine.rawValue) RDB version \(format.rdbVersion) is not supported; the newest known is \(newest)"
        case .unknownType(let type, let format, let offset):
            "value type \(type)\(RDBValueTypes.knownName(type, format)) cannot be read in "
                + "\(Self.name(format)) at byte \(offset)"
        case .unknownOpcode(let opcode, let format, let offset):
            "opcode \(opcode)\(RDBOpcode.knownName(opcode, format)) cannot be read in "
                + "\(Self.name(format)) at byte \(offset)"
        case .truncated(let offset): "the RDB data ends too early, after \(offset) bytes"
        case .checksumMismatch(let stored, let computed, let offset):
            "the RDB checksum at byte \(offset) does not match: stored \(String(stored, radix: 16)), "
                + "computed \(String(computed, radix: 16)) over what stands before it"
        case .malformed(let fault, let offset): "malformed RDB data at byte \(offset): \(fault.rawValue)"
        case .unknownHashTemplate(let id, let offset):
            "a hash at byte \(offset) uses template \(id), which the stream does not define"
        case .tooLarge(let what, let limit, let offset):
            "\(what.rawValue) at byte \(offset) is larger than the limit of \(limit) bytes"
        case .payloadTooShort(let byteCount):
            "a DUMP payload of \(byteCount) bytes is too short for a type, a version and a checksum"
        }
    }

    private static func name(_ format: PayloadFormat) -> String {
        "\(format.engine.rawValue) RDB version \(format.rdbVersion)"
    }

    private static func quoted(_ bytes: [UInt8]) -> String {
        let text = bytes.map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "?" }.joined()
        return "'\(text)'"
    }
}
