import Catalog
import Foundation
import SnapshotModel
import TestSupport
import Testing

@testable import Operations

/// What `check` finds, each bound from both sides.
struct CheckOperationTests {
    private static func check(_ repository: PolicyRepository) async throws -> CheckReport {
        try await CheckOperation(repository.policy).run(repository.context())
    }

    private static func subjects(_ repository: PolicyRepository) async throws -> [String] {
        try await check(repository).findings.map(\.subject)
    }

    @Test func `all is well, with the figures that are looked at`() async throws {
        let repository = try PolicyRepository(
            "check: {verified-within: 8d}\nguards: {min-keys: 1000, min-bytes: 6000}\n"
        )
        let id = try await repository.publish(hoursAgo: 26, .verified(problem: nil))
        let report = try await Self.check(repository)
        #expect(report.findings.isEmpty, "\(report.findings)")
        #expect(report.severity == nil)
        #expect(report.newest?.id == id)
        #expect(report.ageMilliseconds == 26 * PolicyRepository.hour)
        #expect(report.verifiedAt == PolicyRepository.now)
        #expect(report.freeByteCount.map { $0 > 0 } == true)
    }

    @Test func `a snapshot that is a millisecond too old is too old`() async throws {
        let repository = try PolicyRepository()
        try await repository.publish(hoursAgo: 26)
        var context = repository.context()
        context.now = { PolicyRepository.now.advanced(byMilliseconds: 1) }
        let report = try await CheckOperation(repository.policy).run(context)
        #expect(report.findings.map(\.subject) == ["age"])
        #expect(report.severity == .critical)
    }

    @Test func `ages are civil in the policy's zone`() async throws {
        // 2025-10-26 12:00 in Rome: clocks went back in the night, so a day earlier is 25 hours earlier.
        let noon = UnixMilliseconds(1_761_476_400_000)
        let yaml = "check: {max-age: 1d}\nretention: {daily: 7, time-zone: %}\n"
        for (zone, isOld) in [("Europe/Rome", false), ("UTC", true)] {
            let repository = try PolicyRepository(yaml.replacing("%", with: zone))
            try await repository.publish(hoursAgo: 1)
            var entries = try await repository.open().snapshots().entries
            entries[0].instant = noon.advanced(byMilliseconds: -25 * PolicyRepository.hour)
            let report = CheckEvaluation(repository.policy, now: noon).report(entries, runs: [], freeByteCount: nil)
            #expect(report.findings.isEmpty != isOld, "\(zone)")
        }
    }

    @Test func `only good snapshots of the policy count`() async throws {
        let repository = try PolicyRepository()
        try await repository.publish(hoursAgo: 1, policy: "other")
        try await repository.publish(hoursAgo: 2, source: "other", policy: nil)
        try await repository.publish(hoursAgo: 3, .deleted(reason: "test"))
        try await repository.publish(hoursAgo: 4, .verified(problem: "damaged"))
        try await repository.publish(hoursAgo: 5, .suspected(reason: "empty"))
        let report = try await Self.check(repository)
        #expect(report.findings.map(\.subject) == ["age", "integrity", "size"])
        if case .noSnapshot(let others) = report.findings[0] { #expect(others == 2) } else { Issue.record("\(report)") }
        try await repository.publish(hoursAgo: 6, policy: nil)
        #expect(try await Self.check(repository).newest?.policy == nil)
    }

    @Test func `an accepted snapshot is a good one`() async throws {
        let repository = try PolicyRepository()
        try await repository.publish(hoursAgo: 30)
        try await repository.publish(hoursAgo: 1, .suspected(reason: "empty"), .accepted(reason: "meant so"))
        #expect(try await Self.subjects(repository).isEmpty)
    }

    @Test func `a newer suspicious snapshot is a warning, an older one is none`() async throws {
        let repository = try PolicyRepository()
        try await repository.publish(hoursAgo: 2)
        try await repository.publish(hoursAgo: 3, .suspected(reason: "empty"))
        #expect(try await Self.subjects(repository).isEmpty)
        try await repository.publish(hoursAgo: 1, .suspected(reason: "empty"))
        let report = try await Self.check(repository)
        #expect(report.findings.map(\.subject) == ["size"])
        #expect(report.severity == .warning)
    }

    @Test func `a snapshot of the future proves nothing`() async throws {
        let repository = try PolicyRepository()
        try await repository.publish(hoursAgo: -24)
        #expect(try await Self.subjects(repository) == ["age", "age"])
        try await repository.publish(hoursAgo: 1)
        let report = try await Self.check(repository)
        #expect(report.findings.map(\.subject) == ["age"])
        #expect(report.severity == .warning)
        #expect(report.ageMilliseconds == PolicyRepository.hour)
    }

    @Test func `guards of size fire below their bound`() async throws {
        let repository = try PolicyRepository("guards: {min-keys: 1001, min-bytes: 6001}\n")
        try await repository.publish(hoursAgo: 1)
        let report = try await Self.check(repository)
        #expect(report.findings.map(\.subject) == ["size", "size"])
        #expect(report.severity == .critical)
    }

    @Test func `verification and drill are asked for only where they are named`() async throws {
        let repository = try PolicyRepository("check: {verified-within: 1d, drilled-within: 35d}\n")
        try await repository.publish(hoursAgo: 1)
        #expect(try await Self.subjects(repository) == ["verification", "drill"])
        let id = try await repository.publish(hoursAgo: 3, .verified(problem: nil))
        #expect(try await Self.subjects(repository) == ["drill"])
        try await repository.drill(id, .objectiveMissed)
        #expect(try await Self.subjects(repository) == ["drill"], "only a drill that passed counts")
        try await repository.drill(id, .pass)
        // Facts of one snapshot never have the same time: this is the third.
        let drilledAt = PolicyRepository.now.advanced(byMilliseconds: 2)
        #expect(try await Self.check(repository).drilledAt == drilledAt)
        #expect(try await Self.subjects(repository) == [])
        var context = repository.context()
        context.now = { PolicyRepository.now.advanced(byMilliseconds: 24 * PolicyRepository.hour + 1) }
        let later = try await CheckOperation(repository.policy).run(context)
        #expect(later.findings.map(\.subject) == ["verification"])
        #expect(later.severity == .warning)
        let days = 35 * 24 * PolicyRepository.hour
        context.now = { drilledAt.advanced(byMilliseconds: days) }
        let last = try await CheckOperation(repository.policy).run(context).findings.map(\.subject)
        #expect(last == ["age", "verification"])
        context.now = { drilledAt.advanced(byMilliseconds: days + 1) }
        let late = try await CheckOperation(repository.policy).run(context).findings.map(\.subject)
        #expect(late == ["age", "verification", "drill"])
    }

    @Test func `the space for the next snapshot goes by the size of the newest`() async throws {
        let repository = try PolicyRepository("check: {free-space: 150%}\n")
        try await repository.publish(hoursAgo: 1, storedByteCount: 3001)
        let entries = try await repository.open().snapshots().entries
        let evaluation = CheckEvaluation(repository.policy, now: PolicyRepository.now)
        func subjects(_ free: UInt64) -> [String] {
            evaluation.report(entries, runs: [], freeByteCount: free).findings.map(\.subject)
        }
        // 150 % of 3001 is 4501 and a half.
        #expect(subjects(4501) == [])
        #expect(subjects(4500) == ["space"])
        #expect(evaluation.report(entries, runs: [], freeByteCount: nil).findings.isEmpty)
        let none = try PolicyRepository("check: {free-space: 0%}\n")
        let lax = CheckEvaluation(none.policy, now: PolicyRepository.now)
        #expect(lax.report(entries, runs: [], freeByteCount: 0).findings.isEmpty)
    }

    @Test func `a repository that is not there is the finding, not an error`() async throws {
        let repository = try PolicyRepository()
        var context = repository.context()
        context.repository = RepositoryLocation(path: repository.path, origin: .policy)
        let report = try await CheckOperation(repository.policy).run(context)
        #expect(report.findings.map(\.subject) == ["repository"])
        #expect(report.severity == .critical)
        #expect(report.newest == nil)
    }

    @Test func `a repository without its catalog is read from its manifests`() async throws {
        let repository = try PolicyRepository()
        let id = try await repository.publish(hoursAgo: 1)
        try Data("no database".utf8).write(to: URL(fileURLWithPath: repository.path + "/catalog.sqlite"))
        let report = try await Self.check(repository)
        #expect(report.newest?.id == id)
        #expect(report.findings.isEmpty)
    }

    @Test func `why there is nothing newer is told from the record of the failed run`() async throws {
        let repository = try PolicyRepository()
        try await repository.publish(hoursAgo: 30)
        let draft = RunDraft(
            startedAt: PolicyRepository.now,
            sourceName: "cache",
            policy: "web",
            outcome: .snapshotFailed(kind: "unreachable", reason: "no route")
        )
        _ = try await repository.open().record(draft, by: "tester@host")
        #expect(try await Self.check(repository).lastFailure?.policy == "web")
        try await repository.publish(hoursAgo: -1)
        #expect(try await Self.check(repository).lastFailure != nil, "a snapshot of the future is no later success")
    }

    @Test func `a cancelled check is cancelled and no alarm`() async throws {
        let repository = try PolicyRepository()
        try await repository.publish(hoursAgo: 30)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Self.check(repository)
        }
        // Either it was done before it noticed, or it says that it was cancelled.
        if case .success(let report) = await task.result { #expect(report.findings.map(\.subject) == ["age"]) }
    }
}
