import Memcached
import NIOCore
import ObjectStorage
package import Transport

/// Reads the names of a live node's items, and nothing else: by the walk of its LRU crawler.
///
/// The crawler writes from a thread of its own, and a server may hold up others for a reader that is slow, so the names
/// are taken as fast as they come, into a side that spills.
package enum ItemNames {
    /// One crawl goes on at a time, and none while the hash table grows.
    private static let patience = Duration.seconds(30)
    private static let pause = Duration.milliseconds(100)

    /// Appends the names that the options want; the connection can be used afterwards.
    package static func read(
        _ connection: MemcachedConnection,
        options: ComparisonOptions,
        into side: inout ComparisonSide
    ) async throws {
        let begin = ContinuousClock.now
        var walks = ["hash", "all"][...]
        while let walk = walks.first {
            guard let refusal = try await read(connection, walk: walk, options: options, into: &side) else { return }
            switch refusal {
            // The walk by hash is since 1.6.10.
            case .badClass where walks.count > 1: walks.removeFirst()
            case .busy where begin.duration(to: .now) < patience, .locked where begin.duration(to: .now) < patience:
                try await Task.sleep(for: pause)
            default: throw error(refusal, connection.address)
            }
        }
    }

    private static func read(
        _ connection: MemcachedConnection,
        walk: String,
        options: ComparisonOptions,
        into side: inout ComparisonSide
    ) async throws -> MetadumpParser.Refusal? {
        connection.send(ByteBuffer(string: "lru_crawler metadump \(walk)\r\n"))
        var parser = MetadumpParser()
        var input = ByteBuffer()
        while true {
            let event = try connection.violation { () throws(MemcachedError) in try parser.next(&input) }
            switch event {
            case nil:
                var bytes = try await connection.next()
                if input.readableBytes == 0 { input.clear() }
                input.writeBuffer(&bytes)
            case .entry(let entry):
                if entry.key.withUnsafeReadableBytes({ options.wants(key: $0) }) {
                    try side.append(ComparisonEntry(database: 0, key: entry.key))
                }
            case .refused(let refusal): return refusal
            case .end: return nil
            }
        }
    }

    private static func error(_ refusal: MetadumpParser.Refusal, _ address: String) -> TransportError {
        switch refusal {
        case .busy:
            TransportError(
                .serverError(prefix: "BUSY"),
                "\(address) is busy with another crawl; try again when that is done"
            )
        case .locked:
            TransportError(
                .serverError(prefix: "ERROR"),
                "\(address) is growing its hash table; try again in a minute"
            )
        case .notAllowed:
            TransportError(.permissionDenied, "\(address) lists no items, for it was started with -X; start it without")
        case .badClass, .crawlerDisabled:
            TransportError(
                .permissionDenied,
                "\(address) has no LRU crawler that lists items; 1.6.10 and newer have one, without -o no_lru_crawler"
            )
        case .other(let text):
            TransportError(.serverError(prefix: "ERROR"), "\(address) does not list its items: \(text)")
        }
    }
}
