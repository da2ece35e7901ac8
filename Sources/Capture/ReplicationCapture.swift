import ArchiveFormat
package import ArchiveIO
import NIOCore
import RDB
import SnapshotModel
package import Transport

/// A snapshot by replica hand-over: the server forks and sends the RDB stream of one point in time.
package struct ReplicationCapture: CaptureSession {
    package let opening: CaptureOpening
    private let info: NodeInfo
    private let layout: ClusterLayout?
    private let control: NodeConnection
    private let stream: ReplicaStream
    private let firstBytes: ByteBuffer
    /// Of the sample that the tiers come from, when the data was fixed; in seconds.
    private let sampleAge: UInt64

    /// The newest Valkey whose stream this program reads, presented to Valkey 9 and newer: they write what the replica
    /// can read, and abort if the data does not fit into that.
    private static let presentedVersion = "9.2.0"

    /// Connects twice, and begins the hand-over on the second connection.
    ///
    /// Throws `TransportError` (`.replicationRefused` and unknown commands among them) and `CaptureError`.
    package static func open(
        _ options: ConnectionOptions,
        transfer: ReplicaOptions.Transfer,
        progress: @escaping @Sendable (CaptureProgress) -> Void = { _ in }
    ) async throws -> Self {
        let control = try await NodeConnection.connect(options)
        do {
            let info = try await control.probe()
            try SourceReadiness.check(info)
            progress(CaptureProgress(.waitingForSource, expectedKeyCount: info.keyCount))
            let sample = try await AccessSample.take(control, info)
            return try await open(info, sample, control: control, data: try await .connect(options), transfer)
        } catch {
            await control.close()
            throw error
        }
    }

    private static func open(
        _ info: NodeInfo,
        _ sample: AccessSample,
        control: NodeConnection,
        data: NodeConnection,
        _ transfer: ReplicaOptions.Transfer
    ) async throws -> Self {
        do {
            let layout = info.isClusterEnabled ? try await control.clusterLayout() : nil
            let isNewValkey = info.engine == .valkey && info.version >= ServerVersion(9)
            var stream = try await data.becomeReplica(
                ReplicaOptions(transfer: transfer, presentedVersion: isNewValkey ? presentedVersion : nil)
            )
            // The server answers this after the fork that fixes the data, and before any later command changes it.
            let handedOverAt = try await control.time()
            guard let firstBytes = try await stream.next() else {
                throw CaptureError(.damaged, "\(data.address) sent an empty stream")
            }
            let preview = try StreamPreview(firstBytes)
            return Self(info, sample, layout, stream, control, firstBytes, preview, handedOverAt)
        } catch {
            await data.close()
            throw error
        }
    }

    private init(
        _ info: NodeInfo,
        _ sample: AccessSample,
        _ layout: ClusterLayout?,
        _ stream: ReplicaStream,
        _ control: NodeConnection,
        _ firstBytes: ByteBuffer,
        _ preview: StreamPreview,
        _ handedOverAt: UnixMilliseconds
    ) {
        self.info = info
        self.layout = layout
        self.stream = stream
        self.control = control
        self.firstBytes = firstBytes
        sampleAge = sample.age
        let instant = Self.instant(handedOverAt: handedOverAt, createdAt: preview.fields.createdAt)
        let engine = preview.format?.engine ?? info.engine
        opening = CaptureOpening(
            method: .replication,
            engine: engine,
            serverVersion: info.versionText,
            runID: info.runID,
            address: info.address,
            instant: instant,
            clocks: info.clock,
            consistency: Consistency(
                isPointInTime: true,
                from: instant,
                to: instant,
                replicationID: stream.replicationID,
                replicationOffset: stream.replicationOffset
            ),
            format: preview.format ?? PayloadFormat(engine: engine, rdbVersion: info.newestRDBVersion),
            expectedKeyCount: info.keyCount,
            accessTiers: sample.bounds,
            warnings: SourceReadiness.warnings(info, layout) + [sample.warning].compactMap(\.self)
        )
    }

    /// The TIME that was read after the hand-over, held within the second that the stream itself names: a server that
    /// saved to its disk first answers long after the fork.
    static func instant(handedOverAt: UnixMilliseconds, createdAt: UnixMilliseconds?) -> UnixMilliseconds {
        guard let createdAt else { return handedOverAt }
        return min(max(handedOverAt, createdAt), createdAt.advanced(byMilliseconds: 999))
    }

    package func run(
        into writer: ArchiveWriter,
        progress: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureResult {
        var stream = stream
        var input = firstBytes
        var sink = RecordSink(
            writer: writer,
            instant: opening.instant,
            tiers: opening.accessTiers,
            duplicates: nil
        )
        sink.sampleAge = sampleAge
        var reader = StreamReader(sink: sink)
        let checksum = try await reader.readAll(&input, expectedKeyCount: opening.expectedKeyCount, progress) { used in
            stream.recycle(consume used)
            return try await stream.next()
        }
        guard input.readableBytes == 0, try await stream.next() == nil else {
            throw CaptureError(.damaged, "\(opening.address) sent bytes after the end of its stream")
        }
        let waitMilliseconds = stream.pausedTime.wholeMilliseconds
        let layoutAtEnd = info.isClusterEnabled ? try await control.clusterLayout() : nil
        await close()
        var result = result(reader, checksum, waitMilliseconds)
        result.warnings += SourceReadiness.warnings(info, began: layout, ended: layoutAtEnd)
        return result
    }

    private func result(
        _ reader: borrowing StreamReader,
        _ checksum: RDBChecksum,
        _ waitMilliseconds: Int64
    ) -> CaptureResult {
        let (fields, format) = (reader.fields, reader.format)
        var warnings: [String] = []
        if checksum == .absent {
            warnings.append(
                "\(opening.address) computes no checksum (rdbchecksum no): the transfer could not be checked"
            )
        }
        if fields.hasSlotImport {
            warnings.append("\(opening.address) was taking over slots: keys of these slots may be incomplete")
        }
        return CaptureResult(
            format: format,
            serverVersion: fields.serverVersion,
            consistency: opening.consistency,
            shard: ShardDescriptor(
                slotRanges: layout?.ownSlotRanges ?? [],
                clusterShardCount: layout?.shardCount,
                replicationID: opening.consistency.replicationID,
                replicationOffset: opening.consistency.replicationOffset,
                replicationDatabase: fields.replicationDatabase
            ),
            statistics: reader.statistics,
            superseded: [],
            warnings: warnings,
            sourceWaitMilliseconds: waitMilliseconds
        )
    }

    package func close() async {
        await stream.close()
        await control.close()
    }
}
