import Catalog
import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import StorageSimulation
import Testing

@Suite("facts")
struct FactTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
    }

    private func makeRepository() async throws -> (Repository, SnapshotID) {
        let repository = try await fixture.open()
        let manifest = try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: repository).manifest
        return (repository, manifest.id)
    }

    @Test("stand in the catalog as in the store, and both tell the same standing")
    func bothTell() async throws {
        let (repository, id) = try await makeRepository()
        let statements: [Fact.Statement] = [
            .hold(reason: "audit", until: nil), .hold(reason: "move", until: UnixMilliseconds(1_800_000_000_000)),
            .verified(problem: nil), .suspected(reason: "half the keys"), .accepted(reason: "sale is over"),
            .verified(problem: "block 3"), .deleted(reason: "by hand"),
        ]
        var stated: [Fact] = []
        for statement in statements.dropLast() { stated.append(try await fixture.state(statement, id, repository)) }
        for hold in stated.prefix(2) {
            stated.append(try await fixture.state(.holdRemoved(holdID: hold.id), id, repository))
        }
        stated.append(try await fixture.state(.deleted(reason: "by hand"), id, repository))
        #expect(try await repository.facts(id) == stated)

        let standing = try await repository.standing(id)
        #expect(standing == SnapshotStanding(facts: stated.shuffled()))
        #expect(standing.deletionReason == "by hand")
        #expect(standing.problem == "block 3")
        #expect(standing.holds == [])
        let entry = try await repository.snapshots().entries.first
        #expect(entry?.state == SnapshotEntry.State(standing))
        let dump = try await repository.catalog().canonicalDump()
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.catalog().canonicalDump() == dump)
    }

    @Test("follow each other also when the clock goes back: a later statement wins")
    func clockBack() async throws {
        let (repository, id) = try await makeRepository()
        let deletion = try await fixture.state(.deleted(reason: "x"), id, repository)
        fixture.clock.advance(milliseconds: -10 * RepositoryFixture.hour)
        let undeletion = try await fixture.state(.undeleted, id, repository)
        #expect(undeletion.statedAt.milliseconds(since: deletion.statedAt) == 1)
        #expect(try await repository.standing(id).isLive)
    }

    @Test("many of one millisecond keep their order")
    func sameMillisecond() async throws {
        let (repository, id) = try await makeRepository()
        let drafts = (0..<20).map { index in
            FactDraft(
                snapshot: id,
                statement: index % 2 == 0 ? .verified(problem: "\(index)") : .verified(problem: nil)
            )
        }
        let stated = try await repository.state(drafts, by: "me@here")
        #expect(stated.facts.map(\.statement) == drafts.map(\.statement))
        #expect(try await repository.facts(id) == stated.facts)
    }

    @Test("holds bind deletion, until they end or are taken back")
    func holds() async throws {
        let (repository, id) = try await makeRepository()
        let until = fixture.clock.now.advanced(byMilliseconds: 1000)
        try await fixture.state(.hold(reason: "move", until: until), id, repository)
        let hold = try await fixture.state(.hold(reason: "audit", until: nil), id, repository)
        let error = try await #require(throws: RepositoryError.self) {
            try await fixture.state(.deleted(reason: "x"), id, repository)
        }
        #expect(error.code == .conflict)
        #expect(error.message.contains("audit") && error.message.contains("move"))
        fixture.clock.advance(milliseconds: 1000)
        #expect(await code { try await fixture.state(.deleted(reason: "x"), id, repository) } == .conflict)
        try await fixture.state(.holdRemoved(holdID: hold.id), id, repository)
        try await fixture.state(.deleted(reason: "x"), id, repository)
        #expect(try await !repository.standing(id).isLive)
    }

    @Test("that make no sense are refused")
    func conflicts() async throws {
        let (repository, id) = try await makeRepository()
        let unknown = SnapshotID(instant: UnixMilliseconds(0), random: 1)
        #expect(await code { try await fixture.state(.undeleted, id, repository) } == .conflict)
        #expect(await code { try await fixture.state(.holdRemoved(holdID: "x"), id, repository) } == .conflict)
        #expect(
            await code { try await fixture.state(.verified(problem: nil), unknown, repository) } == .snapshotNotFound
        )
        #expect(try await repository.facts(id) == [])
    }

    @Test("about several snapshots: all are checked before the first is written")
    func allOrNothing() async throws {
        let (repository, id) = try await makeRepository()
        let held = try await fixture.publish(RepositoryFixture.manifest(hour: 1), to: repository).manifest.id
        try await fixture.state(.hold(reason: "audit", until: nil), held, repository)
        let drafts = [id, held].map { FactDraft(snapshot: $0, statement: .deleted(reason: "expired")) }
        #expect(await code { try await repository.state(drafts, by: "me") } == .conflict)
        #expect(try await repository.standing(id).isLive)
    }

    @Test(
        "that cannot be read protect the snapshot like a hold",
        arguments: ["{", #"{"schema":1}"#, #"{"statement":{"sealed":{}}}"#]
    )
    func unreadableFacts(_ text: String) async throws {
        let (repository, id) = try await makeRepository()
        try await fixture.state(.deleted(reason: "x"), id, repository)
        let key = ObjectKey("snapshots/\(id)/facts/20990101T000000Z-000000.json")
        try await repository.store.putIfAbsent(key, ByteBuffer(string: text))
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.standing(id).isHeld(at: fixture.clock.now))
        #expect(try await repository.snapshots().entries.first?.state.isHeld(at: fixture.clock.now) == true)
        fixture.clock.advance(milliseconds: 1000 * RepositoryFixture.hour)
        let report = try await repository.purge(graceMilliseconds: 0, by: "me")
        #expect(report.plan.items.map(\.decision) == [.held])
        #expect(
            try await repository.checkCatalog().differences == [.unreadableFact(id, fact: "20990101T000000Z-000000")]
        )
    }
}

@Suite("a snapshot's standing")
struct SnapshotStandingTests {
    private func standing(_ statements: [Fact.Statement]) -> SnapshotStanding {
        let id = SnapshotID(instant: UnixMilliseconds(0), random: 0)
        let facts = statements.enumerated().map { index, statement in
            Fact(
                id: "f\(index)",
                snapshot: id,
                statedAt: UnixMilliseconds(Int64(index)),
                statedBy: "me",
                statement: statement
            )
        }
        return SnapshotStanding(facts: facts.shuffled())
    }

    @Test("without facts is live and trusted")
    func none() {
        #expect(standing([]).isTrusted)
        #expect(!standing([]).isHeld(at: UnixMilliseconds(0)))
    }

    @Test("counts the grace time from the first deletion since the last undeletion")
    func grace() {
        let twice = standing([.deleted(reason: "a"), .deleted(reason: "b")])
        #expect(twice.deletedAt == UnixMilliseconds(0) && twice.deletionReason == "a")
        let again = standing([.deleted(reason: "a"), .undeleted, .deleted(reason: "b")])
        #expect(again.deletedAt == UnixMilliseconds(2))
        #expect(!again.isPurgeable(at: UnixMilliseconds(11), graceMilliseconds: 10))
        #expect(again.isPurgeable(at: UnixMilliseconds(12), graceMilliseconds: 10))
        #expect(!again.isPurgeable(at: UnixMilliseconds(-5), graceMilliseconds: 0), "the clock went back")
    }

    @Test("is corrupt after a bad verification until a good one")
    func verification() {
        #expect(standing([.verified(problem: "x")]).isCorrupt)
        #expect(!standing([.verified(problem: "x")]).isTrusted)
        #expect(standing([.verified(problem: "x"), .verified(problem: nil)]).isTrusted)
        #expect(standing([.verified(problem: nil)]).verifiedAt == UnixMilliseconds(0))
    }

    @Test("passed a drill as long as no later drill found a difference")
    func drills() {
        func drilledAt(_ results: DrillRecord.Result...) -> UnixMilliseconds? {
            let standing = standing(results.map { .drilled(record: RepositoryFixture.drill($0)) })
            #expect(standing.drills.map(\.record.result) == results)
            #expect(SnapshotEntry.State(standing).lastDrill?.result == results.last)
            #expect(SnapshotEntry.State(standing).drilledAt == standing.drilledAt)
            return standing.drilledAt
        }
        #expect(drilledAt() == nil)
        #expect(drilledAt(.pass) == UnixMilliseconds(0))
        #expect(drilledAt(.objectiveMissed) == nil && drilledAt(.inconclusive) == nil)
        #expect(drilledAt(.pass, .objectiveMissed, .inconclusive) == UnixMilliseconds(0))
        #expect(drilledAt(.pass, .difference) == nil)
        #expect(drilledAt(.pass, .difference, .inconclusive) == nil)
        #expect(drilledAt(.difference, .pass) == UnixMilliseconds(1))
        let different = standing([.drilled(record: RepositoryFixture.drill(.difference))])
        #expect(different.isTrusted, "the restore may be at fault")
    }

    @Test("is suspicious until accepted, and again after another suspicion")
    func suspicion() {
        #expect(standing([.suspected(reason: "x")]).isSuspicious)
        #expect(standing([.suspected(reason: "x"), .accepted(reason: "y")]).isTrusted)
        #expect(standing([.accepted(reason: "y"), .suspected(reason: "x")]).isSuspicious)
    }

    @Test("holds end at their instant, not before")
    func holds() {
        let held = standing([.hold(reason: "a", until: UnixMilliseconds(50)), .deleted(reason: "x")])
        #expect(held.isHeld(at: UnixMilliseconds(49)))
        #expect(!held.isHeld(at: UnixMilliseconds(50)))
        #expect(!held.isPurgeable(at: UnixMilliseconds(49), graceMilliseconds: 0))
        #expect(SnapshotEntry.State(held).heldUntil == UnixMilliseconds(50))
        let forever = standing([.hold(reason: "a", until: UnixMilliseconds(50)), .hold(reason: "b", until: nil)])
        #expect(SnapshotEntry.State(forever).isHeld(at: UnixMilliseconds(1 << 50)))
    }

    @Test("once purged stays so, whatever else is said")
    func purged() {
        let purged = standing([.deleted(reason: "x"), .purged, .undeleted, .hold(reason: "late", until: nil)])
        #expect(!purged.isLive)
        #expect(purged.isPurgeable(at: UnixMilliseconds(0), graceMilliseconds: .max))
    }
}
