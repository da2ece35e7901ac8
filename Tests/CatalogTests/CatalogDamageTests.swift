import Catalog
import Foundation
import GRDB
import NIOCore
import ObjectStorage
import SnapshotModel
import StorageSimulation
import TestSupport
import Testing

@Suite("a damaged catalog")
struct CatalogDamageTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
    }

    private var catalog: URL { URL(fileURLWithPath: fixture.catalogPath) }

    /// A repository with snapshots in all states, and its dump.
    private func makeRepository() async throws -> String {
        let repository = try await fixture.open()
        var ids: [SnapshotID] = []
        for hour in 0..<12 as Range<Int64> {
            let manifest = RepositoryFixture.manifest(
                hour: hour,
                source: hour % 2 == 0 ? "cache" : "sessions",
                policy: hour % 3 == 0 ? "nightly" : nil,
                tags: hour % 4 == 0 ? ["env": "prod", "tier\tb": "a=\"b\"\n"] : [:]
            )
            ids.append(try await fixture.publish(manifest, to: repository).manifest.id)
        }
        let drafts: [(Int, Fact.Statement)] = [
            (0, .deleted(reason: "x")), (1, .hold(reason: "audit", until: nil)), (2, .verified(problem: nil)),
            (3, .verified(problem: "block 7")), (4, .suspected(reason: "small")), (4, .accepted(reason: "fine")),
            (5, .deleted(reason: "y")), (5, .undeleted), (11, .deleted(reason: "z")),
        ]
        for (index, statement) in drafts { try await fixture.state(statement, ids[index], repository) }
        fixture.clock.advance(milliseconds: 100 * RepositoryFixture.hour)
        _ = try await repository.purge(graceMilliseconds: 0, by: "me")
        return try await repository.catalog().canonicalDump()
    }

    /// Opens anew what lies there, rebuilds, and expects the original.
    private func expectRebuilt(_ dump: String, _ comment: String) async throws {
        let repository = try await fixture.open(creates: false)
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.catalog().canonicalDump() == dump, "\(comment)")
        #expect(try await repository.checkCatalog().differences == [], "\(comment)")
    }

    /// Listing works whatever the catalog looks like: from it, or from the manifests with a notice.
    private func expectListed(_ comment: String) async throws {
        let repository = try await fixture.open(creates: false)
        let listing = try await repository.snapshots()
        #expect(listing.entries.count == 10, "\(comment)")
    }

    @Test("that is missing is told as such, and rebuilt")
    func missing() async throws {
        let dump = try await makeRepository()
        try FileManager.default.removeItem(at: catalog)
        let repository = try await fixture.open(creates: false)
        let error = try await #require(throws: RepositoryError.self) { try await repository.catalog() }
        #expect(error.code == .catalogUnusable)
        #expect(error.message.contains("is missing; run 'rewarm catalog rebuild'"))
        try await expectListed("missing")
        try await expectRebuilt(dump, "missing")
    }

    @Test("truncated at any length is rebuilt to the original")
    func truncated() async throws {
        let dump = try await makeRepository()
        let bytes = try Data(contentsOf: catalog)
        let lengths = Set([0, 1, 15, 16, 99, 100, 511, 4095, 4096, 4097, bytes.count - 4096, bytes.count - 1])
        let step = TestExtent.count(bounded: 16384, whole: 512)
        for length in lengths.union(stride(from: 0, to: bytes.count, by: step)).sorted() {
            try bytes.prefix(length).write(to: catalog)
            let repository = try await fixture.open(creates: false)
            if let code = await code({ try await repository.catalog().canonicalDump() }) {
                #expect(code == .catalogUnusable, "length \(length)")
            }
            if length < bytes.count / 2 { try await expectListed("length \(length)") }
            try await expectRebuilt(dump, "length \(length)")
        }
    }

    @Test("with any page flipped never crashes, and is rebuilt to the original")
    func flippedPages() async throws {
        let dump = try await makeRepository()
        let bytes = try Data(contentsOf: catalog)
        let pageByteCount = 4096
        #expect(bytes.count / pageByteCount > 10)
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        let rounds = TestExtent.count(bounded: 2, whole: 40)
        var detectedCount = 0
        for page in 0..<(bytes.count / pageByteCount) {
            for round in 0..<rounds {
                var damaged = bytes
                // First the whole page, then single bytes of it.
                let first = page * pageByteCount
                let range =
                    round == 0
                    ? first..<(first + pageByteCount)
                    : [first + Int.random(in: 0..<pageByteCount, using: &generator)].range
                for index in range { damaged[index] ^= 0xFF }
                try damaged.write(to: catalog)
                let comment = "page \(page), round \(round), seed \(seed)"
                let repository = try await fixture.open(creates: false)
                let error = await code {
                    _ = try await repository.snapshots()
                    if try await !repository.checkCatalog().differences.isEmpty {
                        throw RepositoryError(.catalogUnusable, "check found it")
                    }
                }
                if let error {
                    #expect(error == .catalogUnusable, "\(comment)")
                    detectedCount += 1
                }
                try await expectRebuilt(dump, comment)
            }
        }
        #expect(detectedCount >= bytes.count / pageByteCount / 2, "seed \(seed)")
    }

    @Test("with any page flipped keeps no snapshot from being published")
    func publishing() async throws {
        _ = try await makeRepository()
        let bytes = try Data(contentsOf: catalog)
        let pageByteCount = 4096
        var noticeCount = 0
        for page in 0..<(bytes.count / pageByteCount) {
            var damaged = bytes
            for index in (page * pageByteCount)..<((page + 1) * pageByteCount) { damaged[index] ^= 0xFF }
            try damaged.write(to: catalog)
            let repository = try await fixture.open(creates: false)
            let manifest = RepositoryFixture.manifest(hour: 300 + Int64(page))
            noticeCount += try await fixture.publish(manifest, to: repository).notices.count
            #expect(try await repository.manifests().contains { $0.id == manifest.id }, "page \(page)")
        }
        #expect(noticeCount > 0)
        let sequences = try await fixture.open(creates: false).manifests().map(\.sequence)
        #expect(Set(sequences).count == sequences.count)
    }

    @Test("of an older state is brought up to the store by itself")
    func stale() async throws {
        let repository = try await fixture.open()
        var states = [Data()]
        for hour in 0..<5 as Range<Int64> {
            let id = try await fixture.publish(RepositoryFixture.manifest(hour: hour), to: repository).manifest.id
            states.append(try Data(contentsOf: catalog))
            try await fixture.state(.verified(problem: nil), id, repository)
            states.append(try Data(contentsOf: catalog))
        }
        let dump = try await repository.catalog().canonicalDump()
        for state in states.dropFirst() {
            try state.write(to: catalog)
            let next = try await fixture.open(creates: false)
            #expect(try await next.catalog().canonicalDump() == dump)
        }
    }

    @Test("that knows of snapshots or facts which the store has lost says so, and is rebuilt without them")
    func ahead() async throws {
        let repository = try await fixture.open()
        let kept = try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: repository).manifest.id
        let dump = try await repository.catalog().canonicalDump()
        let lost = try await fixture.publish(RepositoryFixture.manifest(hour: 1), to: repository).manifest.id
        try FileManager.default.removeItem(atPath: fixture.path + "/" + RepositoryLayout.manifest(of: lost).path)
        let check = try await repository.checkCatalog()
        #expect(check.differences.contains(.extraRow(table: "snapshots", key: "\"\(lost)\"")))
        #expect(check.differences.count == 3, "\(check.differences)")
        #expect(check.isMendedByRebuild)
        try FileManager.default.removeItem(atPath: repository.locks.path + "/generation")
        let error = try await #require(throws: RepositoryError.self) { try await repository.catalog() }
        #expect(error.code == .catalogUnusable && error.message.contains(lost.text))
        #expect(try await repository.snapshots().entries.map(\.id) == [kept])
        try await expectRebuilt(dump, "lost snapshot")

        let fact = try await fixture.state(.verified(problem: nil), kept, repository)
        try FileManager.default.removeItem(atPath: fixture.path + "/snapshots/\(kept)/facts/\(fact.id).json")
        try FileManager.default.removeItem(atPath: repository.locks.path + "/generation")
        #expect(await code { try await repository.catalog() } == .catalogUnusable)
        try await expectRebuilt(dump, "lost fact")
    }

    @Test(
        "of another schema is told as such, and rebuilt",
        arguments: [
            "PRAGMA user_version = 99", "PRAGMA application_id = 0", "DROP TABLE facts", "DROP TABLE meta",
            "ALTER TABLE snapshots DROP COLUMN heldUntil", "ALTER TABLE snapshots RENAME COLUMN instant TO takenAt",
            "UPDATE meta SET value = 'another' WHERE name = 'repository'",
            "DELETE FROM meta WHERE name = 'repository'",
        ]
    )
    func wrongSchema(_ sql: String) async throws {
        let dump = try await makeRepository()
        try execute(sql)
        let repository = try await fixture.open(creates: false)
        let error = await code { try await repository.catalog().canonicalDump() }
        let listing = try await repository.snapshots()
        #expect(listing.entries.count == 10)
        #expect(error == .catalogUnusable || listing.notices.count == 1)
        try await expectRebuilt(dump, sql)
    }

    @Test("of another program is not touched by reading")
    func foreign() async throws {
        let dump = try await makeRepository()
        try FileManager.default.removeItem(at: catalog)
        try execute("CREATE TABLE other (x)")
        let before = try Data(contentsOf: catalog)
        let repository = try await fixture.open(creates: false)
        #expect(await code { try await repository.catalog() } == .catalogUnusable)
        #expect(try await repository.snapshots().entries.count == 10)
        #expect(try Data(contentsOf: catalog) == before)
        try await expectRebuilt(dump, "foreign")
    }

    enum Kind {
        case missing
        case extra
        case different
        case other
    }

    @Test(
        "with a changed, missing or additional row is found out by the check",
        arguments: [
            ("UPDATE snapshots SET keyCount = keyCount + 1 WHERE sequence = 3", Kind.different),
            ("UPDATE manifests SET manifest = replace(manifest, 'cache', 'other')", Kind.different),
            ("UPDATE snapshots SET deletedAt = NULL", Kind.different),
            ("DELETE FROM facts WHERE rowid = (SELECT max(rowid) FROM facts)", Kind.missing),
            ("DELETE FROM tags WHERE rowid = (SELECT max(rowid) FROM tags)", Kind.missing),
            ("DELETE FROM parts WHERE rowid = (SELECT max(rowid) FROM parts)", Kind.missing),
            ("DELETE FROM snapshots WHERE sequence = 3", Kind.missing),
            ("INSERT INTO tags SELECT id, 'x', 'y' FROM snapshots WHERE sequence = 3", Kind.extra),
        ]
    )
    func differences(_ sql: String, _ kind: Kind) async throws {
        let dump = try await makeRepository()
        let repository = try await fixture.open(creates: false)
        #expect(try await repository.checkCatalog().differences == [])
        try execute(sql)
        let check = try await repository.checkCatalog()
        let kinds = check.differences.map { difference in
            switch difference {
            case .missingRow: Kind.missing
            case .extraRow: Kind.extra
            case .differentRow: Kind.different
            default: Kind.other
            }
        }
        #expect(kinds.contains(kind) && !kinds.contains(.other), "\(check.differences)")
        #expect(check.isMendedByRebuild)
        try await expectRebuilt(dump, sql)
    }

    @Test("left with a journal of the old file is not rolled back after a rebuild")
    func hotJournal() async throws {
        let dump = try await makeRepository()
        let journal = fixture.catalogPath + "-journal"
        try hotJournal(journal).write(to: URL(fileURLWithPath: journal))
        let repository = try await fixture.open(creates: false)
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.catalog().canonicalDump() == dump)
        #expect(try await repository.checkCatalog().differences == [])
        #expect(!FileManager.default.fileExists(atPath: journal))
    }

    @Test("check tells of parts that are missing or of another size, and of manifests that cannot be read")
    func storeDamage() async throws {
        _ = try await makeRepository()
        let repository = try await fixture.open(creates: false)
        let ids = try await repository.snapshots().entries.map(\.id)
        let missing = RepositoryLayout.part(0, of: ids[1])
        let short = RepositoryLayout.part(0, of: ids[2])
        try FileManager.default.removeItem(atPath: fixture.path + "/" + missing.path)
        try Data("short".utf8).write(to: URL(fileURLWithPath: fixture.path + "/" + short.path))
        let unreadable = RepositoryLayout.manifest(of: RepositoryFixture.manifest(hour: 99).id)
        try await repository.store.putIfAbsent(unreadable, ByteBuffer(string: "{"))
        let check = try await repository.checkCatalog()
        #expect(check.differences.contains(.missingPart(missing)))
        #expect(check.differences.contains(.wrongPartSize(short, storedByteCount: 5, manifestByteCount: 3000)))
        #expect(check.differences.count == 3)
        #expect(!check.isMendedByRebuild)
        #expect(try await repository.rebuildCatalog().notices.count == 1)
    }

    /// A journal as a process leaves it that dies within a transaction: SQLite rolls it back at the next opening.
    private func hotJournal(_ path: String) throws -> Data {
        let queue = try DatabaseQueue(path: fixture.catalogPath)
        var journal = Data()
        try queue.inDatabase { database in
            // Unsynchronised, the journal is valid as it grows; a small cache makes it grow.
            try database.execute(sql: "PRAGMA synchronous = OFF; PRAGMA cache_size = 1; BEGIN IMMEDIATE")
            try database.execute(sql: "UPDATE manifests SET manifest = manifest || manifest")
            try database.execute(sql: "UPDATE snapshots SET codec = codec || codec")
            journal = try Data(contentsOf: URL(fileURLWithPath: path))
            try database.execute(sql: "ROLLBACK")
        }
        try queue.close()
        #expect(journal.count > 4096)
        return journal
    }

    private func execute(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        let queue = try DatabaseQueue(path: fixture.catalogPath, configuration: configuration)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }
}

extension [Int] {
    fileprivate var range: Range<Int> { self[0]..<(self[0] + 1) }
}
