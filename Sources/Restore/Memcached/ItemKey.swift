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

    /// The form of a key in commands; `wasBase64` as ``KeyForm/naming(_:wasBase64:)`` takes it.
    static func form(of key: ByteBuffer, wasBase64: Bool? = nil) throws(Obstacle) -> KeyForm {
        guard key.readableBytes > 0 else { throw .empty }
        guard let form = KeyForm.naming(key, wasBase64: wasBase64) else { throw .tooLong }
        return form
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
