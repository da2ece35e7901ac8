import Catalog
import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import StorageSimulation
import TestSupport
import Testing

/// Rows 5 and 8 of the fault tests: something fails at each call, or the disk is full at each byte, over upload,
/// publish, facts, deletion, purge and rebuild.
///
/// Whatever happens, every listed snapshot is whole, what was acknowledged holds, the catalog can be rebuilt, and the
/// next run completes what was left.
@Suite("a repository under faults")
struct RepositoryFaultTests {
    /// Runs the workload under the faults and checks everything afterwards; returns the number of calls.
    private func run(_ plan: FaultyFileSystem.Plan, byteBudget: Int? = nil, _ comment: String) async throws -> Int {
        let fileSystem = FaultyFileSystem(PosixFileSystem(), plan, byteBudget: byteBudget)
        var fixture = try RepositoryFixture()
        fixture.fileSystem = fileSystem
        fixture.catalogFileSystem = fileSystem
        let expectation = Recorder()
        let workload = RepositoryWorkload(
            fixture: fixture,
            acknowledge: { expectation.value.acknowledge($0) },
            begin: { expectation.value.begin($0) }
        )
        let failureCount = await workload.run()
        #expect(fileSystem.openDescriptorCount == 0, "\(comment): descriptors leak")
        fixture.fileSystem = FaultyFileSystem()
        fixture.catalogFileSystem = FaultyFileSystem()
        try await check(fixture, expectation.value, comment)
        if plan.fault == .short || plan.fault == .error(EINTR) {
            #expect(failureCount == 0, "\(comment): \(failureCount) steps failed for a fault that is none")
        }
        return fileSystem.callCount
    }

    private final class Recorder {
        var value = ExpectedRepository()
    }

    private func check(
        _ fixture: RepositoryFixture,
        _ expected: ExpectedRepository,
        _ comment: String
    ) async throws {
        guard (try? await fixture.open(creates: false)) != nil else {
            #expect(expected.acknowledged.isEmpty, "\(comment): the repository is gone")
            return
        }
        #expect(try await fixture.brokenSnapshots(FaultyFileSystem()) == [], "\(comment)")
        let repository = try await fixture.open(creates: false)
        let listing = try await repository.snapshots()
        #expect(expected.contradictions(listing.entries) == [], "\(comment)")
        let dump = try? await repository.catalog().canonicalDump()
        _ = try await repository.rebuildCatalog()
        let rebuilt = try await repository.catalog().canonicalDump()
        #expect(dump == nil || dump == rebuilt, "\(comment): the catalog was not what a rebuild makes of the store")
        #expect(try await repository.snapshots().entries == listing.entries, "\(comment)")

        // The next run completes what is half done and leaves nothing behind.
        fixture.clock.now = UnixMilliseconds(Int64.max / 2)
        _ = try await repository.purge(graceMilliseconds: RepositoryFixture.hour, by: "me")
        _ = try await repository.purge(graceMilliseconds: RepositoryFixture.hour, by: "me")
        #expect(try await repository.store.removeAbandonedUploads() == 0, "\(comment)")
        let directories = try await repository.store.listComponents(prefix: "snapshots/").filter { $0 != "runs" }
        #expect(
            try await repository.runs().records.count <= 2,
            "\(comment): a mark more than the last and the one before"
        )
        let known = Set(try await repository.catalog().entries().map(\.id.text))
        #expect(directories.allSatisfy { known.contains($0) }, "\(comment): \(directories) are left over")
        #expect(try await repository.checkCatalog().differences == [], "\(comment)")
        let next = try await fixture.publish(RepositoryFixture.manifest(hour: 200), to: repository)
        #expect(next.notices == [], "\(comment)")
        let sequences = try await repository.manifests().map(\.sequence)
        #expect(Set(sequences).count == sequences.count, "\(comment): a sequence twice")
        #expect(sequences.max() == next.manifest.sequence, "\(comment)")
    }

    @Test("is whole when the n-th call fails, is interrupted, cut short, or the process dies there")
    func everyCall() async throws {
        let callCount = try await run(FaultyFileSystem.Plan(call: 0, fault: .short), "no fault")
        #expect(callCount > 300)
        let faults: [FaultyFileSystem.Fault] =
            [ENOSPC, EIO, EINTR, EACCES].map { .error($0) } + [.short, .death]
        let step = TestExtent.count(bounded: 61, whole: 1)
        for (index, fault) in faults.enumerated() {
            for call in stride(from: 1 + index * 10 % step, through: callCount, by: step) {
                _ = try await run(FaultyFileSystem.Plan(call: call, fault: fault), "call \(call) \(fault)")
            }
        }
    }

    @Test("is whole when the disk is full after n bytes")
    func diskFull() async throws {
        // The parts have 12000 bytes, manifests, facts and marks some more; SQLite writes past the budget.
        let byteCount = 20_000
        let runs = TestExtent.count(bounded: 16, whole: 1000)
        for budget in stride(from: 0, to: byteCount, by: byteCount / runs) {
            let plan = FaultyFileSystem.Plan(call: 0, fault: .death)
            _ = try await run(plan, byteBudget: budget, "budget \(budget)")
        }
    }

    @Test("whose catalog cannot grow publishes all the same, and follows when there is space")
    func catalogFull() async throws {
        let fixture = try RepositoryFixture()
        let repository = try await fixture.open()
        let catalog = try await repository.catalog()
        try catalog.limitPages()
        var notices: [RepositoryNotice] = []
        for hour in 0..<20 as Range<Int64> {
            notices += try await fixture.publish(RepositoryFixture.manifest(hour: hour), to: repository).notices
        }
        #expect(!notices.isEmpty)
        #expect(try await fixture.brokenSnapshots(PosixFileSystem()) == [])
        let next = try await fixture.open(creates: false)
        #expect(try await next.snapshots().entries.map(\.sequence) == (1...20).reversed())
        #expect(try await next.snapshots().notices == [])
    }
}
