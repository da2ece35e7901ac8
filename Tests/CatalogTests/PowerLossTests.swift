import Catalog
import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import StorageSimulation
import TestSupport
import Testing

/// Row 7 of the fault tests: the power fails behind every change of the file system, and what was not synchronised is
/// lost, kept, torn or reordered (the fault model is that of `SimulatedFileSystem`).
@Suite("a repository after a loss of power")
struct PowerLossTests {
    /// What was acknowledged and begun after so many changes, and the catalog's file at that time.
    private struct Moment {
        var changeCount: Int
        var expected: ExpectedRepository
        var catalog: Data?
    }

    private final class Recorder {
        var moments: [Moment] = []
        var expected = ExpectedRepository()
    }

    /// Runs the workload once on a simulated file system, the catalog on the real one.
    private func record() async throws -> (RepositoryFixture, SimulatedFileSystem, [Moment]) {
        let fileSystem = SimulatedFileSystem()
        var fixture = try RepositoryFixture()
        fixture.path = "/backup/repository"
        fixture.catalogPath = fixture.directory.path("catalog.sqlite")
        fixture.fileSystem = fileSystem
        try fileSystem.makeDirectory("/backup")
        let root = try fileSystem.open("/", .read)
        try fileSystem.synchronize(root)
        let recorder = Recorder()
        let catalogPath = fixture.catalogPath
        func remember() {
            recorder.moments.append(
                Moment(
                    changeCount: fileSystem.changeCount,
                    expected: recorder.expected,
                    catalog: FileManager.default.contents(atPath: catalogPath)
                )
            )
        }
        remember()
        let workload = RepositoryWorkload(
            fixture: fixture,
            acknowledge: {
                recorder.expected.acknowledge($0)
                remember()
            },
            begin: {
                recorder.expected.begin($0)
                remember()
            }
        )
        #expect(await workload.run() == 0)
        return (fixture, fileSystem, recorder.moments)
    }

    @Test("lists only whole snapshots, and all that was acknowledged, behind every change")
    func everyPrefix() async throws {
        let (fixture, fileSystem, moments) = try await record()
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        let total = fileSystem.changeCount
        let first = try #require(moments.first).changeCount
        #expect(total - first > 150)
        let randomRuns = TestExtent.count(bounded: 200, whole: 20_000)
        var runs: [(Int, SimulatedFileSystem.Survival)] = []
        for changeCount in first...total {
            runs += [(changeCount, .nothing), (changeCount, .everything)]
            // What the writers did not order may reach the device in either order.
            let directoriesOnly = !TestExtent.isSoak
            for inode in fileSystem.unsynchronized(after: changeCount, directoriesOnly: directoriesOnly) {
                runs += [(changeCount, .only(inode)), (changeCount, .allBut(inode))]
            }
        }
        for _ in 0..<randomRuns { runs.append((Int.random(in: first...total, using: &generator), .random)) }
        var listedCount = 0
        for (number, (changeCount, survival)) in runs.enumerated() {
            let comment = "seed \(seed), run \(number), \(changeCount) changes, \(survival)"
            let crashed = fileSystem.crashed(after: changeCount, survival, using: &generator)
            // The steps begun and acknowledged by then.
            let moment = moments.last { $0.changeCount <= changeCount }
            let expected = try #require(moment).expected
            let entries = try await check(fixture, crashed, expected, comment)
            listedCount += entries.count
            // Every tenth also with the catalog of that moment, or of an earlier one.
            if number % 10 == 0, !entries.isEmpty || !expected.acknowledged.isEmpty {
                let before = moments.filter { $0.changeCount <= changeCount }
                let catalog = before.randomElement(using: &generator)?.catalog
                try await checkCatalog(fixture, crashed, catalog, comment)
            }
        }
        #expect(listedCount > runs.count / 2)
    }

    private func check(
        _ fixture: RepositoryFixture,
        _ fileSystem: SimulatedFileSystem,
        _ expected: ExpectedRepository,
        _ comment: String
    ) async throws -> [SnapshotEntry] {
        var options = fixture.options(creates: false)
        options.fileSystem = fileSystem
        options.access = .readOnly
        let repository: Repository
        do {
            repository = try await Repository.open(options)
        } catch {
            #expect(expected.acknowledged.isEmpty, "\(comment): \(error)")
            return []
        }
        #expect(try await fixture.brokenSnapshots(fileSystem) == [], "\(comment)")
        let entries = try await repository.snapshots().entries
        #expect(expected.contradictions(entries) == [], "\(comment)")
        return entries
    }

    /// A catalog that survived in any state of its own is brought up to the store, or refused; never believed.
    private func checkCatalog(
        _ fixture: RepositoryFixture,
        _ fileSystem: SimulatedFileSystem,
        _ catalog: Data?,
        _ comment: String
    ) async throws {
        var fixture = fixture
        let directory = try TemporaryDirectory(inMemory: true)
        fixture.catalogPath = directory.path("catalog.sqlite")
        fixture.fileSystem = fileSystem
        if let catalog { try catalog.write(to: URL(fileURLWithPath: fixture.catalogPath)) }
        let repository = try await fixture.open(creates: false)
        var options = fixture.options(creates: false)
        options.access = .readOnly
        let truth = try await Repository.open(options).snapshots().entries
        #expect(try await repository.snapshots().entries == truth, "\(comment)")
        let dump = try? await repository.catalog().canonicalDump()
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.snapshots().entries == truth, "\(comment)")
        let rebuilt = try await repository.catalog().canonicalDump()
        #expect(dump == nil || dump == rebuilt, "\(comment)")
    }
}
