import ArchiveFormat
import ArchiveIO
import Catalog
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel
import TestSupport

/// A repository with one snapshot whose records a test chose, in blocks of the size that it chose.
struct ArchiveFixture {
    /// A record as it goes into the archive.
    struct Record {
        var kind = RecordKind.key
        var database: UInt32 = 0
        var type: UInt8 = 0
        var expiry = Expiry.never
        var access = AccessData.none
        var key: [UInt8] = []
        var body: [UInt8] = []
        /// Whether a later record of the same key takes its place.
        var isSuperseded = false
        /// The tier of the blocks that it goes to.
        var tier: UInt8 = 0

        /// A string with its value in the shortest RDB form.
        static func string(
            _ key: String,
            _ value: String,
            database: UInt32 = 0,
            expiry: Expiry = .never,
            access: AccessData = .none
        ) -> Self {
            let bytes = Array(value.utf8)
            let length: [UInt8] =
                switch bytes.count {
                case ..<64: [UInt8(bytes.count)]
                case ..<(1 << 14): [UInt8(bytes.count >> 8) | 0x40, UInt8(bytes.count & 0xFF)]
                default: [0x80] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> ($0 * 8)) }
                }
            return Self(
                database: database,
                expiry: expiry,
                access: access,
                key: Array(key.utf8),
                body: length + bytes
            )
        }
    }

    let directory: TemporaryDirectory
    var manifest: Manifest

    var repositoryPath: String { directory.path("repository") }
    /// The archive's file.
    var archivePath: String { repositoryPath + "/" + RepositoryLayout.part(0, of: manifest.id).path }

    /// Writes and publishes a snapshot.
    ///
    /// `instant` is what it represents; `blockByteCount` what blocks aim at.
    static func make(
        _ records: [Record],
        format: PayloadFormat = PayloadFormat(engine: .redis, rdbVersion: 10),
        instant: UnixMilliseconds,
        blockByteCount: Int = 4096,
        clocks: ClockComparison? = nil
    ) async throws -> Self {
        let directory = try TemporaryDirectory()
        var options = RepositoryOptions(path: directory.path("repository"), creates: true)
        options.now = { instant }
        let repository = try await Repository.open(options)
        let id = SnapshotID(instant: instant, random: .random(in: 0...0xFF_FFFF))
        let source = SourceDescriptor(
            name: "fixture",
            engine: format.engine,
            serverVersion: "7.0.15",
            address: "fixture"
        )
        let consistency = Consistency(
            isPointInTime: true,
            from: instant,
            to: instant,
            duplicateKeyCount: UInt64(records.count { $0.isSuperseded })
        )
        let statistics = statistics(of: records, at: instant, format)
        let upload = try await repository.store.beginUpload(RepositoryLayout.part(0, of: id))
        let summary = try await withArchiveWriter(to: upload, codec: .zlib(level: 1)) { writer in
            try await writer.begin(
                ArchiveDescription(
                    snapshot: id,
                    part: 0,
                    source: source,
                    method: .replication,
                    format: format,
                    instant: instant,
                    startedAt: instant,
                    clocks: clocks,
                    consistency: consistency,
                    codec: .zlib(level: 1),
                    toolVersion: "test"
                )
            )
            var superseded: [RecordPlace] = []
            let isTiered = records.contains { $0.tier > 0 }
            var builders: [UInt8: BlockBuilder] = [:]
            for record in records {
                var builder =
                    builders.removeValue(forKey: record.tier)
                    ?? writer.makeBuilder(targetByteCount: blockByteCount, tier: record.tier)
                let place = try await append(record, to: &builder, writer)
                if record.isSuperseded { superseded.append(place) }
                // A value over several blocks is complete before a block of another tier comes.
                let isCut = isTiered && record.body.count > blockByteCount
                if builder.isFull || isCut { try await writer.append(builder.take()) }
                builders[record.tier] = builder
            }
            for var builder in builders.sorted(by: { $0.key < $1.key }).map(\.value) {
                try await writer.append(builder.take())
            }
            return try await writer.finish(
                ArchiveEnding(statistics: statistics, superseded: SupersededRecords(superseded))
            )
        }
        try await upload.finish()
        let draft = Manifest(
            id: id,
            sequence: 0,
            source: source,
            method: .replication,
            instant: instant,
            consistency: consistency,
            clocks: clocks,
            startedAt: instant,
            finishedAt: instant,
            policy: nil,
            tags: [:],
            format: format,
            codec: "zlib:1",
            parts: [summary.part(0)],
            shards: [ShardDescriptor()],
            statistics: statistics,
            warnings: [],
            toolVersion: "test"
        )
        return Self(directory: directory, manifest: try await repository.publish(draft).manifest)
    }

    private static func append(
        _ record: Record,
        to builder: inout BlockBuilder,
        _ writer: ArchiveWriter
    ) async throws -> RecordPlace {
        let place = try builder.begin(
            RecordHead(
                kind: record.kind,
                database: record.database,
                type: record.type,
                expiry: record.expiry,
                access: record.access,
                key: ByteBuffer(bytes: record.key)
            )
        )
        var rest = record.body[...]
        while !rest.isEmpty {
            let room = builder.bodyLimit - builder.buffer.readableBytes
            if room <= 0 {
                builder.cut()
                try await writer.append(builder.take())
                continue
            }
            builder.buffer.writeBytes(rest.prefix(room))
            rest = rest.dropFirst(room)
        }
        builder.end()
        return place
    }

    private static func statistics(
        of records: [Record],
        at instant: UnixMilliseconds,
        _ format: PayloadFormat
    ) -> SnapshotStatistics {
        var statistics = SnapshotStatistics()
        for record in records where !record.isSuperseded {
            switch record.kind {
            case .functionLibrary: statistics.functionLibraryCount += 1
            case .moduleAuxiliary: statistics.moduleAuxiliaryCount += 1
            case .key:
                let database = Int(record.database)
                statistics.databases[database, default: .init()].keyCount += 1
                if record.expiry != .never { statistics.databases[database, default: .init()].expiringKeyCount += 1 }
                let name = PayloadTypes.name(type: record.type, format: format) ?? "unknown"
                let counts = SnapshotStatistics.TypeCounts(keyCount: 1, bodyByteCount: UInt64(record.body.count))
                statistics.types[name, default: .init()] = statistics.types[name, default: .init()] + counts
                let encoding = statistics.encodings?[Int(record.type)] ?? .init()
                statistics.encodings?[Int(record.type)] = encoding + counts
                statistics.lifetimes.add(record.expiry, at: instant)
                let largest = max(statistics.largestBodyByteCount, UInt64(record.body.count))
                statistics.largestBodyByteCount = largest
                statistics.largestKeyByteCount = max(statistics.largestKeyByteCount, UInt64(record.key.count))
            }
        }
        return statistics
    }
}

extension ArchiveFixture.Record {
    /// A string of this many bytes, its length in the 32-bit RDB form.
    static func largeString(_ key: String, byteCount: Int) -> Self {
        let length = [0x80] + withUnsafeBytes(of: UInt32(byteCount).bigEndian) { Array($0) }
        return Self(key: Array(key.utf8), body: length + Array(repeating: UInt8(ascii: "x"), count: byteCount))
    }

    /// The function libraries of a server.
    static func libraries(of server: RedisServer) throws -> [Self] {
        let payload = try server.client().command("FUNCTION", "DUMP").bytes ?? []
        return try FunctionPayload.bodies(of: ByteBuffer(bytes: payload)).map {
            Self(kind: .functionLibrary, body: Array($0.readableBytesView))
        }
    }

    /// The keys of a server as DUMP gives them, in the order of databases and keys.
    static func all(of server: RedisServer) throws -> [Self] {
        var records: [Self] = []
        for place in try KeyspaceContents.read(server).entries.keys.sorted() {
            let client = try server.client(database: place.database)
            let key = RedisArgument(place.key)
            let payload = try client.command("DUMP", key).bytes ?? []
            let deadline = try client.command("PEXPIRETIME", key).integer ?? -1
            guard let type = payload.first else { continue }
            records.append(
                Self(
                    database: UInt32(place.database),
                    type: type,
                    expiry: deadline < 0 ? .never : .at(UnixMilliseconds(deadline)),
                    key: place.key,
                    body: Array(payload.dropFirst().dropLast(10))
                )
            )
        }
        return records
    }
}
