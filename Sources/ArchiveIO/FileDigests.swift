import Crypto
import NIOCore

/// SHA-256 over a file as it goes by, and over all of it but the trailer.
struct FileDigests: Sendable {
    private var hasher = SHA256()

    mutating func update(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { hasher.update(bufferPointer: $0) }
    }

    /// The digest of everything so far, 32 bytes.
    func file() -> [UInt8] {
        Array(hasher.finalize())
    }
}
