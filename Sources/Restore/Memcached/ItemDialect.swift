import Memcached
import SnapshotModel

/// In which words a Memcached target is told of items: fixed for a run, chosen by the plan.
package struct ItemDialect: Hashable, Sendable {
    /// What an item takes beside key and value: header, the end of the key, the end of the value; with CAS, and for client
    /// flags that are not 0.
    ///
    /// Measured on 1.6.18 and 1.6.45 by the largest value that they take (item_make_header, memcached:items.c).
    private static let headerByteCount = 51
    private static let casByteCount = 8
    private static let flagsByteCount = 4
    /// The latest time that a server takes: it reads 32 bits with a sign, and keeps no item with more (1.6.18).
    static let latestSecond = Int64(Int32.max)

    /// Overwrite items of the target; else one that is there stays (`ME`).
    package var replaces: Bool
    /// Whether `ms` takes the CAS value that an item is to have (`E`, Memcached 1.6.27).
    package var keepsCAS: Bool
    /// Whether an item that was invalidated at the source is marked so: not where nobody could tell it from another's.
    package var marksStale: Bool
    /// `item_size_max`, in bytes.
    package var largestItemByteCount: Int
    /// Whether the server keeps CAS values at all (not with `-C`).
    package var hasCAS: Bool

    package init(_ facts: ItemStoreFacts, _ options: RestoreOptions) {
        replaces = options.existing == .replace
        keepsCAS = facts.takesCAS && facts.hasCAS
        marksStale = facts.hasCAS
        largestItemByteCount = facts.largestItemByteCount
        hasCAS = facts.hasCAS
    }

    /// Bytes of an item in the target's memory.
    package func itemByteCount(keyByteCount: Int, valueByteCount: Int, clientFlags: UInt64 = 0) -> Int {
        keyByteCount + valueByteCount + Self.headerByteCount + (hasCAS ? Self.casByteCount : 0)
            + (clientFlags > 0 ? Self.flagsByteCount : 0)
    }

    /// Whether the target takes an item of that size.
    package func fits(keyByteCount: Int, valueByteCount: Int, clientFlags: UInt64) -> Bool {
        itemByteCount(keyByteCount: keyByteCount, valueByteCount: valueByteCount, clientFlags: clientFlags)
            <= largestItemByteCount
    }

    /// A deadline as the protocol has it, always as absolute time: the server turns that into its own count of seconds
    /// exactly, while what is relative counts from whenever the command is carried out.
    ///
    /// Whole seconds, downwards, so that no item outlives its deadline. nil if less than a second is left by the clock of
    /// the target, which counts nothing shorter: stored, it would be gone at once.
    static func exptime(_ deadline: Int64?, now: UnixMilliseconds) -> Exptime? {
        guard let deadline else { return Exptime(seconds: 0, isCut: false) }
        let seconds = deadline / 1000
        guard seconds > now.rawValue / 1000 else { return nil }
        return Exptime(seconds: min(seconds, latestSecond), isCut: seconds > latestSecond)
    }

    struct Exptime: Hashable {
        /// Unix seconds; 0 for never.
        var seconds: Int64
        /// Whether the deadline lies beyond what the protocol can say, and the item ends before it.
        var isCut: Bool
    }
}

/// What a Memcached server tells of itself beside `TargetFacts`.
package struct ItemStoreFacts: Hashable, Sendable {
    /// `item_size_max` as servers come.
    package static let standardLargestItem = 1 << 20

    package var largestItemByteCount = Self.standardLargestItem
    package var hasCAS = true
    package var takesCAS = false
    /// Whether `flush_all` is allowed (not with `-F`).
    package var canFlush = true
    /// Whether it answers meta commands.
    package var knowsMetaCommands = true

    package init() {}
}
