import ByteCoding
import Memcached

/// An entry where it lies in a chunk: packed, so that many keys take little.
///
///     key length, slab class: one byte each
///     size in the slab (saturated), expiry, last access: 4, 8 and 8 bytes, little-endian
///     the key
struct PackedEntry {
    /// The expiry of an item that has none.
    static let never = Int64.max
    /// Where the key begins.
    static let keyOffset = 22
    /// The most bytes of an entry.
    static let byteLimit = keyOffset + KeyForm.maximumKeyByteCount

    var key: UnsafeRawBufferPointer
    /// 0 for none.
    var slabClass: UInt8
    var storedByteCount: UInt32
    var expiry: Int64
    var lastAccess: Int64

    /// What a line of the walk tells, with the key that was decoded to its place.
    @inline(__always)
    init(_ listed: OrdinaryListing, key: UnsafeRawBufferPointer) {
        self.key = key
        slabClass = UInt8(exactly: listed.slabClass) ?? 0
        storedByteCount = UInt32(clamping: listed.storedByteCount)
        expiry = listed.expiry == -1 ? Self.never : listed.expiry
        lastAccess = listed.lastAccess
    }

    init(key: UnsafeRawBufferPointer, slabClass: UInt8, storedByteCount: UInt32, expiry: Int64, lastAccess: Int64) {
        self.key = key
        self.slabClass = slabClass
        self.storedByteCount = storedByteCount
        self.expiry = expiry
        self.lastAccess = lastAccess
    }

    /// The first entry of a chunk; nil if there is none.
    @inline(__always)
    init?(_ chunk: UnsafeRawBufferPointer) {
        guard chunk.count >= Self.keyOffset, let base = chunk.baseAddress else { return nil }
        let keyByteCount = Int(base.load(as: UInt8.self))
        guard chunk.count >= Self.keyOffset + keyByteCount else { return nil }
        slabClass = base.load(fromByteOffset: 1, as: UInt8.self)
        storedByteCount = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
        expiry = Int64(littleEndian: base.loadUnaligned(fromByteOffset: 6, as: Int64.self))
        lastAccess = Int64(littleEndian: base.loadUnaligned(fromByteOffset: 14, as: Int64.self))
        key = UnsafeRawBufferPointer(start: base + Self.keyOffset, count: keyByteCount)
    }

    var byteCount: Int { Self.keyOffset + key.count }

    /// Where the key of an entry at `target` belongs; writing it there is the caller's.
    @inline(__always)
    static func keyPlace(in target: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer { target + keyOffset }

    /// Writes all but the key; returns the bytes of the entry.
    @inline(__always)
    func writeFields(to target: UnsafeMutableRawPointer) -> Int {
        var writer = RoomyWriter(target)
        writer.writeByte(UInt8(key.count))
        writer.writeByte(slabClass)
        writer.writeLittleEndian(storedByteCount)
        writer.writeLittleEndian(expiry)
        writer.writeLittleEndian(lastAccess)
        return byteCount
    }
}
