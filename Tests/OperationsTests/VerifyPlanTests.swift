import Catalog
import Testing

@testable import Operations
@testable import SnapshotModel

/// The order of verification and what it chooses.
struct VerifyPlanTests {
    private static func entry(
        _ number: UInt32,
        source: String = "a",
        _ statements: [(Int64, Fact.Statement)] = []
    ) -> SnapshotEntry {
        let instant = UnixMilliseconds(Int64(number) * 1000)
        let id = SnapshotID(instant: instant, random: number)
        let manifest = Manifest(
            id: id,
            sequence: UInt64(number),
            source: SourceDescriptor(name: source, engine: .redis, serverVersion: "", address: ""),
            method: .file,
            instant: instant,
            consistency: Consistency(isPointInTime: true, from: instant, to: instant),
            clocks: nil,
            startedAt: instant,
            finishedAt: instant,
            policy: nil,
            tags: [:],
            format: PayloadFormat(engine: .redis, rdbVersion: 10),
            codec: "none",
            parts: [],
            shards: [],
            statistics: SnapshotStatistics(),
            warnings: [],
            toolVersion: "test"
        )
        let facts = statements.map { at, statement in
            Fact(id: "\(at)", snapshot: id, statedAt: UnixMilliseconds(at), statedBy: "test", statement: statement)
        }
        return SnapshotEntry(manifest, SnapshotStanding(facts: facts))
    }

    @Test func `never verified comes first and newest first, then the longest ago`() {
        let entries = [
            Self.entry(1, [(900, .verified(problem: nil))]), Self.entry(2), Self.entry(3),
            Self.entry(4, [(300, .verified(problem: nil))]), Self.entry(5, [(500, .verified(problem: "damaged"))]),
        ]
        let plan = VerifyPlan.all(entries, narrowing: SnapshotQuery("latest"))
        #expect(plan.snapshots.map(\.sequence) == [3, 2, 4, 5, 1])
    }

    @Test func `all leaves deleted snapshots and other sources out`() {
        let entries = [
            Self.entry(1), Self.entry(2, [(10, .deleted(reason: ""))]), Self.entry(3, source: "b"),
            Self.entry(4, [(10, .deleted(reason: "")), (20, .undeleted)]),
        ]
        let plan = VerifyPlan.all(entries, narrowing: SnapshotQuery("latest", sourceName: "a"))
        #expect(plan.snapshots.map(\.sequence) == [4, 1])
    }

    @Test func `a snapshot that is named twice is verified once, a deleted one can be named`() throws {
        let entries = [Self.entry(1), Self.entry(2, [(10, .deleted(reason: ""))])]
        let queries = [entries[0].id.text, entries[1].id.text, entries[0].id.text].map { SnapshotQuery($0) }
        let plan = try VerifyPlan.named(queries, in: entries)
        #expect(plan.snapshots.map(\.sequence) == [2, 1])
    }
}
