import Catalog
import Foundation
import GRDB
import NIOCore
import ObjectStorage
import SnapshotModel
import Testing

@Suite("records of runs")
struct RunRecordTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
    }

    private func failed(_ source: String = "cache", _ policy: String? = nil) -> RunDraft {
        RunDraft(
            startedAt: fixture.clock.now,
            sourceName: source,
            policy: policy,
            outcome: .snapshotFailed(kind: "unreachable", reason: "nobody answers")
        )
    }

    @Test("are objects and rows, the newest first, and survive a rebuild of the catalog")
    func recording() async throws {
        let repository = try await fixture.open()
        let first = try await repository.record(failed(), by: "me@here").record
        fixture.clock.advance(milliseconds: 1000)
        let second = try await repository.record(failed("other", "nightly"), by: "me@here").record
        #expect(try await repository.runs().records == [second, first])
        #expect(second.recordedBy == "me@here" && second.policy == "nightly" && second.isFailedSnapshot)
        let dump = try await repository.catalog().canonicalDump()
        #expect(dump.contains("nobody answers"))
        #expect(try await repository.rebuildCatalog().runCount == 2)
        #expect(try await repository.catalog().canonicalDump() == dump)
        #expect(try await repository.checkCatalog().differences == [])
        #expect(try await repository.snapshots().entries == [])
        var options = fixture.options(creates: false)
        options.access = .readOnly
        #expect(try await Repository.open(options).runs().records == [second, first])
    }

    @Test("that the catalog lacks, or that are gone, are followed by the next opening")
    func reconciling() async throws {
        let repository = try await fixture.open()
        let gone = try await repository.record(failed(), by: "me").record
        let kept = try await repository.record(failed("other"), by: "me").record
        let runs = fixture.path + "/snapshots/runs"
        try FileManager.default.removeItem(atPath: "\(runs)/\(gone.id).json")
        let lost = SnapshotID(instant: fixture.clock.now, random: 77)
        let text = try String(contentsOfFile: "\(runs)/\(kept.id).json", encoding: .utf8)
        try text.replacingOccurrences(of: kept.id.text, with: lost.text)
            .write(toFile: "\(runs)/\(lost).json", atomically: false, encoding: .utf8)
        // As after a crash between object and row.
        try FileManager.default.removeItem(atPath: repository.locks.path + "/generation")
        #expect(Set(try await fixture.open(creates: false).runs().records.map(\.id)) == [kept.id, lost])
        #expect(try await repository.checkCatalog().differences == [])
    }

    @Test("that cannot be read are told by the check, kept, and not listed")
    func unreadable() async throws {
        let repository = try await fixture.open()
        let id = SnapshotID(instant: fixture.clock.now, random: 7)
        let key = ObjectKey("snapshots/runs/\(id).json")
        try await repository.store.putIfAbsent(key, ByteBuffer(string: #"{"schema":99}"#))
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.runs().records == [])
        #expect(try await repository.checkCatalog().differences == [.unreadableRun(id)])
        fixture.clock.advance(milliseconds: 1_000_000_000_000)
        _ = try await repository.purge(graceMilliseconds: 0, by: "me")
        #expect(try await repository.store.byteCount(of: key) > 0)
    }

    @Test("missing from a catalog of the first schema are adopted when it is opened")
    func migration() async throws {
        let repository = try await fixture.open()
        let id = try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: repository).manifest.id
        let record = try await repository.record(failed(), by: "me").record
        let dump = try await repository.catalog().canonicalDump()
        let queue = try DatabaseQueue(path: fixture.catalogPath)
        try await queue.write { database in
            try database.execute(
                sql: """
                    DROP TABLE runs;
                    ALTER TABLE snapshots DROP COLUMN drilledAt;
                    ALTER TABLE snapshots DROP COLUMN lastDrillAt;
                    ALTER TABLE snapshots DROP COLUMN lastDrillResult;
                    DELETE FROM grdb_migrations WHERE identifier IN ('runs', 'drills');
                    PRAGMA user_version = 1;
                    """
            )
        }
        try queue.close()
        let next = try await fixture.open(creates: false)
        #expect(try await next.runs().records == [record])
        #expect(try await next.catalog().canonicalDump() == dump)
        #expect(try await next.snapshots().entries.map(\.id) == [id])
    }
}
