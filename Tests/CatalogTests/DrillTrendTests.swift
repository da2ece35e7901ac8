import Catalog
import SnapshotModel
import Testing

/// What becomes of drills whose snapshots go.
@Suite("the trend of drills")
struct DrillTrendTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
    }

    private static func drill(_ number: Int64, _ result: DrillRecord.Result = .pass) -> DrillRecord {
        var record = RepositoryFixture.drill(result)
        record.startedAt = record.startedAt.advanced(byMilliseconds: number * 60_000)
        record.rtoMilliseconds = number
        return record
    }

    @discardableResult
    private func publish(_ hour: Int64, source: String = "cache", _ repository: Repository) async throws -> Manifest {
        let manifest = RepositoryFixture.manifest(hour: hour, source: source, policy: "nightly")
        return try await fixture.publish(manifest, to: repository).manifest
    }

    private func state(_ drill: DrillRecord, of manifest: Manifest, _ repository: Repository) async throws {
        fixture.clock.advance(milliseconds: 1000)
        let stated = try await repository.stateDrill(drill, of: manifest, by: "me@here")
        #expect(stated.notices == [] && stated.facts.count == 1)
    }

    private func trend(_ repository: Repository, source: String = "cache") async throws -> [Int64?] {
        try await repository.drills(limit: 1000) { name, policy in name == source && policy == "nightly" }
            .map(\.record.rtoMilliseconds)
    }

    @Test("outlives its snapshots, by the catalog and by a rebuilt one")
    func purge() async throws {
        let repository = try await fixture.open()
        let manifests = [
            try await publish(0, repository), try await publish(1, repository), try await publish(2, repository),
        ]
        try await state(Self.drill(1), of: manifests[0], repository)
        try await state(Self.drill(2, .difference), of: manifests[0], repository)
        try await state(Self.drill(3), of: manifests[1], repository)
        #expect(try await trend(repository) == [3, 2, 1])
        try await fixture.state(.deleted(reason: "old"), manifests[0].id, repository)
        #expect(try await trend(repository) == [3, 2, 1])
        fixture.clock.advance(milliseconds: 100 * RepositoryFixture.hour)
        let report = try await repository.purge(graceMilliseconds: RepositoryFixture.hour, by: "me")
        #expect(report.plan.items.map(\.id) == [manifests[0].id])
        #expect(try await trend(repository) == [3, 2, 1])
        #expect(try await repository.standing(manifests[0].id).drills == [])
        let drills = try await repository.drills(limit: 2) { _, _ in true }
        #expect(drills.map(\.snapshot) == [manifests[1].id, manifests[0].id])
        #expect(drills.map(\.record) == [Self.drill(3), Self.drill(2, .difference)])
        let dump = try await repository.catalog().canonicalDump()
        #expect(try await repository.rebuildCatalog().runCount == 3)
        #expect(try await repository.catalog().canonicalDump() == dump)
        #expect(try await trend(repository) == [3, 2, 1])
        var options = fixture.options(creates: false)
        options.access = .readOnly
        #expect(try await trend(Repository.open(options)) == [3, 2, 1])
    }

    @Test("holds a bounded number of drills of each source and policy, the last ones")
    func bound() async throws {
        let repository = try await fixture.open()
        let (one, other) = (try await publish(0, repository), try await publish(1, source: "other", repository))
        let count = Int64(Repository.keptDrillCount) + 5
        try await state(Self.drill(0), of: other, repository)
        for number in 1...count { try await state(Self.drill(number), of: one, repository) }
        let runs = try await repository.runs().records.filter { $0.sourceName == "cache" }
        #expect(runs.count == Repository.keptDrillCount)
        // As long as the snapshot is there its facts tell of all.
        #expect(try await trend(repository).count == Int(count))
        #expect(try await trend(repository, source: "other") == [0])
        for manifest in [one, other] { try await fixture.state(.deleted(reason: "old"), manifest.id, repository) }
        fixture.clock.advance(milliseconds: 100 * RepositoryFixture.hour)
        _ = try await repository.purge(graceMilliseconds: 0, by: "me")
        #expect(try await trend(repository) == (6...count).reversed().map { $0 })
        #expect(try await trend(repository, source: "other") == [0])
        #expect(try await repository.checkCatalog().differences == [])
    }

    @Test("knows drills that are facts and nothing else, once")
    func olderProgram() async throws {
        let repository = try await fixture.open()
        let manifest = try await publish(0, repository)
        try await fixture.state(.drilled(record: Self.drill(1)), manifest.id, repository)
        try await state(Self.drill(2), of: manifest, repository)
        #expect(try await trend(repository) == [2, 1])
        #expect(try await repository.standing(manifest.id).drills.count == 2)
    }

    @Test("decides nothing: retention goes by facts")
    func noProof() async throws {
        let repository = try await fixture.open()
        let manifest = try await publish(0, repository)
        let scope = PolicyScope(policy: "nightly", sourceName: "cache")
        _ = try await repository.applyRetention(scope, by: "me") { inventory in
            var change = RetentionChange()
            change.run = RunDraft(
                startedAt: fixture.clock.now,
                sourceName: "cache",
                policy: "nightly",
                outcome: .drilled(snapshot: manifest.id, record: Self.drill(1))
            )
            return ((), change)
        }
        #expect(try await trend(repository) == [1])
        #expect(try await repository.snapshots().entries.map(\.state.drilledAt) == [nil])
    }
}
