import Memcached
import NIOCore

/// How keys get to Memcached.
enum ItemKey {
    /// Why a key has no way there.
    enum Obstacle: Error {
        case empty
        case tooLong

        var reason: RestoreReason {
            switch self {
            case .empty: .emptyKey
            case .tooLong: .keyTooLong
            }
        }
    }

    /// The form of a key in commands.
    ///
    /// A key is limited to 250 bytes as it stands in the command, in Base64 thus to 186. One that is longer and has
    /// control characters still goes as it is, as long as none of them ends a word or a line (tried on 1.6.18 and 1.6.45).
    static func form(of key: ByteBuffer, prefersBase64: Bool = false) throws(Obstacle) -> KeyForm {
        let byteCount = key.readableBytes
        guard byteCount > 0 else { throw .empty }
        guard byteCount <= KeyForm.maximumKeyByteCount else { throw .tooLong }
        guard prefersBase64 || KeyForm.needed(by: key) == .base64 else { return .text }
        if Base64Key.encodedByteCount(byteCount) <= KeyForm.maximumKeyByteCount { return .base64 }
        let separates = key.withUnsafeReadableBytes { $0.contains { $0 == 0 || $0 == 0x0A || $0 == 0x20 } }
        guard !separates else { throw .tooLong }
        return .text
    }
}

extension RestoreReason {
    /// A key of no bytes, which Memcached cannot hold.
    package static let emptyKey = Self("emptyKey")
    /// A key of more bytes than Memcached takes.
    package static let keyTooLong = Self("keyTooLong")
    /// Client flags of more than 32 bits, of a server that was built for them.
    package static let clientFlags = Self("clientFlags")
    /// A key of a database that has no counterpart in Memcached: keys of several would meet there.
    package static let otherDatabase = Self("otherDatabase")
}
