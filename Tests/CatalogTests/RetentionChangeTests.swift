import Catalog
import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import Testing

/// What retention is told about a repository, and how what it decided is carried out.
@Suite("retention on a repository")
struct RetentionChangeTests {
    private let fixture: RepositoryFixture
    private let scope = PolicyScope(policy: "nightly", sourceName: "cache")

    init() throws {
        fixture = try RepositoryFixture()
    }

    private func publish(_ hours: Range<Int64>, to repository: Repository) async throws -> [SnapshotID] {
        var ids: [SnapshotID] = []
        for hour in hours {
            ids.append(try await fixture.publish(RepositoryFixture.manifest(hour: hour), to: repository).manifest.id)
        }
        return ids
    }

    private func delete(_ ids: [SnapshotID], _ repository: Repository) async throws {
        _ = try await repository.applyRetention(scope, by: "me") { _ in
            var change = RetentionChange()
            change.deletions = ids.map { (id: $0, reason: "expired") }
            return ((), change)
        }
    }

    @Test("has a say in what its policy took, and in what nobody's policy took of its source")
    func scopes() async throws {
        let repository = try await fixture.open()
        let cases: [(source: String, policy: String?, isInScope: Bool)] = [
            ("cache", nil, true), ("cache", "nightly", true), ("other", "nightly", true), ("other", nil, false),
            ("cache", "weekly", false),
        ]
        for (index, one) in cases.enumerated() {
            let manifest = RepositoryFixture.manifest(
                hour: Int64(index),
                source: one.source,
                policy: one.policy
            )
            try await fixture.publish(manifest, to: repository)
        }
        let inventory = try await repository.inventory(scope)
        #expect(inventory.items.map(\.entry.instant) == inventory.items.map(\.entry.instant).sorted(by: >))
        #expect(
            Set(inventory.items.map(\.entry.id))
                == Set(
                    cases.indices.filter { cases[$0].isInScope }.map { index in
                        RepositoryFixture.manifest(hour: Int64(index)).id
                    }
                )
        )
        #expect(inventory.outOfScopeCount == 2)
        let everybody = try await repository.inventory(PolicyScope(policy: "nightly", sourceName: nil))
        #expect(everybody.outOfScopeCount == 1)
    }

    @Test("is told of holds, readers and missing or cut archives")
    func conditions() async throws {
        let repository = try await fixture.open()
        let ids = try await publish(0..<4, to: repository)
        try await fixture.state(.hold(reason: "audit", until: nil), ids[0], repository)
        let lease = try await repository.lease(ids[1])
        try await repository.store.delete(RepositoryLayout.part(0, of: ids[2]))
        let path = fixture.path + "/" + RepositoryLayout.part(0, of: ids[3]).path
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
        let items = try await repository.inventory(scope).items
        #expect(items.map(\.entry.id) == ids.reversed())
        #expect(items.map { $0.holds.map(\.reason) } == [[], [], [], ["audit"]])
        #expect(items.map(\.isLeased) == [false, false, true, false])
        #expect(items.map(\.hasAllParts) == [false, false, true, true])
        lease.release()
        #expect(try await repository.inventory(scope).items.allSatisfy { !$0.isLeased })
    }

    @Test("treats a fact that cannot be read like a hold")
    func unreadableFact() async throws {
        let repository = try await fixture.open()
        let ids = try await publish(0..<1, to: repository)
        let key = ObjectKey("snapshots/\(ids[0])/facts/20990101T000000Z-000000.json")
        try await repository.store.putIfAbsent(key, ByteBuffer(string: "{"))
        // No generation tells of it: the inventory must not rest on that.
        #expect(try await repository.inventory(scope).items.map(\.hasUnreadableFacts) == [true])
        #expect(await code { try await delete(ids, repository) } == .conflict)
    }

    @Test("hears of a catalog that knows more than the store, and goes by the store")
    func disagreement() async throws {
        let repository = try await fixture.open()
        let ids = try await publish(0..<2, to: repository)
        try FileManager.default.removeItem(atPath: "\(fixture.path)/snapshots/\(ids[0])")
        let inventory = try await repository.inventory(scope)
        let text = try #require(inventory.disagreement)
        #expect(text.contains(ids[0].text) && text.contains("rewarm catalog rebuild"))
        #expect(inventory.items.map(\.entry.id) == [ids[1]])
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.inventory(scope).disagreement == nil)
    }

    @Test("deletes all or nothing if one of them is held meanwhile")
    func held() async throws {
        let repository = try await fixture.open()
        let ids = try await publish(0..<3, to: repository)
        try await fixture.state(.hold(reason: "audit", until: nil), ids[1], repository)
        #expect(await code { try await delete(ids, repository) } == .conflict)
        #expect(try await repository.snapshots().entries.allSatisfy { $0.state.isLive })
        fixture.clock.advance(milliseconds: 1000)
        try await delete([ids[0], ids[2]], repository)
        #expect(try await repository.snapshots().entries.map(\.state.isLive) == [false, true, false])
        #expect(try await repository.checkCatalog().differences == [])
    }

    @Test("purges only in its scope, and never waits for somebody who holds the repository")
    func scopedPurge() async throws {
        let repository = try await fixture.open()
        let mine = try await publish(0..<2, to: repository)
        let theirs = try await fixture.publish(
            RepositoryFixture.manifest(hour: 5, source: "theirs"),
            to: repository
        ).manifest.id
        try await publishNewest(repository)
        for id in mine + [theirs] { try await fixture.state(.deleted(reason: "x"), id, repository) }
        let run = try await repository.beginSnapshot(sourceName: "somebody")
        #expect(
            await code { try await repository.purge(graceMilliseconds: 0, in: scope, waiting: .zero, by: "me") }
                == .locked
        )
        run.release()
        fixture.clock.advance(milliseconds: 1000)
        let report = try await repository.purge(graceMilliseconds: 0, in: scope, waiting: .zero, by: "me")
        #expect(report.plan.items.map(\.id) == mine.reversed())
        #expect(try await repository.standing(theirs).purgedAt == nil)
    }

    private func publishNewest(_ repository: Repository) async throws {
        try await fixture.publish(RepositoryFixture.manifest(hour: 9), to: repository)
    }

    @Test("never sees a suspicious snapshot as a good one, not for a moment")
    func suspicionFirst() async throws {
        // The fact is there before the manifest: whoever sees the one sees the other.
        let repository = try await fixture.open()
        let manifest = RepositoryFixture.manifest(hour: 0)
        let upload = try await repository.store.beginUpload(RepositoryLayout.part(0, of: manifest.id))
        try await upload.append(RepositoryFixture.partBytes(manifest.id))
        try await upload.finish()
        let statements = [Fact.Statement.suspected(reason: "too small")]
        let publication = try await repository.publish(manifest, stating: statements, by: "me")
        #expect(publication.notices == [])
        #expect(try await repository.standing(manifest.id).suspicion == "too small")
        #expect(try await repository.snapshots().entries.map(\.state.isSuspicious) == [true])
        #expect(await code { try await repository.find(SnapshotQuery("latest")) } == .snapshotNotFound)
        #expect(try await repository.checkCatalog().differences == [])
        fixture.clock.advance(milliseconds: 1000)
        try await fixture.state(.accepted(reason: "right"), manifest.id, repository)
        #expect(try await repository.find(SnapshotQuery("latest")).entry.id == manifest.id)
    }
}
