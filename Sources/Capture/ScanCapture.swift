package import ArchiveIO
import NIOCore
package import ObjectStorage
import RDB
import RESP
import SnapshotModel
package import Transport

/// A snapshot key by key, for nodes that let nobody replicate them: SCAN with DUMP and PEXPIRETIME.
///
/// Each key's value and deadline belong together; the keys among one another were read in a window of time.
package struct ScanCapture: CaptureSession {
    package let opening: CaptureOpening
    private let connection: NodeConnection
    private let info: NodeInfo
    private let layout: ClusterLayout?
    private let dialect: ScanDialect
    private let options: ScanOptions
    private let spillPlace: ExternalSortSpill.Place

    /// Connects, and finds out how keys can be read there.
    package static func open(
        _ connectionOptions: ConnectionOptions,
        _ options: ScanOptions = ScanOptions(),
        spillingTo spillPlace: ExternalSortSpill.Place
    ) async throws -> Self {
        let connection = try await NodeConnection.connect(connectionOptions)
        do {
            let info = try await connection.probe()
            try SourceReadiness.check(info)
            return try await Self(connection, info, options, spillPlace)
        } catch {
            await connection.close()
            throw error
        }
    }

    private init(
        _ connection: NodeConnection,
        _ info: NodeInfo,
        _ options: ScanOptions,
        _ spillPlace: ExternalSortSpill.Place
    ) async throws {
        self.connection = connection
        self.info = info
        layout = info.isClusterEnabled ? try await connection.clusterLayout() : nil
        // A replica in a cluster sends readers to its primary unless they ask for its own data.
        if info.isClusterEnabled, info.role == .replica { _ = try await connection.command("READONLY") }
        self.options = options
        self.spillPlace = spillPlace
        let access = Self.access(info)
        dialect = ScanDialect(
            hasAbsoluteExpiry: try await Self.hasAbsoluteExpiry(connection),
            access: access,
            scanCount: Int64(options.scanCount)
        )
        let isUntouched = try await connection.reply(to: ["CLIENT", "NO-TOUCH", "ON"]).isOK
        let from = try await connection.time()
        var warnings = SourceReadiness.warnings(info, layout)
        if access != .none, !isUntouched {
            warnings.append(
                "\(info.address) knows no CLIENT NO-TOUCH: reading changed its keys' last use, and its maxmemory policy "
                    + "\(info.maxmemoryPolicy ?? "") goes by that; take snapshots from a replica"
            )
        }
        opening = CaptureOpening(
            method: .scan,
            engine: info.engine,
            serverVersion: info.versionText,
            runID: info.runID,
            address: info.address,
            instant: from,
            clocks: info.clock,
            consistency: Consistency(isPointInTime: false, from: from, to: from, disturbedAccessData: !isUntouched),
            format: PayloadFormat(engine: info.engine, rdbVersion: 0),
            expectedKeyCount: info.keyCount,
            warnings: warnings
        )
    }

    /// Which access data the source's policy keeps.
    private static func access(_ info: NodeInfo) -> ScanDialect.Access {
        guard let policy = info.maxmemoryPolicy else { return .none }
        if policy.hasSuffix("-lfu") { return .frequency }
        return policy.hasSuffix("-lru") ? .idleTime : .none
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

    package func run(
        into writer: ArchiveWriter,
        progress: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureResult {
        let sink = RecordSink(
            writer: writer,
            instant: opening.instant,
            duplicates: DuplicateResolver(spillingTo: spillPlace)
        )
        let expected = PayloadFormat(engine: info.engine, rdbVersion: info.newestRDBVersion)
        var run = ScanRun(
            sink: sink,
            dumps: DumpReader(expecting: expected, address: info.address),
            dialect: dialect,
            // A transaction of a cluster may only touch keys of one slot.
            batchLimit: info.isClusterEnabled ? 1 : options.batchKeyCount,
            keysPerSecond: options.keysPerSecond,
            exchange: try await connection.openExchange(),
            address: info.address,
            expectedKeyCount: info.keyCount,
            progress: progress
        )
        for database in info.keyspace.keys.sorted() { try await run.read(database: database) }
        try await run.exchange.finish()
        try await run.readFunctions(connection)
        try await run.sink.flush()
        let superseded = try run.sink.resolveDuplicates()
        var consistency = opening.consistency
        consistency.to = try await connection.time()
        consistency.vanishedKeyCount = run.vanishedKeyCount
        consistency.rereadKeyCount = run.rereadKeyCount
        consistency.duplicateKeyCount = UInt64(superseded.count)
        let waitMilliseconds = run.exchange.pausedTime.wholeMilliseconds
        let layoutAtEnd = info.isClusterEnabled ? try await connection.clusterLayout() : nil
        await close()
        let format = run.dumps.format
        return CaptureResult(
            format: format,
            serverVersion: info.versionText,
            consistency: consistency,
            shard: ShardDescriptor(
                slotRanges: layout?.ownSlotRanges ?? [],
                clusterShardCount: layout?.shardCount
            ),
            statistics: run.sink.statistics.statistics { type in
                RDBValueTypes.row(type: type, format: format)?.name ?? "type \(type)"
            },
            superseded: superseded,
            warnings: run.warnings + SourceReadiness.warnings(info, began: layout, ended: layoutAtEnd),
            sourceWaitMilliseconds: waitMilliseconds
        )
    }

    package func close() async {
        await connection.close()
    }
}
