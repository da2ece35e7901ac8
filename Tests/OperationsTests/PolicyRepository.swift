import Catalog
import NIOCore
import ObjectStorage
import Operations
import Policy
import SnapshotModel
import TestSupport
import Testing

/// A repository with snapshots of which only the manifests are told, and a policy over it.
struct PolicyRepository {
    static let hour: Int64 = 3_600_000
    /// The clock of the context.
    static let now = UnixMilliseconds(1_763_708_700_250)

    let directory: TemporaryDirectory
    var policy: PolicyFile

    init(_ yaml: String = "") throws {
        directory = try TemporaryDirectory(inMemory: true)
        let text = "name: web\nsource: {name: cache, url: 'redis://127.0.0.1:1'}\n" + yaml
        policy = try PolicyReader.read(text: text, fileName: "web.yaml", directory: directory.path)
    }

    var path: String { directory.path("repository") }

    func context(_ notices: @escaping @Sendable (OperationNotice) -> Void = { _ in }) -> OperationContext {
        OperationContext(
            repository: RepositoryLocation(path: path, origin: .policy, createRequested: true),
            now: { Self.now },
            actor: "tester@host",
            command: "rewarm test",
            lockPatienceMilliseconds: 20_000,
            notify: notices
        )
    }

    func open() async throws -> Repository { try await context().openRepositoryForWriting() }

    /// A snapshot whose data is so many hours old; it took 12.5 seconds.
    @discardableResult
    func publish(
        hoursAgo hours: Int64,
        keyCount: UInt64 = 1000,
        rawByteCount: UInt64 = 6000,
        storedByteCount: UInt64 = 3000,
        source: String = "cache",
        policy: String? = "web",
        _ statements: Fact.Statement...
    ) async throws -> SnapshotID {
        let instant = Self.now.advanced(byMilliseconds: -hours * Self.hour)
        let id = SnapshotID(instant: instant, random: UInt32(truncatingIfNeeded: hours &+ 1000))
        var statistics = SnapshotStatistics()
        statistics.databases[0] = .init(keyCount: keyCount, expiringKeyCount: keyCount / 2)
        statistics.lifetimes.add(.at(instant), at: instant, count: 3)
        let part = PartDescriptor(
            number: 0,
            storedByteCount: storedByteCount,
            rawByteCount: rawByteCount,
            recordCount: keyCount,
            blockCount: 1,
            sha256: String(repeating: "0", count: 64)
        )
        let manifest = Manifest(
            id: id,
            sequence: 0,
            source: SourceDescriptor(name: source, engine: .redis, serverVersion: "7.0.15", address: "localhost:6379"),
            method: .replication,
            instant: instant,
            consistency: Consistency(isPointInTime: true, from: instant, to: instant),
            clocks: nil,
            startedAt: instant.advanced(byMilliseconds: -500),
            finishedAt: instant.advanced(byMilliseconds: 12_000),
            policy: policy,
            tags: [:],
            format: PayloadFormat(engine: .redis, rdbVersion: 10),
            codec: "zlib:1",
            parts: [part],
            shards: [ShardDescriptor()],
            statistics: statistics,
            warnings: [],
            toolVersion: "test"
        )
        let repository = try await open()
        let upload = try await repository.store.beginUpload(RepositoryLayout.part(0, of: id))
        try await upload.append(ByteBuffer(repeating: 7, count: Int(storedByteCount)))
        try await upload.finish()
        _ = try await repository.publish(manifest)
        if !statements.isEmpty {
            _ = try await repository.state(statements.map { FactDraft(snapshot: id, statement: $0) }, by: "tester@host")
        }
        return id
    }

    /// States what a drill of a snapshot came to.
    func drill(
        _ id: SnapshotID,
        _ result: DrillRecord.Result,
        rtoMilliseconds: Int64? = 61_001,
        at time: UnixMilliseconds = Self.now
    ) async throws {
        var record = DrillRecord(
            result,
            engine: .redis,
            startedAt: time.advanced(byMilliseconds: -70_000),
            endedAt: time,
            rpoMilliseconds: 3_600_000
        )
        record.rtoMilliseconds = rtoMilliseconds
        var context = context()
        context.now = { time }
        let repository = try await context.openRepositoryForWriting()
        let draft = FactDraft(snapshot: id, statement: .drilled(record: record))
        _ = try await repository.state([draft], by: "tester@host")
    }
}
