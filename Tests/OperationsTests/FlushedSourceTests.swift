import ArchiveFormat
import Capture
import Catalog
import Operations
import SnapshotModel
import TestSupport
import Testing
import Transport

/// A Memcached server that is emptied while it is read.
struct FlushedSourceTests {
    private static func request(_ server: MemcachedServer) throws -> SnapshotRequest {
        var request = SnapshotRequest(
            connection: ConnectionOptions(url: try NodeURL(server.url)),
            sourceName: "cache",
            codec: .zstd(level: 1)
        )
        request.scan.keysPerSecond = 2000
        return request
    }

    @Test func `a source that is emptied amid its walk makes the snapshot suspicious`() async throws {
        let server = try await MemcachedServer.start()
        let client = try server.client()
        try client.store((0..<8000).map { .init("key:\($0)", "value \($0)") })
        // One from before is not counted.
        try client.command("flush_all 100000")
        let directory = try TemporaryDirectory()
        async let snapshot = SnapshotOperation(try Self.request(server)).run(DrillBench.context(directory))
        while try client.stats()["cmd_get"].flatMap({ UInt64($0) }) ?? 0 < 500 {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try client.command("flush_all") == "OK")
        let report = try await snapshot
        #expect(report.keyCount < 8000 && report.manifest.consistency.vanishedKeyCount > 0)
        #expect(report.suspicion?.contains("was emptied (flush_all) while it was read") == true)
        let entries = try await DrillBench.context(directory).openRepositoryForReading().snapshots().entries
        #expect(entries.map(\.state.isTrusted) == [false])
        // At rest it is none.
        try client.store((0..<100).map { .init("key:\($0)", "value \($0)") })
        let calm = try await SnapshotOperation(try Self.request(server)).run(DrillBench.context(directory))
        #expect(calm.suspicion == nil)
    }
}
