package import NIOCore

/// One reply to a meta command, or to any other that answers in one line.
package enum MetaReply: Hashable, Sendable {
    /// `VA`: a whole value.
    case value(MetaFlags, ByteBuffer)
    /// `VA` of a value above the parser's limit; pieces of `byteCount` bytes together follow.
    case largeValue(MetaFlags, byteCount: Int)
    /// The next bytes of a large value; the last piece may be empty.
    case piece(ByteBuffer, isLast: Bool)
    /// `HD`: done.
    case done(MetaFlags)
    /// `EN`: no such item.
    case miss
    /// `NF`: no such item to change.
    case notFound(MetaFlags)
    /// `NS`: not stored, for instance because it exists and the mode was add.
    case notStored(MetaFlags)
    /// `EX`: the CAS value is another.
    case exists(MetaFlags)
    /// `MN`: all commands before have been carried out.
    case noop
    /// `ERROR`, `CLIENT_ERROR …` or `SERVER_ERROR …`, as the server writes it.
    case error(MetaError)
}

/// An error reply.
///
/// The text of a server never repeats a key or a value.
package struct MetaError: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The command is unknown.
        case unknownCommand
        /// What was sent is wrong.
        case client
        /// The server could not do it.
        case server
    }

    package var kind: Kind
    /// The whole line.
    package var text: String

    package init(kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }

    /// `SERVER_ERROR out of memory storing object` and those like it.
    package var isOutOfMemory: Bool { text.hasPrefix("SERVER_ERROR out of memory") }
    /// `SERVER_ERROR object too large for cache`.
    package var isTooLarge: Bool { text.hasPrefix("SERVER_ERROR object too large") }
    /// `CLIENT_ERROR unauthenticated`.
    package var isUnauthenticated: Bool { text.hasPrefix("CLIENT_ERROR unauthenticated") }

    /// The error that a line is; nil if it is none.
    package init?(line: String) {
        if line.hasPrefix("CLIENT_ERROR") {
            self.init(kind: .client, text: line)
        } else if line.hasPrefix("SERVER_ERROR") {
            self.init(kind: .server, text: line)
        } else if line.hasPrefix("ERROR") {
            self.init(kind: .unknownCommand, text: line)
        } else {
            return nil
        }
    }
}
