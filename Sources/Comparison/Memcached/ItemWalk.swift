import ByteCoding
import Memcached
package import NIOCore
package import ObjectStorage
import RDB
package import SnapshotModel
package import Transport

/// What a live Memcached node holds, as a side of a comparison; and single items once more.
///
/// ```
/// lru_crawler metadump -names-> sort, each once -> mg, in pipelines -> entries -> the side
/// ```
/// Of an item whose key no command can name there is only that, and its deadline.
package struct ItemWalk: Sendable {
    private var reader: ItemReader
    private let options: ComparisonOptions

    /// Nothing else uses the reader's connection meanwhile.
    package init(_ reader: ItemReader, options: ComparisonOptions) {
        (self.reader, self.options) = (reader, options)
    }

    /// Reads every item whose name the options want; gives how many there were.
    package mutating func read(
        namesOf node: ConnectionOptions,
        into side: inout ComparisonSide,
        spillingTo spillPlace: ExternalSortSpill.Place,
        progress: (_ itemCount: UInt64) -> Void
    ) async throws -> UInt64 {
        var names = ComparisonSide(secret: reader.scope.secret, spillingTo: spillPlace)
        try await ItemNames.read(node, options: options, into: &names, spillingTo: spillPlace)
        var sorted = try names.finish()
        var itemCount: UInt64 = 0
        while true {
            var keys: [ByteBuffer] = []
            while keys.count < ItemReader.batchCount, var entry = try sorted.next() {
                guard KeyForm.naming(entry.key) == nil else {
                    keys.append(entry.key)
                    continue
                }
                entry.typeName = MemcachedItem.typeName
                try side.append(entry)
                itemCount += 1
            }
            guard !keys.isEmpty else { return itemCount }
            for entry in try await entries(of: keys).compactMap(\.self) {
                try side.append(entry)
                itemCount += 1
            }
            progress(itemCount)
            try Task.checkCancellation()
        }
    }

    /// The items as they are now, in the order of the keys; nil for one that is not there.
    package mutating func entries(of keys: [ByteBuffer]) async throws -> [ComparisonEntry?] {
        zip(keys, try await reader.read(keys)).map { key, reading in
            guard reading.state == .present else { return nil }
            return ComparisonEntry(
                database: 0,
                key: key,
                typeName: MemcachedItem.typeName,
                expiry: reading.deadline.map { .at($0.lowerBound) } ?? .never,
                value: reading.value,
                item: reading.item
            )
        }
    }

    /// What the operator should know of the reading.
    package var warning: String? { reader.warning }

    /// The node's clock.
    package func time() async throws -> UnixMilliseconds { try await reader.time() }
}
