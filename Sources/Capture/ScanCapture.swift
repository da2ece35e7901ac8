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
    private let node: ScanNode
    private let spillPlace: ExternalSortSpill.Place
    private let sample: AccessSample

    /// Connects, and finds out how keys can be read there.
    package static func open(
        _ connectionOptions: ConnectionOptions,
        _ options: ScanOptions = ScanOptions(),
        spillingTo spillPlace: ExternalSortSpill.Place
    ) async throws -> Self {
        let node = try await ScanNode.open(connectionOptions, options, readsAccessData: true)
        do {
            let sample = try await AccessSample.take(node.connection, node.info)
            return Self(node, sample, spillPlace, from: try await node.connection.time())
        } catch {
            await node.close()
            throw error
        }
    }

    private init(
        _ node: ScanNode,
        _ sample: AccessSample,
        _ spillPlace: ExternalSortSpill.Place,
        from: UnixMilliseconds
    ) {
        self.node = node
        self.spillPlace = spillPlace
        self.sample = sample
        let info = node.info
        var warnings = SourceReadiness.warnings(info, node.layout)
        if let warning = sample.warning { warnings.append(warning) }
        if let disturbance = node.disturbance { warnings.append(disturbance + "; take snapshots from a replica") }
        opening = CaptureOpening(
            method: .scan,
            engine: info.engine,
            serverVersion: info.versionText,
            runID: info.runID,
            address: info.address,
            instant: from,
            clocks: info.clock,
            consistency: Consistency(
                isPointInTime: false,
                from: from,
                to: from,
                disturbedAccessData: !node.isUntouched
            ),
            format: PayloadFormat(engine: info.engine, rdbVersion: 0),
            expectedKeyCount: info.keyCount,
            accessTiers: sample.bounds,
            warnings: warnings
        )
    }

    package func run(
        into writer: ArchiveWriter,
        progress: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureResult {
        let sink = RecordSink(
            writer: writer,
            instant: opening.instant,
            tiers: opening.accessTiers,
            duplicates: DuplicateResolver(spillingTo: spillPlace)
        )
        let (info, layout) = (node.info, node.layout)
        let recorder = ScanRecorder(
            sink: sink,
            dumps: node.makeDumpReader(),
            address: info.address,
            expectedKeyCount: info.keyCount,
            sample: sample,
            progress: progress
        )
        var run = try await node.openRun(recorder)
        for database in info.keyspace.keys.sorted() { try await run.read(database: database) }
        try await run.finish()
        try await run.receiver.readFunctions(node.connection)
        try await run.receiver.sink.flushAll()
        let superseded = try run.receiver.sink.resolveDuplicates()
        var consistency = opening.consistency
        consistency.to = try await node.connection.time()
        consistency.vanishedKeyCount = run.vanishedKeyCount
        consistency.rereadKeyCount = run.rereadKeyCount
        consistency.duplicateKeyCount = UInt64(superseded.count)
        let waitMilliseconds = run.exchange.pausedTime.wholeMilliseconds
        let layoutAtEnd = info.isClusterEnabled ? try await node.connection.clusterLayout() : nil
        await close()
        let format = run.receiver.dumps.format
        return CaptureResult(
            format: format,
            serverVersion: info.versionText,
            consistency: consistency,
            shard: ShardDescriptor(
                slotRanges: layout?.ownSlotRanges ?? [],
                clusterShardCount: layout?.shardCount
            ),
            statistics: run.receiver.sink.statistics.statistics { type in
                RDBValueTypes.row(type: type, format: format)?.name ?? "type \(type)"
            },
            superseded: superseded,
            warnings: run.receiver.warnings + SourceReadiness.warnings(info, began: layout, ended: layoutAtEnd),
            sourceWaitMilliseconds: waitMilliseconds
        )
    }

    package func close() async {
        await node.close()
    }
}
