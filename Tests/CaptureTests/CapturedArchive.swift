import ArchiveFormat
import ArchiveIO
import Capture
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel
import TestSupport
import Transport

/// A capture that ran into an archive of its own directory, and every live record that was read back from it.
struct CapturedArchive {
    struct Record: Hashable {
        var kind: RecordKind
        var database: UInt32
        var key: [UInt8]
        var type: UInt8
        var expiry: Expiry
        var access: AccessData
        var body: [UInt8]
    }

    let opening: CaptureOpening
    let result: CaptureResult
    let summary: ArchiveSummary
    /// Without the superseded ones.
    let records: [Record]

    var keys: [Record] { records.filter { $0.kind == .key } }

    /// Runs the session to its end and reads the archive back.
    static func take(
        _ session: any CaptureSession,
        codec: BlockCodec = .zstd(level: 1),
        in directory: TemporaryDirectory
    ) async throws -> Self {
        let store = LocalObjectStore(root: directory.path, fileSystem: PosixFileSystem())
        let key = ObjectKey("part-0.rewarm")
        let (opening, upload) = (session.opening, try await store.beginUpload(key))
        let result: CaptureResult
        let summary: ArchiveSummary
        do {
            (result, summary) = try await withArchiveWriter(to: upload, codec: .fixed(codec)) { writer in
                try await writer.begin(description(opening, codec))
                let result = try await session.run(into: writer) { _ in }
                let ending = ArchiveEnding(
                    statistics: result.statistics,
                    consistency: result.consistency,
                    format: result.format,
                    superseded: SupersededRecords(result.superseded)
                )
                return (result, try await writer.finish(ending))
            }
            try await upload.finish()
        } catch {
            await upload.abort()
            await session.close()
            throw error
        }
        let records = try await read(try await ArchiveReader.open(try await store.openReader(key)))
        return Self(opening: opening, result: result, summary: summary, records: records)
    }

    /// Gives every live key and function to another server, with its deadline, by RESTORE.
    func restore(to server: RedisServer) throws {
        let client = try server.client()
        var database: UInt32 = 0
        for record in keys {
            if record.database != database {
                try client.command("SELECT", RedisArgument(Int64(record.database)))
                database = record.database
            }
            var payload = ByteBuffer()
            DumpPayload.write(
                type: record.type,
                body: ByteBuffer(bytes: record.body),
                rdbVersion: result.format.rdbVersion,
                into: &payload
            )
            let deadline: Int64 = if case .at(let instant) = record.expiry { instant.rawValue } else { 0 }
            var command: [RedisArgument] = [
                "RESTORE", RedisArgument(record.key), RedisArgument(deadline),
                RedisArgument(Array(payload.readableBytesView)), "ABSTTL",
            ]
            switch record.access {
            case .none: break
            case .idle(let seconds): command += ["IDLETIME", RedisArgument(Int64(seconds))]
            case .frequency(let frequency): command += ["FREQ", RedisArgument(Int64(frequency))]
            }
            try client.command(command)
        }
        let libraries = records.filter { $0.kind == .functionLibrary }.map { ByteBuffer(bytes: $0.body) }
        guard !libraries.isEmpty else { return }
        let payload = FunctionPayload.make(bodies: libraries, rdbVersion: result.format.rdbVersion)
        try client.command("FUNCTION", "RESTORE", RedisArgument(Array(payload.readableBytesView)))
    }

    private static func read(_ reader: ArchiveReader) async throws -> [Record] {
        let superseded = reader.superseded
        var records: [Record] = []
        try await reader.withBlocks { blocks in
            var number: UInt32 = 0
            while let block = try await blocks.next() {
                var cursor = block.records()
                while let layout = try cursor.next() {
                    let body = Array(layout.body(in: block.bytes).readableBytesView)
                    if layout.isContinuation {
                        records[records.count - 1].body += body
                        continue
                    }
                    records.append(
                        Record(
                            kind: layout.kind,
                            database: layout.database,
                            key: Array(layout.key(in: block.bytes).readableBytesView),
                            type: layout.type,
                            expiry: layout.expiry,
                            access: layout.access,
                            body: body
                        )
                    )
                    if superseded.contains(RecordPlace(block: number, ordinal: layout.ordinal)) {
                        records[records.count - 1].kind = .key
                        records[records.count - 1].type = supersededMark
                    }
                }
                number += 1
            }
        }
        await reader.close()
        return records.filter { $0.type != supersededMark }
    }

    /// A type that no server writes, to take superseded records out after their further chunks have passed.
    private static let supersededMark: UInt8 = 255

    private static func description(_ opening: CaptureOpening, _ codec: BlockCodec) -> ArchiveDescription {
        ArchiveDescription(
            snapshot: SnapshotID(instant: opening.instant, random: 1),
            part: 0,
            source: SourceDescriptor(
                name: "test",
                engine: opening.engine,
                serverVersion: opening.serverVersion,
                address: opening.address
            ),
            method: opening.method,
            format: opening.format,
            instant: opening.instant,
            startedAt: opening.instant,
            clocks: opening.clocks,
            consistency: opening.consistency,
            codec: codec,
            toolVersion: "test"
        )
    }
}

/// The ways in which a server's keys become an archive.
enum CaptureWay: String, CaseIterable, Sendable {
    case diskless
    case disk
    case scan
    case file

    func open(_ server: RedisServer, spillingTo directory: TemporaryDirectory) async throws -> any CaptureSession {
        let options = ConnectionOptions(
            url: try NodeURL(server.url),
            password: server.configuration.password.map { Secret($0) }
        )
        switch self {
        case .diskless: return try await ReplicationCapture.open(options, transfer: .diskless)
        case .disk: return try await ReplicationCapture.open(options, transfer: .disk)
        case .scan:
            let scan = ScanOptions(scanCount: 50, batchKeyCount: 7)
            return try await ScanCapture.open(options, scan, spillingTo: .init(directory: directory.path))
        case .file:
            try server.client().command("SAVE")
            return try await FileCapture.open(
                path: server.dumpPath,
                takenAt: nil,
                now: UnixMilliseconds(0),
                spillingTo: .init(directory: directory.path)
            )
        }
    }
}
