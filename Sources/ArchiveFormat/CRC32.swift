import NIOCore

/// CRC-32 as zlib computes it, by the library that is used for zlib streams.
enum CRC32 {
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        ZlibLibrary.standard.checksum(bytes)
    }

    static func checksum(_ bytes: ByteBuffer) -> UInt32 {
        bytes.withUnsafeReadableBytes { checksum($0) }
    }

    /// Of `byteCount` bytes from `offset` of the buffer's readable bytes, which must be there.
    static func checksum(_ bytes: ByteBuffer, from offset: Int, byteCount: Int) -> UInt32 {
        bytes.withUnsafeReadableBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + byteCount])) }
    }
}
