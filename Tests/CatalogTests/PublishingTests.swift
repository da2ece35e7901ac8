import Catalog
import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import StorageSimulation
import Testing

@Suite("publishing")
struct PublishingTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
    }

    @Test("gives strictly increasing sequences, and lists newest first, each with its own tags")
    func sequences() async throws {
        let repository = try await fixture.open()
        // Tags that are shared, missing, and others.
        let drafts: [(Int64, [String: String])] = [
            (5, ["env": "prod"]), (3, [:]), (9, ["env": "prod"]), (7, ["env": "test", "tier": "a"]),
        ]
        for (hour, tags) in drafts {
            try await fixture.publish(RepositoryFixture.manifest(hour: hour, tags: tags), to: repository)
        }
        let entries = try await repository.snapshots().entries
        #expect(entries.map(\.sequence) == [3, 4, 1, 2])
        let manifests = try await repository.manifests()
        #expect(
            entries
                == manifests.map { SnapshotEntry($0, SnapshotStanding(facts: [])) }.sorted(by: SnapshotEntry.isNewer)
        )
    }

    @Test("by eight processes at once gives each its own sequence")
    func concurrentSequences() async throws {
        _ = try await fixture.open()
        let perProcess: Int64 = 5
        try await withThrowingTaskGroup(of: Void.self) { [fixture] group in
            for process in 0..<8 as Range<Int64> {
                group.addTask {
                    // A repository of its own: its own descriptors, locks and database connection.
                    let repository = try await fixture.open(creates: false)
                    var last: UInt64 = 0
                    for hour in 0..<perProcess {
                        let draft = RepositoryFixture.manifest(
                            hour: hour,
                            source: "s\(process)",
                            random: UInt32(process) << 16
                        )
                        let publication = try await fixture.publish(draft, to: repository)
                        #expect(publication.notices == [])
                        #expect(publication.manifest.sequence > last)
                        last = publication.manifest.sequence
                    }
                }
            }
            try await group.waitForAll()
        }
        let repository = try await fixture.open(creates: false)
        let sequences = try await repository.manifests().map(\.sequence).sorted()
        #expect(sequences == Array(1...40))
        let dump = try await repository.catalog().canonicalDump()
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.catalog().canonicalDump() == dump)
    }

    @Test("refuses a manifest whose part is missing or of another size, and writes nothing")
    func missingParts() async throws {
        let repository = try await fixture.open()
        let manifest = RepositoryFixture.manifest(hour: 0)
        #expect(await code { try await repository.publish(manifest) } == .corrupted)
        try await repository.store.putIfAbsent(RepositoryLayout.part(0, of: manifest.id), ByteBuffer(string: "short"))
        #expect(await code { try await repository.publish(manifest) } == .corrupted)
        #expect(try await repository.snapshots().entries == [])
        #expect(try await repository.manifests() == [])
    }

    @Test("the same id twice is refused and changes nothing")
    func sameID() async throws {
        let repository = try await fixture.open()
        let manifest = try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: repository).manifest
        #expect(await code { try await repository.publish(manifest) } == .storage)
        #expect(try await repository.manifests() == [manifest])
        #expect(try await repository.snapshots().entries.map(\.sequence) == [1])
    }

    @Test("a manifest without its row, as a crash leaves it, is adopted by the next opening")
    func adoption() async throws {
        let repository = try await fixture.open()
        let first = try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: repository).manifest
        let before = try Data(contentsOf: URL(fileURLWithPath: fixture.catalogPath))
        let second = try await fixture.publish(RepositoryFixture.manifest(hour: 1), to: repository).manifest
        try await fixture.state(.hold(reason: "audit", until: nil), first.id, repository)
        let dump = try await repository.catalog().canonicalDump()
        try before.write(to: URL(fileURLWithPath: fixture.catalogPath))

        let next = try await fixture.open(creates: false)
        let listing = try await next.snapshots()
        #expect(listing.entries.map(\.id) == [second.id, first.id])
        #expect(listing.notices == [])
        #expect(try await next.catalog().canonicalDump() == dump)
    }

    @Test("goes on from manifests that were copied into the store by hand")
    func copiedManifests() async throws {
        let repository = try await fixture.open()
        try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: repository)
        var copied = RepositoryFixture.manifest(hour: 1)
        copied.sequence = 70
        let key = RepositoryLayout.manifest(of: copied.id)
        try await repository.store.putIfAbsent(
            RepositoryLayout.part(0, of: copied.id),
            RepositoryFixture.partBytes(copied.id)
        )
        try await repository.store.putIfAbsent(key, ByteBuffer(bytes: try JSONEncoder().encode(copied)))
        let third = try await fixture.publish(RepositoryFixture.manifest(hour: 2), to: repository)
        #expect(third.manifest.sequence == 71)
        #expect(try await repository.snapshots().entries.count == 3)
    }

    @Test("does not depend on the catalog: the snapshot counts, and the notice says what to do")
    func unusableCatalog() async throws {
        let repository = try await fixture.open()
        try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: repository)
        try "garbage".write(toFile: fixture.catalogPath, atomically: true, encoding: .utf8)
        let next = try await fixture.open(creates: false)
        let publication = try await fixture.publish(RepositoryFixture.manifest(hour: 1), to: next)
        #expect(publication.manifest.sequence == 2)
        #expect(publication.notices.count == 1)
        #expect(publication.notices.first?.description.contains("rewarm catalog rebuild") == true)
        let listing = try await next.snapshots()
        #expect(listing.entries.map(\.sequence) == [2, 1])
        #expect(listing.notices.count == 1)
        let rebuild = try await next.rebuildCatalog()
        #expect((rebuild.snapshotCount, rebuild.factCount) == (2, 0))
        #expect(try await next.snapshots().notices == [])
    }

    @Test("keeps what a newer program wrote into manifests and facts, through rebuilds")
    func unknownFields() async throws {
        let repository = try await fixture.open()
        let manifest = try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: repository).manifest
        let path = fixture.path + "/" + RepositoryLayout.manifest(of: manifest.id).path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let extended = text.replacingOccurrences(of: "{\"clocks", with: "{\"aNewField\":1,\"clocks")
            .replacingOccurrences(of: "{\"codec", with: "{\"aNewField\":1,\"codec")
        #expect(extended != text)
        try extended.write(toFile: path, atomically: false, encoding: .utf8)
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.catalog().canonicalDump().contains("aNewField"))
        #expect(try await repository.manifest(manifest.id) == manifest)
    }

    @Test("runs of one source exclude each other, of two sources do not, and purge excludes both")
    func runLocks() async throws {
        var fixture = fixture
        fixture.lockTimeout = .zero
        let repository = try await fixture.open()
        let run = try await repository.beginSnapshot(sourceName: "cache")
        let error = try await #require(throws: RepositoryError.self) {
            try await repository.beginSnapshot(sourceName: "cache")
        }
        #expect(error.code == .locked)
        #expect(error.holders.map(\.command) == ["test"])
        let other = try await repository.beginSnapshot(sourceName: "sessions")
        #expect(await code { try await repository.purge(graceMilliseconds: 0, by: "me") } == .locked)
        run.release()
        other.release()
        _ = try await repository.purge(graceMilliseconds: 0, by: "me")
        try await repository.beginSnapshot(sourceName: "cache").release()
    }

    @Test("removes what crashed uploads left when the next run begins")
    func sweeping() async throws {
        let repository = try await fixture.open()
        let directory = fixture.path + "/snapshots/20231114T221320Z-000000"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let leftover = directory + "/.part-0.rewarm.0123456789abcdef.tmp"
        try "half".write(toFile: leftover, atomically: false, encoding: .utf8)
        try await repository.beginSnapshot(sourceName: "cache").release()
        #expect(!FileManager.default.fileExists(atPath: leftover))
    }
}
