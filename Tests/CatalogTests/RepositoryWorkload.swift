import Catalog
import ObjectStorage
import SnapshotModel
import Synchronization

/// The life of a repository in thirteen steps, for tests that break something under it: each step goes its way whatever
/// became of the others, and reports what was acknowledged.
struct RepositoryWorkload {
    /// What a user was told to be done.
    enum Acknowledgement: Hashable, Sendable {
        case published(SnapshotID)
        case held(SnapshotID)
        case deleted(SnapshotID)
        case undeleted(SnapshotID)
        case purged(SnapshotID)
    }

    let fixture: RepositoryFixture
    /// Told of each acknowledgement at the moment at which it is given.
    let acknowledge: (Acknowledgement) async throws -> Void
    /// Told of each step before it begins, so that a half-done one is known.
    let begin: (Acknowledgement) -> Void

    static let ids = (0..<4).map { RepositoryFixture.manifest(hour: $0).id }

    /// Runs all steps; returns how many failed.
    @discardableResult
    func run() async -> Int {
        var failureCount = 0
        func step(_ body: () async throws -> Void) async {
            do { try await body() } catch { failureCount += 1 }
        }
        let ids = Self.ids
        for hour in 0..<4 as Range<Int64> {
            await step { try await publish(hour) }
        }
        await step { try await state(.hold(reason: "audit", until: nil), ids[1], .held(ids[1])) }
        await step { try await state(.deleted(reason: "expired"), ids[0], .deleted(ids[0])) }
        await step { try await expire(ids[2]) }
        await step { try await state(.deleted(reason: "by hand"), ids[3], .deleted(ids[3])) }
        await step { try await state(.undeleted, ids[3], .undeleted(ids[3])) }
        await step { try await state(.verified(problem: nil), ids[3], nil) }
        await step { try await expire(nil) }
        fixture.clock.advance(milliseconds: 100 * RepositoryFixture.hour)
        await step { try await purge() }
        await step { _ = try await fixture.open(creates: false).rebuildCatalog() }
        await step { _ = try await fixture.open(creates: false).snapshots() }
        return failureCount
    }

    private func publish(_ hour: Int64) async throws {
        let repository = try await fixture.open()
        let manifest = RepositoryFixture.manifest(hour: hour)
        begin(.published(manifest.id))
        let run = try await repository.beginSnapshot(sourceName: manifest.source.name)
        defer { run.release() }
        try await fixture.publish(manifest, to: repository)
        try await acknowledge(.published(manifest.id))
    }

    private func state(
        _ statement: Fact.Statement,
        _ id: SnapshotID,
        _ acknowledgement: Acknowledgement?
    ) async throws {
        let repository = try await fixture.open(creates: false)
        if let acknowledgement { begin(acknowledgement) }
        _ = try await repository.state([FactDraft(snapshot: id, statement: statement)], by: "me")
        if let acknowledgement { try await acknowledge(acknowledgement) }
    }

    /// Lets retention delete a snapshot, or nothing; the record of the run replaces that of the one before.
    private func expire(_ id: SnapshotID?) async throws {
        let repository = try await fixture.open(creates: false)
        if let id { begin(.deleted(id)) }
        let scope = PolicyScope(policy: "nightly", sourceName: "cache")
        _ = try await repository.applyRetention(scope, by: "me") { inventory in
            var change = RetentionChange()
            if let id { change.deletions = [(id: id, reason: "expired by policy nightly")] }
            let outcome = RunRecord.Outcome.expired(mark: fixture.clock.now, policyDigest: "d", deletedCount: 1)
            let now = fixture.clock.now
            change.run = RunDraft(startedAt: now, sourceName: nil, policy: "nightly", outcome: outcome)
            change.removedRuns = inventory.runs.map(\.id)
            return ((), change)
        }
        if let id { try await acknowledge(.deleted(id)) }
    }

    private func purge() async throws {
        let repository = try await fixture.open(creates: false)
        let id = Self.ids[0]
        begin(.purged(id))
        let report = try await repository.purge(graceMilliseconds: RepositoryFixture.hour, by: "me")
        if report.plan.items.contains(where: { $0.id == id && $0.decision == .free }) {
            try await acknowledge(.purged(id))
        }
    }
}

/// What is expected of a repository after some acknowledgements, with at most one step half done.
struct ExpectedRepository: Sendable {
    private(set) var acknowledged: [RepositoryWorkload.Acknowledgement] = []
    private(set) var begun: [RepositoryWorkload.Acknowledgement] = []

    mutating func acknowledge(_ acknowledgement: RepositoryWorkload.Acknowledgement) {
        acknowledged.append(acknowledgement)
    }

    mutating func begin(_ step: RepositoryWorkload.Acknowledgement) {
        begun.append(step)
        guard case .purged = step else { return }
        // A purge takes whatever is deleted: also what could not be undeleted.
        begun += RepositoryWorkload.ids.filter { id in
            begun.contains(.deleted(id)) && !acknowledged.contains(.undeleted(id))
        }.map { .purged($0) }
    }

    /// How the entries contradict what was acknowledged; empty if they do not.
    func contradictions(_ entries: [SnapshotEntry]) -> [String] {
        RepositoryWorkload.ids.flatMap { id in
            contradictions(id, entries.first { $0.id == id })
        }
    }

    private func contradictions(_ id: SnapshotID, _ entry: SnapshotEntry?) -> [String] {
        var found: [String] = []
        if acknowledged.contains(.published(id)), !begun.contains(.purged(id)), entry == nil {
            found.append("\(id) was published and is not listed")
        }
        if !begun.contains(.published(id)), entry != nil { found.append("\(id) is listed before its time") }
        if acknowledged.contains(.purged(id)), entry != nil { found.append("\(id) was purged and is listed") }
        if acknowledged.contains(.held(id)), let entry, entry.state.heldUntil == nil {
            found.append("\(id) was held and is not")
        }
        let isDeleted = acknowledged.contains(.deleted(id)) && !begun.contains(.undeleted(id))
        if isDeleted, entry?.state.isLive == true { found.append("\(id) was deleted and is live") }
        let isLive = !begun.contains(.deleted(id)) || acknowledged.contains(.undeleted(id))
        if isLive, entry?.state.isLive == false { found.append("\(id) is deleted and should be live") }
        return found
    }
}
