import SnapshotModel

/// How much memory a Memcached server needs to hold every item of a snapshot without evicting any.
///
/// An item takes a chunk of its slab class: header, CAS, key, value, flags and a line end, rounded up to the class, each a
/// quarter larger than the one before; and every class takes whole pages. Source: memcached items.c, slabs.c.
struct ItemRoom: Hashable, Sendable {
    private static let headerByteCount: UInt64 = 48 + 8 + 4 + 2 + 1
    private static let pageByteCount: UInt64 = 1 << 20
    private static let classCount: UInt64 = 63
    /// Each class is so much larger than the one before.
    private static let classGrowth = 1.25

    /// What items may take together (`-m`): an upper bound, which a server does not take before it needs it.
    let byteCount: UInt64
    /// What one item may take (`-I`): whole MiB, as the server wants it, and at least its default of one.
    let largestItemByteCount: UInt64

    init(_ manifest: Manifest) {
        let statistics = manifest.statistics
        let largest = statistics.largestBodyByteCount + statistics.largestKeyByteCount + Self.headerByteCount
        // Items above half a page lie in several chunks, each with a header.
        largestItemByteCount = (largest + largest / 64) / Self.pageByteCount * Self.pageByteCount + Self.pageByteCount
        let items = Double(manifest.rawByteCount + manifest.keyCount * Self.headerByteCount)
        let pages = (Self.classCount + 1) * Self.pageByteCount
        // No item may be larger than half of the memory.
        let least = 2 * largestItemByteCount + Self.pageByteCount
        byteCount = max(UInt64(items * Self.classGrowth) + pages, least)
    }
}
