/// The libraries that make and read zlib streams (RFC 1950): what one makes, the other reads.
package enum ZlibLibrary: Hashable, Sendable, CaseIterable {
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
}
