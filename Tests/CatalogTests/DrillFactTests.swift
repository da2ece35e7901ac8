import Catalog
import Foundation
import GRDB
import SnapshotModel
import Testing

@Suite("drills on record")
struct DrillFactTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
    }

    /// Three snapshots: passed, then inconclusive; found different; never drilled.
    private func makeRepository() async throws -> (Repository, [SnapshotID]) {
        let repository = try await fixture.open()
        var ids: [SnapshotID] = []
        for hour in 0..<3 {
            ids.append(
                try await fixture.publish(RepositoryFixture.manifest(hour: Int64(hour)), to: repository).manifest.id
            )
        }
        for (index, result) in [(0, DrillRecord.Result.pass), (0, .inconclusive), (1, .difference)] {
            fixture.clock.advance(milliseconds: 1000)
            try await fixture.state(.drilled(record: RepositoryFixture.drill(result)), ids[index], repository)
        }
        return (repository, ids)
    }

    private func expectStates(_ repository: Repository, _ ids: [SnapshotID]) async throws {
        let entries = try await repository.snapshots().entries
        let states = Dictionary(uniqueKeysWithValues: entries.map { ($0.id, $0.state) })
        let start = UnixMilliseconds(1_700_000_000_000)
        #expect(states[ids[0]]?.drilledAt == start.advanced(byMilliseconds: 1000))
        #expect(states[ids[0]]?.lastDrill?.result == .inconclusive)
        #expect(states[ids[0]]?.lastDrill?.statedAt == start.advanced(byMilliseconds: 2000))
        #expect(states[ids[1]]?.drilledAt == nil && states[ids[1]]?.lastDrill?.result == .difference)
        #expect(states[ids[2]]?.lastDrill == nil)
        #expect(entries.allSatisfy { $0.state.heldUntil == nil && $0.state.isTrusted })
        let drills = try await repository.standing(ids[0]).drills
        #expect(drills.map(\.record) == [RepositoryFixture.drill(.pass), RepositoryFixture.drill(.inconclusive)])
    }

    @Test("stand in the rows, and a rebuild gives back the same")
    func rebuild() async throws {
        let (repository, ids) = try await makeRepository()
        try await expectStates(repository, ids)
        let dump = try await repository.catalog().canonicalDump()
        #expect(dump.contains("lastDrillResult=\"difference\""), "\(dump)")
        try FileManager.default.removeItem(atPath: fixture.catalogPath)
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.catalog().canonicalDump() == dump)
        try await expectStates(repository, ids)
        #expect(try await repository.checkCatalog().differences == [])
    }

    @Test("that an earlier program took for holds are read anew when its catalog is opened")
    func migration() async throws {
        let (repository, ids) = try await makeRepository()
        let dump = try await repository.catalog().canonicalDump()
        let queue = try DatabaseQueue(path: fixture.catalogPath)
        try await queue.write { database in
            try database.execute(
                sql: """
                    UPDATE snapshots SET heldUntil = \(Int64.max) WHERE lastDrillAt IS NOT NULL;
                    ALTER TABLE snapshots DROP COLUMN drilledAt;
                    ALTER TABLE snapshots DROP COLUMN lastDrillAt;
                    ALTER TABLE snapshots DROP COLUMN lastDrillResult;
                    DELETE FROM grdb_migrations WHERE identifier = 'drills';
                    PRAGMA user_version = 2;
                    """
            )
        }
        try queue.close()
        let next = try await fixture.open(creates: false)
        try await expectStates(next, ids)
        #expect(try await next.catalog().canonicalDump() == dump)
    }
}
