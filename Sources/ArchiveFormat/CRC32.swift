import NIOCore

#if Libdeflate
import CDeflate
#else
import CZlib
#endif

/// CRC-32 as zlib computes it (reflected, polynomial 0xEDB88320, initial value and final xor all ones).
enum CRC32 {
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let base = bytes.baseAddress else { return 0 }
        #if Libdeflate
        return libdeflate_crc32(0, base, bytes.count)
        #else
        return UInt32(truncatingIfNeeded: crc32_z(0, base.assumingMemoryBound(to: UInt8.self), bytes.count))
        #endif
    }

    static func checksum(_ bytes: ByteBuffer) -> UInt32 {
        bytes.withUnsafeReadableBytes { checksum($0) }
    }

    /// Of `byteCount` bytes from `offset` of the buffer's readable bytes, which must be there.
    static func checksum(_ bytes: ByteBuffer, from offset: Int, byteCount: Int) -> UInt32 {
        bytes.withUnsafeReadableBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + byteCount])) }
    }
}
