import Catalog
import Policy
import SnapshotModel
import Testing

@testable import Operations

/// Gaps against the schedule, and holes that retention left, which are none.
struct ScheduleGapTests {
    /// Gaps as hours before now: from, to, missed.
    private static func gaps(_ repository: PolicyRepository) async throws -> [[Int64]] {
        let report = try await ReportOperation(repository.policy).run(repository.context())
        return report.gaps.map { gap in
            [gap.from, gap.to ?? PolicyRepository.now].map {
                PolicyRepository.now.milliseconds(since: $0) / PolicyRepository.hour
            } + [Int64(gap.missedCount)]
        }
    }

    @Test func `a snapshot that did not come is a gap, one that is late is none`() async throws {
        let repository = try PolicyRepository("schedule: {every: day}\n")
        for hours in [24 * 6, 24 * 5, 24 * 2, 24 + 12, 20] as [Int64] { try await repository.publish(hoursAgo: hours) }
        #expect(try await Self.gaps(repository) == [[120, 48, 2]])
    }

    @Test func `a gap may last`() async throws {
        let repository = try PolicyRepository("schedule: {every: 6h}\n")
        for hours in [30, 24] as [Int64] { try await repository.publish(hoursAgo: hours) }
        #expect(try await Self.gaps(repository) == [[24, 0, 3]])
    }

    @Test func `what was published and is gone leaves no gap, and other sources fill none`() async throws {
        let repository = try PolicyRepository("schedule: {every: day}\n")
        var ids: [SnapshotID] = []
        for hours in [24 * 5, 24 * 4, 24 * 3, 24 * 2] as [Int64] {
            ids.append(try await repository.publish(hoursAgo: hours))
        }
        try await repository.publish(hoursAgo: 47, source: "other", policy: "other")
        try await repository.publish(hoursAgo: 1)
        #expect(
            try await Self.gaps(repository) == [[48, 1, 1]],
            "the other source's number is known, and nothing is missing"
        )
        let open = try await repository.open()
        _ = try await open.state([FactDraft(snapshot: ids[1], statement: .deleted(reason: "test"))], by: "me")
        #expect(try await Self.gaps(repository) == [[48, 1, 1]], "what is deleted is known to have been there")
        var context = repository.context()
        context.now = { PolicyRepository.now.advanced(byMilliseconds: 10) }
        let later = try await context.openRepositoryForWriting()
        _ = try await later.purge(graceMilliseconds: 0, by: "me")
        #expect(try await Self.gaps(repository) == [[48, 1, 1]], "what was purged may have been there")
    }

    @Test func `without a schedule nothing is due`() async throws {
        let repository = try PolicyRepository()
        try await repository.publish(hoursAgo: 400)
        #expect(try await Self.gaps(repository) == [])
    }
}
