package import Memcached
package import NIOCore

/// What is kept of an item that the walk listed, until its value has been read: packed, so that many keys take little.
///
///     key length, slab class: one byte each
///     size in the slab (saturated), expiry, last access: 4, 8 and 8 bytes, little-endian
///     the key
package struct CrawlEntry: Hashable, Sendable {
    private static let never = Int64.max

    package var key: ByteBuffer
    /// nil for 0 and what is beyond a byte, which no server has.
    package var slabClass: UInt8?
    /// Bytes that the item takes in its slab; at most 4 GiB less one.
    package var storedByteCount: UInt32
    /// Unix seconds by the server's clock; nil for an item without expiry.
    package var expiry: Int64?
    package var lastAccess: Int64

    /// nil for a key longer than any that a server has.
    package init?(_ listed: MetadumpEntry) {
        guard listed.key.readableBytes <= KeyForm.maximumKeyByteCount else { return nil }
        key = listed.key
        slabClass = listed.slabClass == 0 ? nil : UInt8(exactly: listed.slabClass)
        storedByteCount = UInt32(clamping: listed.storedByteCount)
        expiry = listed.expiry
        lastAccess = listed.lastAccess
    }

    package func write(to chunk: inout ByteBuffer) {
        chunk.writeMultipleIntegers(
            UInt8(key.readableBytes),
            slabClass ?? 0,
            storedByteCount,
            expiry ?? Self.never,
            lastAccess,
            endianness: .little
        )
        chunk.writeImmutableBuffer(key)
    }

    /// Takes the next entry; nil at the end of the chunk.
    package init?(reading chunk: inout ByteBuffer) {
        guard
            let (byteCount, slabClass, stored, expiry, lastAccess) = chunk.readMultipleIntegers(
                endianness: .little,
                as: (UInt8, UInt8, UInt32, Int64, Int64).self
            ), let key = chunk.readSlice(length: Int(byteCount))
        else { return nil }
        self.key = key
        self.slabClass = slabClass == 0 ? nil : slabClass
        storedByteCount = stored
        self.expiry = expiry == Self.never ? nil : expiry
        self.lastAccess = lastAccess
    }
}
