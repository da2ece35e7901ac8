package import NIOCore

/// One item as `lru_crawler metadump` lists it: everything but its value.
///
/// Times are seconds since 1970 on the server's own clock, which `stats` tells as `time`.
package struct MetadumpEntry: Hashable, Sendable {
    /// The key's bytes, decoded.
    package var key: ByteBuffer
    /// nil for an item without expiry (`exp=-1`).
    package var expiry: Int64?
    package var lastAccess: Int64
    package var cas: UInt64
    /// Whether a client has ever fetched the item.
    package var isFetched: Bool
    package var slabClass: UInt32
    /// Bytes that the item takes in its slab: header, key and value.
    package var storedByteCount: UInt64
    /// nil where the server does not tell (before 1.6.24).
    package var clientFlags: UInt64?
    /// Whether the value lies in external storage.
    package var isExternal: Bool

    package init(
        key: ByteBuffer,
        expiry: Int64? = nil,
        lastAccess: Int64 = 0,
        cas: UInt64 = 0,
        isFetched: Bool = false,
        slabClass: UInt32 = 0,
        storedByteCount: UInt64 = 0,
        clientFlags: UInt64? = nil,
        isExternal: Bool = false
    ) {
        self.key = key
        self.expiry = expiry
        self.lastAccess = lastAccess
        self.cas = cas
        self.isFetched = isFetched
        self.slabClass = slabClass
        self.storedByteCount = storedByteCount
        self.clientFlags = clientFlags
        self.isExternal = isExternal
    }
}
