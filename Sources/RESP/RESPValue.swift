package import NIOCore

/// A whole reply.
///
/// Byte buffers are slices of what was received and keep its storage alive.
package indirect enum RESPValue: Hashable, Sendable {
    case simpleString(ByteBuffer)
    /// An error reply as a value, as it occurs in pipelines and inside `EXEC`.
    case error(RESPErrorReply)
    case integer(Int64)
    case string(ByteBuffer)
    case null
    case boolean(Bool)
    case double(Double)
    case bigNumber(ByteBuffer)
    case array([RESPValue])
    case set([RESPValue])
    /// Keys and values in turn, in the server's order.
    case map([RESPValue])
    /// Out of band; never a reply to a command.
    case push([RESPValue])
}

extension RESPValue {
    package var isNull: Bool { self == .null }

    /// Whether this is `+OK`.
    package var isOK: Bool {
        guard case .simpleString(let text) = self else { return false }
        return text.readableBytesView.elementsEqual([0x4F, 0x4B])
    }

    package var error: RESPErrorReply? {
        guard case .error(let error) = self else { return nil }
        return error
    }

    /// The bytes of a simple or bulk string.
    package var bytes: ByteBuffer? {
        switch self {
        case .simpleString(let bytes), .string(let bytes), .bigNumber(let bytes): bytes
        default: nil
        }
    }

    /// The text of a simple or bulk string; invalid UTF-8 is repaired, so use `bytes` for keys and values.
    package var text: String? { bytes.map { String(buffer: $0) } }

    /// An integer reply, or a string that is a decimal integer.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        default: text.flatMap { Int64($0) }
        }
    }

    /// The elements of an aggregate of any kind; a map's keys and values in turn.
    package var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements), .map(let elements), .push(let elements): elements
        default: nil
        }
    }
}

/// The text of an error reply, its prefix included, as the server sent it.
package struct RESPErrorReply: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The first word where it is written in capitals (`ERR`, `WRONGPASS`), else an empty string.
    package var prefix: Substring {
        let word = text.prefix { $0 != " " }
        return word.utf8.allSatisfy { (0x41...0x5A).contains($0) || $0 == 0x5F } ? word : ""
    }

    /// The server knows no command of that name, or it was renamed away.
    package var isUnknownCommand: Bool {
        text.lowercased().hasPrefix("err unknown command")
    }

    /// The text without the arguments that servers repeat (they may be keys, values or passwords).
    package var safeText: String {
        guard let range = text.firstRange(of: ", with args beginning with") else { return text }
        return String(text[..<range.lowerBound])
    }
}
