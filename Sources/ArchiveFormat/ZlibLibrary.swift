import CZlib

#if Libdeflate
import CDeflate
#endif

/// The libraries that make and read zlib streams (RFC 1950): what one makes, the other reads.
package enum ZlibLibrary: Hashable, Sendable, CaseIterable {
    // zlib is there in every build, so that tests of the usual one are tests of a build without libdeflate, too.
    case zlib
    #if Libdeflate
    /// Works on whole blocks only, and is faster for that: see the article "Performance".
    case libdeflate
    #endif

    /// What is used unless a test asks for the other.
    package static var standard: Self {
        #if Libdeflate
        .libdeflate
        #else
        .zlib
        #endif
    }

    /// The CRC-32 of zlib (reflected, polynomial 0xEDB88320, initial value and final xor all ones).
    package func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let base = bytes.baseAddress else { return 0 }
        switch self {
        case .zlib:
            return UInt32(truncatingIfNeeded: crc32_z(0, base.assumingMemoryBound(to: UInt8.self), bytes.count))
        #if Libdeflate
        case .libdeflate: return libdeflate_crc32(0, base, bytes.count)
        #endif
        }
    }
}
