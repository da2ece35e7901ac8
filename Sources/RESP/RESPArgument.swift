package import NIOCore

/// One argument of a command.
package enum RESPArgument: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    case bytes(ByteBuffer)
    case number(Int64)

    package init(stringLiteral value: String) {
        self = .text(value)
    }

    package init(integerLiteral value: Int64) {
        self = .number(value)
    }

    /// The text, for a command's name; nil for bytes.
    package var text: String? {
        switch self {
        case .text(let text): text
        case .number(let value): String(value)
        case .bytes: nil
        }
    }
}
