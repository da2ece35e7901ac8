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
    /// spaces and end it at a line feed, and take every other byte but NUL (tried on 1.6.18 and 1.6.45). Such a reply must
    /// not be asked for the key. Keys that none of this can name were stored over the binary protocol.
    package static func naming(_ key: ByteBuffer, prefersBase64: Bool = false) -> Self? {
        let byteCount = key.readableBytes
        guard byteCount > 0, byteCount <= maximumKeyByteCount else { return nil }
        guard prefersBase64 || needed(by: key) == .base64 else { return .text }
        if Base64Key.encodedByteCount(byteCount) <= maximumKeyByteCount { return .base64 }
        let separates = key.withUnsafeReadableBytes { $0.contains { $0 == 0 || $0 == 0x0A || $0 == 0x20 } }
        return separates ? nil : .text
    }
}
