import Capture
import NIOCore
package import ObjectStorage
import SnapshotModel
package import Transport

/// Reads the names of a live node's items, and nothing else: by the walk that a capture makes.
package enum ItemNames {
    /// Appends the names that the options want, each with its deadline as the server lists it.
    package static func read(
        _ node: ConnectionOptions,
        options: ComparisonOptions,
        into side: inout ComparisonSide,
        spillingTo place: ExternalSortSpill.Place
    ) async throws {
        try await ListedItems.read(node, spillingTo: place) { listed in
            guard listed.key.withUnsafeReadableBytes({ options.wants(key: $0) }) else { return }
            let expiry = listed.expiry.map { Expiry.at(UnixMilliseconds($0 * 1000)) }
            try side.append(ComparisonEntry(database: 0, key: listed.key, expiry: expiry ?? .never))
        }
    }
}
