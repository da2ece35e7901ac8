import NIOCore
import RESP
import SnapshotModel
package import Transport

/// A node that is read key by key: connected, and known how keys can be read there.
package struct ScanNode: Sendable {
    package let connection: NodeConnection
    package let info: NodeInfo
    /// Nil unless the node is in a cluster that tells it.
    package let layout: ClusterLayout?
    /// Whether reading leaves the keys' last use as it is.
    package let isUntouched: Bool
    private let dialect: ScanDialect
    private let options: ScanOptions

    /// Throws `notReady` for a replica whose data is old or partial.
    package static func open(
        _ connectionOptions: ConnectionOptions,
        _ options: ScanOptions = ScanOptions(),
        readsAccessData: Bool
    ) async throws -> Self {
        let connection = try await NodeConnection.connect(connectionOptions)
        do {
            let info = try await connection.probe()
            try SourceReadiness.check(info)
            return try await Self(connection, info, options, readsAccessData: readsAccessData)
        } catch {
            await connection.close()
            throw error
        }
    }

    private init(
        _ connection: NodeConnection,
        _ info: NodeInfo,
        _ options: ScanOptions,
        readsAccessData: Bool
    ) async throws {
        self.connection = connection
        self.info = info
        self.options = options
        layout = info.isClusterEnabled ? try await connection.clusterLayout() : nil
        // A replica in a cluster sends readers to its primary unless they ask for its own data.
        if info.isClusterEnabled, info.role == .replica { _ = try await connection.command("READONLY") }
        dialect = ScanDialect(
            hasAbsoluteExpiry: try await Self.hasAbsoluteExpiry(connection),
            access: readsAccessData ? Self.access(info) : .none,
            scanCount: Int64(options.scanCount)
        )
        isUntouched = try await connection.reply(to: ["CLIENT", "NO-TOUCH", "ON"]).isOK
    }

    /// Says that reading disturbs what the node's policy goes by; nil if it does not.
    package var disturbance: String? {
        guard !isUntouched, Self.access(info) != .none else { return nil }
        return "\(info.address) knows no CLIENT NO-TOUCH: reading changed its keys' last use, and its maxmemory policy "
            + "\(info.maxmemoryPolicy ?? "") goes by that"
    }

    /// What there is to say of a node that has only part of a cluster's keys.
    package var clusterWarnings: [String] { SourceReadiness.warnings(info, layout) }

    /// Takes the connection over to read keys, until the run is finished.
    package func openRun<Receiver: ScanReceiver & ~Copyable>(
        _ receiver: consuming Receiver
    ) async throws -> ScanRun<Receiver> {
        let exchange = try await connection.openExchange()
        return ScanRun(
            receiver: receiver,
            dialect: dialect,
            // A transaction of a cluster may only touch keys of one slot.
            batchLimit: info.isClusterEnabled ? 1 : options.batchKeyCount,
            keysPerSecond: options.keysPerSecond,
            exchange: exchange,
            address: info.address
        )
    }

    /// A reader of the payloads that the node writes.
    package func makeDumpReader() -> DumpReader {
        let expected = PayloadFormat(engine: info.engine, rdbVersion: info.newestRDBVersion)
        return DumpReader(expecting: expected, address: info.address)
    }

    package func close() async {
        await connection.close()
    }

    /// Which access data the source's policy keeps.
    private static func access(_ info: NodeInfo) -> ScanDialect.Access {
        switch AccessTierBounds.Basis(policy: info.maxmemoryPolicy) {
        case .frequency: .frequency
        case .idle: .idleTime
        case nil: .none
        }
    }

    /// Asks with a key that is certainly not there; the answer also tells whether the command is allowed.
    private static func hasAbsoluteExpiry(_ connection: NodeConnection) async throws -> Bool {
        let absentKey = "rewarm:probe:\(UInt64.random(in: .min ... .max))"
        let reply = try await connection.reply(to: ["PEXPIRETIME", .text(absentKey)])
        guard let error = reply.error else { return true }
        if error.isUnknownCommand { return false }
        // The key's slot is another node's, or nobody's: that is told after the command was found and allowed.
        if ["MOVED", "ASK", "CLUSTERDOWN"].contains(error.prefix) { return true }
        throw TransportError(error, command: "PEXPIRETIME", address: connection.address)
    }
}
