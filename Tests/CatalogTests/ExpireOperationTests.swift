import Catalog
import Foundation
import ObjectStorage
import Policy
import Retention
import SnapshotModel
import Synchronization
import TestSupport
import Testing

@testable import Operations

/// Retention by a policy from the plan to the purge, on a repository with a clock that tests set.
@Suite("expire")
struct ExpireOperationTests {
    private let fixture: RepositoryFixture
    private static let day = 24 * RepositoryFixture.hour

    init() throws {
        fixture = try RepositoryFixture()
    }

    private func policy(_ retention: String) throws -> PolicyFile {
        let text = "name: nightly\nsource: {name: cache}\nretention: {\(retention)}\n"
        return try PolicyReader.read(text: text, fileName: "nightly.yaml")
    }

    private func operation(
        _ retention: String,
        _ overrides: RetentionOverrides = RetentionOverrides(),
        at time: UnixMilliseconds? = nil
    ) throws -> ExpireOperation {
        ExpireOperation(try ExpireRequest(try policy(retention), overrides: overrides, at: time))
    }

    private func context(_ notices: Recorder = Recorder()) -> OperationContext {
        OperationContext(
            repository: RepositoryLocation(path: fixture.path, origin: .option, createRequested: true),
            now: { [clock = fixture.clock] in clock.now },
            actor: "tester@host",
            command: "rewarm expire",
            lockPatienceMilliseconds: 20_000,
            notify: { notices.add($0) }
        )
    }

    private final class Recorder: Sendable {
        private let notices = Mutex<[OperationNotice]>([])
        func add(_ notice: OperationNotice) { notices.withLock { $0.append(notice) } }
        var texts: [String] { notices.withLock { $0.map(\.text) } }
    }

    /// A repository with a snapshot each day, the clock an hour after the last.
    private func makeRepository(days: Int64) async throws -> (Repository, [SnapshotID]) {
        let repository = try await fixture.open()
        var ids: [SnapshotID] = []
        for day in 0..<days {
            let manifest = RepositoryFixture.manifest(hour: day * 24, policy: "nightly")
            ids.append(try await fixture.publish(manifest, to: repository).manifest.id)
        }
        fixture.clock.advance(milliseconds: (days - 1) * Self.day + RepositoryFixture.hour)
        return (repository, ids)
    }

    private func live(_ repository: Repository) async throws -> [SnapshotID] {
        try await repository.snapshots().entries.filter(\.state.isLive).map(\.id).sorted()
    }

    @Test("plans without a trace, and carries out exactly the plan")
    func planAndApply() async throws {
        let (repository, ids) = try await makeRepository(days: 5)
        let plan = try await operation("last: 3").plan(context())
        #expect(!plan.isApplied && plan.failure == nil)
        #expect(plan.decision.plan.deletions.sorted() == ids.prefix(2).map(\.text))
        #expect(plan.decision.deletedByteCount == 6000)
        #expect(try await live(repository) == ids)
        #expect(try await repository.runs().records == [])

        let applied = try await operation("last: 3").apply(context())
        #expect(applied.isApplied && applied.failure == nil)
        #expect(applied.decision.plan == plan.decision.plan)
        #expect(try await live(repository) == Array(ids.suffix(3)))
        #expect(try await repository.standing(ids[0]).deletionReason == "expired by policy nightly")
        let runs = try await repository.runs().records
        #expect(runs.count == 1 && runs.first?.policy == "nightly")
        #expect(try await repository.checkCatalog().differences == [])
    }

    @Test("frees the space when the grace time is over, not earlier, and undelete comes before that")
    func grace() async throws {
        let (repository, ids) = try await makeRepository(days: 5)
        _ = try await operation("last: 3, grace: 2d").apply(context())
        fixture.clock.advance(milliseconds: 2 * Self.day - 1)
        let early = try await operation("last: 3, grace: 2d").apply(context())
        #expect(early.purge?.freedByteCount == 0)
        _ = try await repository.state([FactDraft(snapshot: ids[1], statement: .undeleted)], by: "me")
        try await fixture.state(.hold(reason: "wanted", until: nil), ids[1], repository)
        fixture.clock.advance(milliseconds: 1000)
        let late = try await operation("last: 3, grace: 2d").apply(context())
        #expect(late.purge?.freedSnapshotCount == 1)
        #expect(try await live(repository) == Array(ids.dropFirst()))
        #expect(try await repository.runs().records.count == 1, "old marks go when the new one is there")
    }

    @Test("deletes nothing with a brake, in any group, and names the way past it")
    func massDelete() async throws {
        let (repository, ids) = try await makeRepository(days: 9)
        let report = try await operation("last: 2").apply(context())
        #expect(!report.isApplied)
        #expect(report.failure?.kind == .brake)
        #expect(report.failure?.hint?.contains("--allow-mass-delete") == true)
        #expect(try await live(repository) == ids)
        #expect(try await repository.runs().records == [])
        let notices = Recorder()
        let past = try await operation("last: 2", RetentionOverrides(allowMassDelete: true)).apply(context(notices))
        #expect(past.isApplied)
        #expect(notices.texts.contains { $0.hasPrefix("went past a brake: 7 of 9") })
        #expect(try await live(repository) == Array(ids.suffix(2)))
    }

    @Test("stops when the clock went back behind an earlier run, until it is told that the clock is right")
    func clockBack() async throws {
        let (repository, ids) = try await makeRepository(days: 5)
        let right = fixture.clock.now
        fixture.clock.advance(milliseconds: 400 * Self.day)
        _ = try await operation("last: 4").apply(context())
        fixture.clock.now = right
        let braked = try await operation("last: 3").apply(context())
        #expect(braked.decision.plan.brakes.map(\.name) == ["clock-back"])
        #expect(try await live(repository) == Array(ids.suffix(4)))
        let reset = try await operation("last: 3", RetentionOverrides(resetClock: true)).apply(context())
        #expect(reset.isApplied)
        #expect(try await live(repository) == Array(ids.suffix(3)))
        // The wrong mark is gone.
        #expect(try await operation("last: 3").apply(context()).isApplied)
        // Five minutes are no jump.
        fixture.clock.advance(milliseconds: -299_000)
        #expect(try await operation("last: 3").apply(context()).isApplied)
    }

    @Test("asks once about changed rules if the policy wants that")
    func policyChange() async throws {
        let (repository, ids) = try await makeRepository(days: 6)
        _ = try await operation("last: 5, confirm-policy-change: true").apply(context())
        let braked = try await operation("last: 3, confirm-policy-change: true").apply(context())
        #expect(braked.decision.plan.brakes == [.policyChanged])
        #expect(try await live(repository) == Array(ids.suffix(5)))
        let accept = RetentionOverrides(acceptPolicyChange: true)
        #expect(try await operation("last: 3, confirm-policy-change: true", accept).apply(context()).isApplied)
        #expect(try await operation("last: 3, confirm-policy-change: true").apply(context()).isApplied)
        #expect(try await live(repository) == Array(ids.suffix(3)))
    }

    @Test("stops when the newest snapshot lacks its archive, and when catalog and store disagree")
    func missing() async throws {
        let (repository, ids) = try await makeRepository(days: 5)
        try await repository.store.delete(RepositoryLayout.part(0, of: ids[4]))
        let missing = try await operation("last: 3").apply(context())
        #expect(missing.decision.plan.brakes.map(\.name) == ["newest-missing"])
        try FileManager.default.removeItem(atPath: "\(fixture.path)/snapshots/\(ids[0])")
        let disagreement = try await operation("last: 3").apply(context())
        #expect(disagreement.decision.plan.brakes.map(\.name) == ["disagreement", "newest-missing"])
        for id in ids.dropFirst() { #expect(try await repository.standing(id).isLive) }
    }

    @Test("keeps what is held, read, suspicious or damaged, and says so")
    func reasons() async throws {
        let (repository, ids) = try await makeRepository(days: 8)
        let end = fixture.clock.now.advanced(byMilliseconds: 1000)
        try await fixture.state(.hold(reason: "audit", until: nil), ids[0], repository)
        try await fixture.state(.hold(reason: "brief", until: end), ids[1], repository)
        let lease = try await repository.lease(ids[2])
        try await fixture.state(.suspected(reason: "small"), ids[3], repository)
        try await fixture.state(.verified(problem: "bits"), ids[7], repository)
        func reasons(_ report: ExpireReport) -> [String: [String]] {
            Dictionary(report.decision.plan.items.map { ($0.id, $0.reasons.map(\.description)) }) { $1 }
        }
        let first = reasons(try await operation("last: 2").plan(context()))
        #expect(first[ids[0].text] == ["hold:audit"])
        #expect(first[ids[1].text] == ["hold:brief until \(end)"])
        #expect(first[ids[2].text] == ["lease"])
        #expect(first[ids[3].text] == ["suspicious keep-last 1/3"])
        #expect(first[ids[6].text]?.first == "last 1/2", "a corrupt snapshot fills no slot")
        lease.release()
        fixture.clock.now = end
        let second = reasons(try await operation("last: 2").plan(context()))
        #expect(second[ids[0].text] == ["hold:audit"])
        #expect(second[ids[1].text] == [] && second[ids[2].text] == [])
    }

    @Test("never deletes the newest snapshot that passed a drill")
    func drilled() async throws {
        let (repository, ids) = try await makeRepository(days: 8)
        func drill(_ index: Int, _ result: DrillRecord.Result) async throws {
            fixture.clock.advance(milliseconds: 1000)
            try await fixture.state(.drilled(record: RepositoryFixture.drill(result)), ids[index], repository)
        }
        func kept(_ retention: String = "last: 2") async throws -> [Int: [String]] {
            let items = try await operation(retention).plan(context()).decision.plan.items
            let pairs = items.filter { $0.decision == .keep }.map { item in
                (ids.firstIndex { $0.text == item.id } ?? -1, item.reasons.map(\.description))
            }
            return Dictionary(pairs) { $1 }
        }
        try await drill(1, .pass)
        #expect(try await kept().keys.sorted() == [1, 6, 7])
        #expect(try await kept()[1] == ["last-drilled", "last-verified"])
        try await drill(3, .pass)
        try await drill(4, .difference)
        try await drill(5, .objectiveMissed)
        try await drill(3, .inconclusive)
        #expect(try await kept().keys.sorted() == [3, 6, 7], "of several the newest; only a pass counts")
        #expect(try await kept("last: 2, last-drilled: false, last-verified: false").keys.sorted() == [6, 7])
        _ = try await operation("last: 2, max-delete: 100%").apply(context())
        #expect(try await live(repository) == [ids[3], ids[6], ids[7]])
        try await drill(3, .difference)
        #expect(try await kept().keys.sorted() == [6, 7], "a difference takes the pass back")
        try await drill(6, .pass)
        #expect(try await kept()[6]?.suffix(2) == ["last-drilled", "last-verified"])
        #expect(try await repository.checkCatalog().differences == [])
    }

    @Test("removes the records of failed attempts by the rule for failed ones")
    func failedAttempts() async throws {
        let (repository, ids) = try await makeRepository(days: 3)
        for _ in 0..<5 {
            fixture.clock.advance(milliseconds: 1000)
            let draft = RunDraft(
                startedAt: fixture.clock.now,
                sourceName: "cache",
                policy: "nightly",
                outcome: .snapshotFailed(kind: "unreachable", reason: "x")
            )
            _ = try await repository.record(draft, by: "me")
        }
        func failedCount() async throws -> Int { try await repository.runs().records.count(where: \.isFailedSnapshot) }
        _ = try await operation("last: 3, failed: {keep-for: 3d, keep-last: 2}").apply(context())
        #expect(try await failedCount() == 5)
        fixture.clock.advance(milliseconds: 4 * Self.day)
        let report = try await operation("last: 3, failed: {keep-for: 3d, keep-last: 2}").apply(context())
        #expect(report.isApplied)
        #expect(try await failedCount() == 2)
        #expect(try await live(repository) == ids)
        #expect(try await repository.checkCatalog().differences == [])
    }

    @Test("simulates a later day without a trace")
    func simulation() async throws {
        let (repository, ids) = try await makeRepository(days: 5)
        let later = fixture.clock.now.advanced(byMilliseconds: 30 * Self.day)
        let report = try await operation("within: 10d, anchor: now, max-delete: 100%", at: later).plan(context())
        #expect(report.decision.now == later)
        #expect(report.decision.count(.delete) == 4, "min-copies keeps one")
        #expect(try await live(repository) == ids)
    }

    @Test("plans over a list without a repository, with brakes that are only told")
    func whatIf() throws {
        let json = (1...9).map { #"{"id":"s\#($0)","takenAt":"2026-11-0\#($0)T03:00:00Z"}"# }
        let list = Array("[\(json.joined(separator: ","))]".utf8)
        let now = try #require(UnixMilliseconds(rfc3339: "2026-11-10"))
        let report = try operation("last: 2", at: now).whatIf(list, context())
        #expect(report.decision.plan.items.map(\.id) == (1...9).reversed().map { "s\($0)" })
        #expect(report.decision.plan.brakes.map(\.name) == ["mass-delete"])
        #expect(report.decision.deletedByteCount == nil && report.decision.outOfScopeCount == nil)
        #expect(!FileManager.default.fileExists(atPath: fixture.path))
        let error = #expect(throws: OperationError.self) {
            try operation("last: 2").whatIf(Array("{}".utf8), context())
        }
        #expect(error?.kind == .usage)
    }

    @Test("of a policy without rules for it is refused")
    func noRetention() throws {
        let policy = try PolicyReader.read(text: "name: x\nsource: {name: y}\n", fileName: "x.yaml")
        let error = #expect(throws: OperationError.self) { try ExpireRequest(policy) }
        #expect(error?.kind == .usage)
    }
}
