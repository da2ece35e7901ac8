import ArchiveFormat
package import ArchiveIO
import NIOCore
package import ObjectStorage
import RDB
package import SnapshotModel

/// A snapshot from an RDB file or from standard input.
package struct FileCapture: CaptureSession {
    package let opening: CaptureOpening
    private let source: FileByteSource
    private let firstBytes: ByteBuffer
    private let spillPlace: ExternalSortSpill.Place

    /// Opens the file and looks at its first bytes.
    ///
    /// The instant is `takenAt`, else the file's own `ctime`, else when the file was last written, else `now`; the last
    /// two with a warning.
    package static func open(
        path: String?,
        takenAt: UnixMilliseconds?,
        now: UnixMilliseconds,
        spillingTo spillPlace: ExternalSortSpill.Place
    ) async throws -> Self {
        let source = try FileByteSource(path: path)
        guard let firstBytes = try await source.next() else {
            throw CaptureError(.damaged, "'\(source.name)' is empty: no RDB file")
        }
        let preview: StreamPreview
        do {
            preview = try StreamPreview(firstBytes)
        } catch {
            throw CaptureError(.damaged, "'\(source.name)': \(error)", cause: error)
        }
        var warnings: [String] = []
        let instant: UnixMilliseconds
        if let known = takenAt ?? preview.fields.createdAt {
            instant = known
        } else if let modifiedAt = source.modifiedAt {
            instant = modifiedAt
            warnings.append(
                "'\(source.name)' does not say when it was taken: the time of its last change is used (--taken-at TIME "
                    + "tells it)"
            )
        } else {
            instant = now
            warnings.append(
                "'\(source.name)' does not say when it was taken: the present time is used (--taken-at TIME tells it)"
            )
        }
        let format = preview.format ?? PayloadFormat(engine: .redis, rdbVersion: 0)
        let opening = CaptureOpening(
            method: .file,
            engine: format.engine,
            serverVersion: preview.fields.serverVersion ?? "",
            address: source.name,
            instant: instant,
            consistency: Consistency(
                isPointInTime: true,
                from: instant,
                to: instant,
                replicationID: preview.fields.replicationID,
                replicationOffset: preview.fields.replicationOffset
            ),
            format: format,
            warnings: warnings
        )
        return Self(opening: opening, source: source, firstBytes: firstBytes, spillPlace: spillPlace)
    }

    package func run(
        into writer: ArchiveWriter,
        progress: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureResult {
        // A server writes each key once; files that tools have merged may hold one twice.
        let sink = RecordSink(
            writer: writer,
            instant: opening.instant,
            tiers: opening.accessTiers,
            duplicates: DuplicateResolver(spillingTo: spillPlace)
        )
        var reader = StreamReader(sink: sink)
        var input = firstBytes
        let source = source
        let checksum: RDBChecksum
        do {
            checksum = try await reader.readAll(&input, expectedKeyCount: nil, progress) { used in
                try await source.next(reusing: used)
            }
        } catch let error as RDBError {
            throw CaptureError(.damaged, "'\(source.name)': \(error)", cause: error)
        }
        var warnings: [String] = []
        if checksum == .absent {
            warnings.append("'\(source.name)' carries no checksum: damage to its values would not be seen")
        }
        if input.readableBytes > 0 {
            warnings.append("'\(source.name)' has bytes after its end; they were ignored, as a server would")
        }
        if reader.fields.hasSlotImport {
            warnings.append("'\(source.name)' was written while slots were being taken over: they may be incomplete")
        }
        let superseded = try reader.sink.resolveDuplicates()
        if !superseded.isEmpty {
            warnings.append(
                "'\(source.name)' holds \(Figures.counted(UInt64(superseded.count), "key")) more than once: the last of each "
                    + "counts (a server refuses to load such a file)"
            )
        }
        return result(reader, superseded, warnings)
    }

    private func result(
        _ reader: borrowing StreamReader,
        _ superseded: [RecordPlace],
        _ warnings: [String]
    ) -> CaptureResult {
        let (fields, format) = (reader.fields, reader.format)
        var consistency = opening.consistency
        consistency.duplicateKeyCount = UInt64(superseded.count)
        return CaptureResult(
            format: format,
            serverVersion: fields.serverVersion,
            consistency: consistency,
            shard: ShardDescriptor(
                replicationID: fields.replicationID,
                replicationOffset: fields.replicationOffset,
                replicationDatabase: fields.replicationDatabase
            ),
            statistics: reader.statistics,
            superseded: superseded,
            warnings: warnings,
            sourceWaitMilliseconds: 0
        )
    }

    package func close() async {}
}
