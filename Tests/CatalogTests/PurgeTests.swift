import Catalog
import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import StorageSimulation
import Testing

@Suite("purge")
struct PurgeTests {
    private static let grace = 24 * RepositoryFixture.hour
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
    }

    /// A repository with snapshots of the hours 0 to 3, the ones of `deletedHours` deleted.
    private func makeRepository(deletedHours: [Int]) async throws -> (Repository, [SnapshotID]) {
        let repository = try await fixture.open()
        var ids: [SnapshotID] = []
        for hour in 0..<4 as Range<Int64> {
            ids.append(try await fixture.publish(RepositoryFixture.manifest(hour: hour), to: repository).manifest.id)
        }
        for hour in deletedHours { try await fixture.state(.deleted(reason: "expired"), ids[hour], repository) }
        return (repository, ids)
    }

    private func purge(_ repository: Repository) async throws -> PurgeReport {
        try await repository.purge(graceMilliseconds: Self.grace, by: "me@here")
    }

    private func expectSound(_ repository: Repository, _ ids: [SnapshotID]) async throws {
        #expect(try await repository.snapshots().entries.map(\.id) == ids.sorted().reversed())
        #expect(try await fixture.brokenSnapshots(PosixFileSystem()) == [])
        #expect(try await repository.checkCatalog().differences == [])
    }

    @Test("frees what was deleted longer ago than the grace time, and nothing else")
    func grace() async throws {
        let (repository, ids) = try await makeRepository(deletedHours: [0, 2])
        fixture.clock.advance(milliseconds: Self.grace - 1000)
        let early = try await purge(repository)
        #expect(early.plan.freedByteCount == 0)
        #expect(early.plan.items.map(\.id) == [ids[2], ids[0]])
        fixture.clock.advance(milliseconds: 2000)
        let plan = try await repository.purgePlan(graceMilliseconds: Self.grace)
        let report = try await purge(repository)
        #expect(report.plan == plan)
        #expect(report.plan.items.map(\.decision) == [.free, .free])
        #expect(report.plan.freedByteCount == 6000)
        try await expectSound(repository, [ids[1], ids[3]])
        let left = try await repository.store.listComponents(prefix: "snapshots/")
        #expect(left == [ids[1], ids[3]].map(\.text))
        let locks = try FileManager.default.contentsOfDirectory(atPath: repository.locks.path)
        #expect(!locks.contains { $0.contains(ids[0].text) })
        #expect(try await purge(repository).plan.items == [])
    }

    @Test("respects a hold that was stated after the deletion")
    func holds() async throws {
        let (repository, ids) = try await makeRepository(deletedHours: [0])
        let hold = try await fixture.state(.hold(reason: "audit", until: nil), ids[0], repository)
        fixture.clock.advance(milliseconds: 2 * Self.grace)
        #expect(try await purge(repository).plan.items.map(\.decision) == [.held])
        try await fixture.state(.holdRemoved(holdID: hold.id), ids[0], repository)
        #expect(try await purge(repository).plan.items.map(\.decision) == [.free])
    }

    @Test("sees a hold that only the store knows: the catalog is not trusted with a deletion")
    func holdWithoutRow() async throws {
        let (repository, ids) = try await makeRepository(deletedHours: [0])
        let before = try Data(contentsOf: URL(fileURLWithPath: fixture.catalogPath))
        let generation = try Data(contentsOf: URL(fileURLWithPath: repository.locks.path + "/generation"))
        try await fixture.state(.hold(reason: "audit", until: nil), ids[0], repository)
        try before.write(to: URL(fileURLWithPath: fixture.catalogPath))
        try generation.write(to: URL(fileURLWithPath: repository.locks.path + "/generation"))
        fixture.clock.advance(milliseconds: 2 * Self.grace)
        let next = try await fixture.open(creates: false)
        #expect(try await purge(next).plan.items.map(\.decision) == [.held])
        #expect(try await fixture.brokenSnapshots(PosixFileSystem()) == [])
    }

    @Test("leaves a snapshot that is being read to the next time, naming the reader")
    func leases() async throws {
        let (repository, ids) = try await makeRepository(deletedHours: [0, 1])
        let lease = try await repository.lease(ids[0])
        fixture.clock.advance(milliseconds: 2 * Self.grace)
        let plan = try await repository.purgePlan(graceMilliseconds: Self.grace)
        #expect(plan.freedByteCount == 3000)
        let report = try await purge(repository)
        #expect(report.plan.items.map(\.id) == [ids[1], ids[0]])
        #expect(report.plan.items.first?.decision == .free)
        guard case .leased(let holders) = report.plan.items.last?.decision else {
            Issue.record("purged under a reader")
            return
        }
        #expect(holders.map(\.command) == ["test"])
        #expect(try await repository.manifest(ids[0]).id == ids[0])
        lease.release()
        #expect(try await purge(repository).plan.items.map(\.decision) == [.free])
        #expect(await code { try await repository.lease(ids[0]) } == .snapshotNotFound)
    }

    @Test("does not touch what was undeleted, and there is no way back from a purge")
    func undeleted() async throws {
        let (repository, ids) = try await makeRepository(deletedHours: [0, 3])
        try await fixture.state(.undeleted, ids[0], repository)
        fixture.clock.advance(milliseconds: 2 * Self.grace)
        _ = try await purge(repository)
        try await expectSound(repository, [ids[0], ids[1], ids[2]])
        #expect(await code { try await fixture.state(.undeleted, ids[3], repository) } == .conflict)
    }

    @Test("keeps the manifest of the highest sequence until there is a higher one")
    func tombstone() async throws {
        let (repository, ids) = try await makeRepository(deletedHours: [3])
        fixture.clock.advance(milliseconds: 2 * Self.grace)
        #expect(try await purge(repository).plan.items.map(\.decision) == [.keepTombstone])
        #expect(try await repository.store.list(prefix: RepositoryLayout.prefix(of: ids[3])).count == 3)
        try await expectSound(repository, [ids[0], ids[1], ids[2]])
        _ = try await repository.rebuildCatalog()
        let next = try await fixture.publish(RepositoryFixture.manifest(hour: 10), to: repository).manifest
        #expect(next.sequence == 5)
        #expect(try await purge(repository).plan.items.map(\.decision) == [.free])
        #expect(try await repository.store.list(prefix: RepositoryLayout.prefix(of: ids[3])) == [])
        try await expectSound(repository, [ids[0], ids[1], ids[2], next.id])
    }

    @Test("frees nothing when the clock went back before the deletion")
    func clockBack() async throws {
        let (repository, _) = try await makeRepository(deletedHours: [0])
        fixture.clock.advance(milliseconds: -1000 * RepositoryFixture.hour)
        let report = try await repository.purge(graceMilliseconds: 0, by: "me")
        #expect(report.plan.freedByteCount == 0)
    }

    @Test("removes parts of crashed runs after the grace time, but never what has a manifest or a row")
    func orphans() async throws {
        let (repository, ids) = try await makeRepository(deletedHours: [])
        // Objects carry the time of the machine, so the fixture's clock is set by it.
        fixture.clock.now = UnixMilliseconds(Int64(Date().timeIntervalSince1970 * 1000))
        let orphan = RepositoryFixture.manifest(hour: 50).id
        try await repository.store.putIfAbsent(RepositoryLayout.part(0, of: orphan), ByteBuffer(string: "orphan"))
        let damaged = RepositoryFixture.manifest(hour: 51).id
        try await repository.store.putIfAbsent(RepositoryLayout.part(0, of: damaged), ByteBuffer(string: "part"))
        try await repository.store.putIfAbsent(RepositoryLayout.manifest(of: damaged), ByteBuffer(string: "{"))
        #expect(try await purge(repository).plan.orphans == [])
        fixture.clock.advance(milliseconds: 2 * Self.grace)
        let report = try await purge(repository)
        #expect(report.plan.orphans.map(\.key) == [RepositoryLayout.part(0, of: orphan)])
        #expect(report.plan.freedByteCount == 6)
        #expect(try await repository.store.list(prefix: RepositoryLayout.prefix(of: damaged)).count == 2)
        #expect(try await repository.snapshots().entries.count == ids.count)
    }

    @Test("refuses to work with a catalog that knows more than the store")
    func lostManifest() async throws {
        let (repository, ids) = try await makeRepository(deletedHours: [0])
        try FileManager.default.removeItem(atPath: fixture.path + "/" + RepositoryLayout.manifest(of: ids[1]).path)
        try await fixture.state(.verified(problem: nil), ids[2], repository)
        try FileManager.default.removeItem(atPath: repository.locks.path + "/generation")
        fixture.clock.advance(milliseconds: 2 * Self.grace)
        #expect(await code { try await purge(repository) } == .catalogUnusable)
        #expect(try await repository.store.byteCount(of: RepositoryLayout.part(0, of: ids[1])) == 3000)
        #expect(try await repository.store.byteCount(of: RepositoryLayout.part(0, of: ids[0])) == 3000)
    }
}
