import Memcached
package import NIOCore
package import SnapshotModel

/// What Memcached keeps beside the value of an item, and a client sees.
package struct ItemTraits: Hashable, Sendable {
    /// The number that a client stores to know how it encoded the value.
    package var clientFlags: UInt64
    /// Nil where the server keeps none, or was not asked.
    package var cas: UInt64?

    package init(clientFlags: UInt64, cas: UInt64? = nil) {
        (self.clientFlags, self.cas) = (clientFlags, cas)
    }
}

extension ItemTraits {
    /// Of a payload's body or of its first chunk; nil of any engine but Memcached.
    package init?(body: ByteBuffer, format: PayloadFormat) throws {
        guard format.engine == .memcached else { return nil }
        var rest = body
        let item = try MemcachedItem(reading: &rest)
        self.init(clientFlags: item.clientFlags, cas: item.cas)
    }
}
