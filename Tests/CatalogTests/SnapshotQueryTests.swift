import Catalog
import SnapshotModel
import Testing

@Suite("a query for a snapshot")
struct SnapshotQueryTests {
    private func entry(
        _ hour: Int64,
        source: String = "cache",
        policy: String? = nil,
        tags: [String: String] = [:],
        _ statements: Fact.Statement...
    ) -> SnapshotEntry {
        let manifest = RepositoryFixture.manifest(hour: hour, source: source, policy: policy, tags: tags)
        let facts = statements.enumerated().map { index, statement in
            Fact(
                id: "\(index)",
                snapshot: manifest.id,
                statedAt: UnixMilliseconds(Int64(index)),
                statedBy: "me",
                statement: statement
            )
        }
        return SnapshotEntry(manifest, SnapshotStanding(facts: facts))
    }

    private func refusal(_ query: SnapshotQuery, _ entries: [SnapshotEntry]) -> RepositoryError? {
        do throws(RepositoryError) {
            _ = try query.select(from: entries)
            return nil
        } catch {
            return error
        }
    }

    @Test("for the latest yields the newest that is live, intact and not suspicious")
    func latest() throws {
        let entries = [
            entry(1), entry(5, .deleted(reason: "x")), entry(3), entry(6, .verified(problem: "bad")),
            entry(7, .suspected(reason: "small")), entry(8, .purged), entry(4, .verified(problem: nil)),
        ]
        for _ in 0..<10 {
            #expect(try SnapshotQuery("latest").select(from: entries.shuffled()).id == entries[6].id)
        }
        #expect(refusal(SnapshotQuery("latest"), [entries[1], entries[3]])?.code == .snapshotNotFound)
        #expect(refusal(SnapshotQuery("latest"), [])?.code == .snapshotNotFound)
    }

    @Test("for the latest of several sources names them")
    func severalSources() throws {
        let entries = [entry(1, source: "b"), entry(2, source: "a"), entry(3, source: "c", .deleted(reason: "x"))]
        let error = try #require(refusal(SnapshotQuery("latest"), entries))
        #expect(error.code == .ambiguous)
        #expect(error.message.contains("2 sources: a, b;"))
        #expect(try SnapshotQuery("latest", sourceName: "b").select(from: entries).id == entries[0].id)
    }

    @Test("is narrowed by policy, tags and time")
    func narrowing() throws {
        let entries = [
            entry(1, policy: "p", tags: ["env": "prod", "tier": "a"]), entry(2, policy: "q", tags: ["env": "prod"]),
            entry(3),
        ]
        #expect(try SnapshotQuery("latest", policy: "p").select(from: entries).id == entries[0].id)
        #expect(try SnapshotQuery("latest", tags: ["env": "prod"]).select(from: entries).id == entries[1].id)
        let both = SnapshotQuery("latest", tags: ["env": "prod", "tier": "a"])
        #expect(try both.select(from: entries).id == entries[0].id)
        #expect(try SnapshotQuery("latest", before: entries[2].instant).select(from: entries).id == entries[1].id)
        #expect(refusal(SnapshotQuery("latest", tags: ["env": "test"]), entries)?.code == .snapshotNotFound)
    }

    @Test("by id finds deleted ones, but none that is purged")
    func identifiers() throws {
        let deleted = entry(1, .deleted(reason: "x"))
        let purged = entry(2, .purged)
        #expect(try SnapshotQuery(deleted.id.text).select(from: [deleted, purged]).id == deleted.id)
        #expect(refusal(SnapshotQuery(purged.id.text), [deleted, purged])?.code == .snapshotNotFound)
    }

    @Test("by prefix wants exactly one")
    func prefixes() throws {
        let entries = [entry(0), entry(1), entry(100)]
        #expect(try SnapshotQuery("20231119").select(from: entries).id == entries[2].id)
        let error = try #require(refusal(SnapshotQuery("20231114"), entries))
        #expect(error.code == .ambiguous)
        #expect(error.message.contains(entries[0].id.text) && error.message.contains(entries[1].id.text))
        #expect(refusal(SnapshotQuery(""), entries)?.code == .snapshotNotFound)
        #expect(refusal(SnapshotQuery("2024"), entries)?.code == .snapshotNotFound)
    }

    @Test("orders equal instants by sequence, then by id")
    func order() {
        var first = entry(1)
        var second = entry(1)
        (first.sequence, second.sequence) = (1, 2)
        #expect(SnapshotEntry.isNewer(second, first))
        first.sequence = 2
        #expect(!SnapshotEntry.isNewer(second, first) && !SnapshotEntry.isNewer(first, second))
    }
}
