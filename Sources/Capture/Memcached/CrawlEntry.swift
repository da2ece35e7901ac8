package import Memcached
package import NIOCore

/// What is kept of an item that the walk listed, until its value has been read; in chunks it is packed.
package struct CrawlEntry: Hashable, Sendable {
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
        chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: PackedEntry.byteLimit) { target in
            guard let base = target.baseAddress else { return 0 }
            return key.withUnsafeReadableBytes { key in
                let packed = PackedEntry(
                    key: key,
                    slabClass: slabClass ?? 0,
                    storedByteCount: storedByteCount,
                    expiry: expiry ?? PackedEntry.never,
                    lastAccess: lastAccess
                )
                if let bytes = key.baseAddress {
                    PackedEntry.keyPlace(in: base).copyMemory(from: bytes, byteCount: key.count)
                }
                return packed.writeFields(to: base)
            }
        }
    }

    /// Takes the next entry; nil at the end of the chunk.
    package init?(reading chunk: inout ByteBuffer) {
        let start = chunk.readerIndex
        let packed = chunk.withUnsafeReadableBytes { PackedEntry($0) }
        guard let packed, let key = chunk.getSlice(at: start + PackedEntry.keyOffset, length: packed.key.count)
        else { return nil }
        chunk.moveReaderIndex(forwardBy: packed.byteCount)
        self.key = key
        slabClass = packed.slabClass == 0 ? nil : packed.slabClass
        storedByteCount = packed.storedByteCount
        expiry = packed.expiry == PackedEntry.never ? nil : packed.expiry
        lastAccess = packed.lastAccess
    }
}
