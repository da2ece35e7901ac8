import NIOCore
package import RDB
import RESP
import SnapshotModel
package import Transport

/// Reads every key of a node by the commands of its type, over several connections.
package struct NodeValueWalk: Sendable {
    /// Keys that one connection reads at a time.
    private static let batchCount = 100
    private static let scanCount: Int64 = 1000

    private let target: ConnectionOptions
    private let scope: ValueFingerprinter.Scope
    private let connectionCount: Int

    package init(_ target: ConnectionOptions, scope: ValueFingerprinter.Scope, connectionCount: Int = 2) {
        self.target = target
        self.scope = scope
        self.connectionCount = max(1, connectionCount)
    }

    /// Appends the keys of these databases to `side`; returns how many there were.
    ///
    /// `names` is a connection that only this uses meanwhile; it is left in the last database.
    package func read(
        _ names: NodeConnection,
        info: NodeInfo,
        options: ComparisonOptions,
        into side: inout ComparisonSide,
        progress: (_ keyCount: UInt64) -> Void = { _ in }
    ) async throws -> UInt64 {
        var readers: [NodeValueReader] = []
        do {
            for _ in 0..<connectionCount {
                readers.append(NodeValueReader(try await NodeConnection.connect(target), info: info, scope: scope))
            }
            let count = try await walk(names, info, options, readers, into: &side, progress)
            for reader in readers { await reader.close() }
            return count
        } catch {
            for reader in readers { await reader.close() }
            throw error
        }
    }

    private func walk(
        _ names: NodeConnection,
        _ info: NodeInfo,
        _ options: ComparisonOptions,
        _ readers: [NodeValueReader],
        into side: inout ComparisonSide,
        _ progress: (UInt64) -> Void
    ) async throws -> UInt64 {
        typealias Batch = (reader: NodeValueReader, entries: [ComparisonEntry])
        var count: UInt64 = 0
        return try await withThrowingTaskGroup(of: Batch.self) { group in
            var idle = readers
            for database in info.keyspace.keys.sorted() where options.wants(rightDatabase: database) {
                _ = try await names.command("SELECT", .number(Int64(database)))
                var cursor: ByteBuffer? = ByteBuffer(string: "0")
                while let current = cursor {
                    let (next, keys) = try await scan(names, current, options)
                    cursor = next
                    for start in stride(from: 0, to: keys.count, by: Self.batchCount) {
                        if idle.isEmpty, let done = try await group.next() {
                            for entry in done.entries { try side.append(entry) }
                            count += UInt64(done.entries.count)
                            progress(count)
                            idle.append(done.reader)
                        }
                        let batch = Array(keys[start..<min(start + Self.batchCount, keys.count)])
                        guard let reader = idle.popLast() else { break }
                        group.addTask {
                            var reader = reader
                            let entries = try await reader.read(batch, of: database)
                            return (reader, entries)
                        }
                    }
                }
            }
            while let done = try await group.next() {
                for entry in done.entries { try side.append(entry) }
                count += UInt64(done.entries.count)
            }
            progress(count)
            return count
        }
    }

    /// The keys of one step, and the cursor of the next; nil after the last.
    private func scan(
        _ connection: NodeConnection,
        _ cursor: ByteBuffer,
        _ options: ComparisonOptions
    ) async throws -> (next: ByteBuffer?, keys: [ByteBuffer]) {
        let reply = try await connection.command("SCAN", .bytes(cursor), "COUNT", .number(Self.scanCount))
        guard let parts = reply.elements, parts.count == 2, let next = parts[0].bytes else {
            throw TransportError(.protocolViolation, "\(connection.address) gave SCAN an answer that does not fit")
        }
        let keys = (parts[1].elements ?? []).compactMap(\.bytes).filter { key in
            key.withUnsafeReadableBytes { options.wants(key: $0) }
        }
        return (next == ByteBuffer(string: "0") ? nil : next, keys)
    }
}
