import Memcached
import NIOCore
import SnapshotModel
import Transport

/// Asks a Memcached server for what `Preflight` judges.
///
/// Writes nothing.
struct MemcachedSurvey {
    let connection: MemcachedConnection
    /// For the connection that looks through its keys.
    let target: ConnectionOptions

    func facts() async throws(TransportError) -> TargetFacts {
        let stats = try await connection.stats()
        let settings = try? await connection.stats("settings")
        var facts = TargetFacts(address: connection.address, engine: .memcached, version: connection.versionText)
        facts.runID = Self.runID(stats)
        facts.canReplicate = false
        facts.memoryLimit = stats.memoryLimitByteCount.flatMap { $0 > 0 ? $0 : nil }
        facts.usedMemory = stats.usedByteCount ?? 0
        facts.evictionPolicy = settings.map { $0.evicts ? "lru" : "noeviction" }
        facts.evictedKeyCount = stats.evictionCount ?? 0
        facts.clocks = try await connection.compareClocks() ?? facts.clocks
        facts.tellsTime = stats.time != nil
        facts.tellsSettings = settings != nil
        var store = ItemStoreFacts()
        if let settings {
            store.largestItemByteCount = Int(clamping: settings.largestItemByteCount ?? 0)
            store.hasCAS = settings.isCASEnabled
            store.canFlush = settings.flag("flush_enabled") ?? true
        }
        store.knowsMetaCommands = try await connection.line("mn") == "MN"
        if store.knowsMetaCommands { store.takesCAS = try await takesCAS() }
        facts.itemStore = store
        let count = stats.itemCount ?? 0
        if count > 0, try await holdsItems() {
            facts.keyspace = [0: NodeInfo.KeyspaceEntry(keyCount: count, expiringKeyCount: 0)]
        }
        return facts
    }

    static func runID(_ stats: MemcachedStats) -> String? { stats.runID }

    /// Whether `ms` knows `E`: told by a command whose mode does not exist, so that it stores nothing.
    ///
    /// A server that does not know the flag says so; one that does complains about the mode.
    private func takesCAS() async throws(TransportError) -> Bool {
        let trial = ByteBuffer(string: "ms rewarm:trial 0 MZ E1\r\n\r\n")
        guard case .error(let error)? = try await connection.replies(to: trial, count: 1).first else { return false }
        return error.text.contains("mode")
    }

    /// Whether there is any item that lives: the server counts those that have expired or were flushed until it meets
    /// them.
    ///
    /// A walk over its items passes those over; it ends with the first item, as the connection is closed. Where no walk is
    /// allowed, items that are counted are taken to live.
    private func holdsItems() async throws(TransportError) -> Bool {
        let walk = try await MemcachedConnection.connect(target)
        do throws(TransportError) {
            let holdsItems = try await Self.meetsItem(walk)
            await walk.close()
            return holdsItems
        } catch {
            await walk.close()
            throw error
        }
    }

    private static func meetsItem(_ walk: MemcachedConnection) async throws(TransportError) -> Bool {
        walk.send(ByteBuffer(string: "lru_crawler metadump all\r\n"))
        var parser = MetadumpParser()
        var input = ByteBuffer()
        while true {
            switch try walk.violation({ () throws(MemcachedError) in try parser.next(&input) }) {
            case .entry, .refused: return true
            case .end: return false
            case nil:
                var bytes = try await walk.next()
                input.writeBuffer(&bytes)
            }
        }
    }
}
