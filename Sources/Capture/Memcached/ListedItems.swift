package import ObjectStorage
package import Transport

/// What a Memcached server lists of itself, for those who want names and no values: begun, waited for and refused as a
/// capture's own walk.
package enum ListedItems {
    /// Gives each item to `receive`, some perhaps twice.
    ///
    /// The walk is on a connection of its own, and its entries are taken as fast as they come: what `receive` has not
    /// taken waits in a queue that spills.
    package static func read(
        _ options: ConnectionOptions,
        spillingTo place: ExternalSortSpill.Place,
        _ receive: (CrawlEntry) throws -> Void
    ) async throws {
        let dump = try await CrawlDump.begin(options)
        let queue = CrawlQueue(spillingTo: place)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await drain(dump, into: queue) }
            do {
                try await take(from: queue, receive)
                try await group.waitForAll()
            } catch {
                await dump.connection.close()
                group.cancelAll()
                throw error
            }
        }
    }

    private static func take(from queue: CrawlQueue, _ receive: (CrawlEntry) throws -> Void) async throws {
        while true {
            switch try queue.take() {
            case .chunk(var chunk): while let entry = CrawlEntry(reading: &chunk) { try receive(entry) }
            case .nothingYet: await queue.wait()
            case .end: return
            }
        }
    }

    /// Fills the queue until the walk's end, and ends it also on failure; returns how many items were listed.
    static func drain(_ dump: CrawlDump, into queue: CrawlQueue) async throws -> UInt64 {
        var dump = dump
        let executor = BlockingExecutor(label: "rewarm.listing")
        defer { withExtendedLifetime(executor) {} }
        do {
            try await withTaskExecutorPreference(executor) { try await dump.drain(into: queue) }
            queue.finish()
            return dump.listedCount
        } catch {
            queue.finish(.failure(error))
            throw error
        }
    }
}
