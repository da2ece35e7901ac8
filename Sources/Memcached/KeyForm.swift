package import NIOCore

/// How a key stands in a command.
package enum KeyForm: Hashable, Sendable {
    /// As it is.
    case text
    /// In Base64, with the flag `b`.
    case base64

    /// The longest key, in bytes (memcached.h, KEY_MAX_LENGTH); in a command its form counts.
    package static let maximumKeyByteCount = 250

    /// The form that the documents allow: a word of text has neither space nor control character.
    package static func needed(by key: ByteBuffer) -> Self {
        key.withUnsafeReadableBytes { isWord($0) } ? .text : .base64
    }

    /// Whether a key has neither space nor control character.
    package static func isWord(_ key: UnsafeRawBufferPointer) -> Bool {
        key.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// The form in which a server takes the key; nil for a key that no command of text can name.
    ///
    /// Base64 has room for 186 bytes. A longer key goes as it is, with its control characters: servers split a line at
    /// spaces and end it at a line feed, and take every other byte but NUL (tried on 1.6.18 and 1.6.45). Keys that none of
    /// this can name were stored over the binary protocol.
    ///
    /// `wasBase64` tells how an item was stored, which its readers are told: it is stored so again, if that can be. nil
    /// where nobody knows.
    package static func naming(_ key: ByteBuffer, wasBase64: Bool? = nil) -> Self? {
        let byteCount = key.readableBytes
        guard byteCount > 0, byteCount <= maximumKeyByteCount else { return nil }
        if wasBase64 != true, needed(by: key) == .text || wasBase64 == false && !isSeparated(key) { return .text }
        if Base64Key.encodedByteCount(byteCount) <= maximumKeyByteCount { return .base64 }
        return isSeparated(key) ? nil : .text
    }

    /// Whether a key has a byte that ends a word or a line: then it cannot stand in a command or a reply as it is.
    package static func isSeparated(_ key: ByteBuffer) -> Bool {
        key.withUnsafeReadableBytes { $0.contains { $0 == 0 || $0 == 0x0A || $0 == 0x20 } }
    }
}
