import Catalog
import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import StorageSimulation
import Synchronization
import TestSupport
import Testing

/// A clock that tests set.
final class ManualClock: Sendable {
    private let time: Mutex<UnixMilliseconds>

    init(_ time: UnixMilliseconds = UnixMilliseconds(1_700_000_000_000)) {
        self.time = Mutex(time)
    }

    var now: UnixMilliseconds {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }

    func advance(milliseconds: Int64) {
        time.withLock { $0 = $0.advanced(byMilliseconds: milliseconds) }
    }
}

/// A repository for one test, with short ways to fill it.
struct RepositoryFixture {
    static let hour: Int64 = 3_600_000

    let directory: TemporaryDirectory
    let clock = ManualClock()
    /// Relative to the test's directory, or absolute in a simulated file system.
    var path: String
    var catalogPath: String
    /// Without faults, but also without synchronising.
    var fileSystem: any FileSystem = FaultyFileSystem()
    var catalogFileSystem: any FileSystem = FaultyFileSystem()

    /// Waits for locks by default: other tests of this process start programs, and a child shares the locks that are
    /// held at its fork until its exec.
    var lockTimeout = Duration.seconds(20)

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
        path = directory.path("repository")
        catalogPath = directory.path("repository/catalog.sqlite")
    }

    func options(creates: Bool = true) -> RepositoryOptions {
        var options = RepositoryOptions(path: path, creates: creates, catalogPath: catalogPath, command: "test")
        options.lockTimeout = lockTimeout
        options.fileSystem = fileSystem
        options.catalogFileSystem = catalogFileSystem
        options.now = { [clock] in clock.now }
        return options
    }

    func open(creates: Bool = true) async throws -> Repository {
        try await Repository.open(options(creates: creates))
    }

    /// The bytes of the part of a snapshot: they follow from its id, so that a check needs no memory of them.
    static func partBytes(_ id: SnapshotID, byteCount: Int = 3000) -> ByteBuffer {
        var generator = SeededGenerator(seed: id.text.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
        return ByteBuffer(bytes: (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// A manifest with one part; `hour` is the instant, in hours since the clock's first time.
    static func manifest(
        hour: Int64,
        source: String = "cache",
        policy: String? = nil,
        tags: [String: String] = [:],
        random: UInt32 = 0
    ) -> Manifest {
        let instant = UnixMilliseconds(1_700_000_000_000 + hour * Self.hour)
        let id = SnapshotID(instant: instant, random: random &+ UInt32(truncatingIfNeeded: hour))
        var statistics = SnapshotStatistics()
        statistics.databases[0] = SnapshotStatistics.DatabaseCounts(keyCount: 100, expiringKeyCount: 68)
        statistics.types["string"] = SnapshotStatistics.TypeCounts(keyCount: 100, bodyByteCount: 6000)
        let part = PartDescriptor(
            number: 0,
            storedByteCount: UInt64(partBytes(id).readableBytes),
            rawByteCount: 6000,
            recordCount: 100,
            blockCount: 1,
            sha256: String(repeating: "0", count: 64)
        )
        return Manifest(
            id: id,
            sequence: 0,
            source: SourceDescriptor(name: source, engine: .redis, serverVersion: "7.0.15", address: "localhost:6379"),
            method: .replication,
            instant: instant,
            consistency: Consistency(isPointInTime: true, from: instant, to: instant),
            clocks: nil,
            startedAt: instant,
            finishedAt: instant.advanced(byMilliseconds: 1000),
            policy: policy,
            tags: tags,
            format: PayloadFormat(engine: .redis, rdbVersion: 10),
            codec: "zlib:6",
            parts: [part],
            shards: [ShardDescriptor()],
            statistics: statistics,
            warnings: [],
            toolVersion: "test"
        )
    }

    /// What a drill with figures came to.
    static func drill(_ result: DrillRecord.Result) -> DrillRecord {
        let start = UnixMilliseconds(1_700_000_000_000)
        var record = DrillRecord(
            result,
            reason: result == .pass ? nil : "it is a test",
            engine: .redis,
            serverVersion: "7.0.15",
            startedAt: start,
            endedAt: start.advanced(byMilliseconds: 9000),
            rpoMilliseconds: hour
        )
        record.phases = [.load: 4000, .compare: 3000]
        record.rtoMilliseconds = 5000
        record.differences = result == .difference ? [.missing: 2] : [:]
        return record
    }

    /// Uploads the part and publishes.
    @discardableResult
    func publish(_ manifest: Manifest, to repository: Repository) async throws -> Publication {
        let upload = try await repository.store.beginUpload(RepositoryLayout.part(0, of: manifest.id))
        do {
            try await upload.append(Self.partBytes(manifest.id))
            try await upload.finish()
        } catch {
            await upload.abort()
            throw error
        }
        return try await repository.publish(manifest)
    }

    @discardableResult
    func state(_ statement: Fact.Statement, _ id: SnapshotID, _ repository: Repository) async throws -> Fact {
        let stated = try await repository.state([FactDraft(snapshot: id, statement: statement)], by: "me@here")
        #expect(stated.notices == [])
        return try #require(stated.facts.first)
    }

    /// What is not whole among the snapshots that a reader without a catalog lists; empty if all is well.
    func brokenSnapshots(_ fileSystem: any FileSystem) async throws -> [String] {
        var options = options(creates: false)
        options.fileSystem = fileSystem
        options.access = .readOnly
        let repository = try await Repository.open(options)
        let listing = try await repository.snapshots()
        var broken = listing.notices.compactMap { notice in
            if case .unreadableManifest(let id, _) = notice { "\(id): unreadable manifest" } else { nil }
        }
        for entry in listing.entries {
            for part in try await repository.manifest(entry.id).parts {
                let key = RepositoryLayout.part(part.number, of: entry.id)
                let bytes = try? await repository.store.readWhole(key)
                if bytes != Self.partBytes(entry.id) { broken.append("\(key) is not what was written") }
            }
        }
        return broken
    }
}

/// The code of the repository error that `body` throws; nil if it throws none.
func code<Result>(_ body: () async throws -> Result) async -> RepositoryError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? RepositoryError)?.code
    }
}
