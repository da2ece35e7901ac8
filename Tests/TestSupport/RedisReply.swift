/// A reply in RESP2, as the oracle client reads it.
package enum RedisReply: Hashable, Sendable {
    case status(String)
    case error(String)
    case integer(Int64)
    case bulk([UInt8])
    case null
    case array([RedisReply])

    package var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    package var bytes: [UInt8]? {
        if case .bulk(let bytes) = self { bytes } else { nil }
    }

    package var array: [RedisReply]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The text of a status, an error or a bulk string (read as UTF-8).
    package var text: String? {
        switch self {
        case .status(let text), .error(let text): text
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer, .null, .array: nil
        }
    }
}

extension RedisReply: CustomStringConvertible {
    /// The reply in one line, binary bytes escaped: two replies read equal only if they are.
    package var description: String {
        switch self {
        case .status(let text): "+" + text
        case .error(let text): "-" + text
        case .integer(let value): String(value)
        case .bulk(let bytes): "\"" + bytes.map { Self.escaped($0) }.joined() + "\""
        case .null: "null"
        case .array(let elements): "[" + elements.map(\.description).joined(separator: ", ") + "]"
        }
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case 0x22: "\\\""
        case 0x5C: "\\\\"
        case 0x20...0x7E: String(UnicodeScalar(byte))
        default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}

/// One argument of a command: any bytes.
package struct RedisArgument: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral
{
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    package init(_ number: Int64) {
        self.init(String(number))
    }

    package init(stringLiteral text: String) {
        self.init(text)
    }

    package init(integerLiteral number: Int64) {
        self.init(number)
    }
}
