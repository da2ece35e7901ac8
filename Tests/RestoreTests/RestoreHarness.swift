import Catalog
import Foundation
import Operations
import Restore
import SnapshotModel
import Synchronization
import TestSupport
import Transport

/// Runs restores of fixtures as the command does, and keeps what was told on the way.
struct RestoreHarness {
    let fixture: ArchiveFixture
    private let told = Notices()

    init(_ fixture: ArchiveFixture) {
        self.fixture = fixture
    }

    /// What was told so far.
    var notices: [OperationNotice] { told.all.withLock { $0 } }

    func plan(_ target: RedisServer, _ change: (inout RestoreOptions) -> Void = { _ in }) async throws -> RestorePlan {
        try await operation(target.url, change).plan(context { _ in })
    }

    func plan(url: String) async throws -> RestorePlan {
        try await operation(url) { _ in }.plan(context { _ in })
    }

    /// `during` is told the number of records that had their turn, again and again; `beforeCheck` runs when all of
    /// them are answered and the target is about to be checked.
    func run(
        _ target: RedisServer,
        _ change: (inout RestoreOptions) -> Void = { _ in },
        during: @escaping @Sendable (UInt64) -> Void = { _ in },
        beforeCheck: @escaping @Sendable () -> Void = {}
    ) async throws -> RestoreReport {
        try await operation(target.url, change).run(context(during, beforeCheck))
    }

    func run(
        url: String,
        _ change: (inout RestoreOptions) -> Void = { _ in },
        replyTimeout: Duration = .seconds(20),
        during: @escaping @Sendable (UInt64) -> Void = { _ in }
    ) async throws -> RestoreReport {
        try await operation(url, change, replyTimeout).run(context(during))
    }

    /// The names of the journals of targets that are attached.
    var journal: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: stateHome + "/rewarm/attached")) ?? []
    }

    private var stateHome: String { fixture.directory.path("state") }

    private func operation(
        _ url: String,
        _ change: (inout RestoreOptions) -> Void,
        _ replyTimeout: Duration = .seconds(20)
    ) throws -> RestoreOperation {
        var options = RestoreOptions()
        options.sampleSeed = 7
        change(&options)
        var connection = ConnectionOptions(url: try NodeURL(url))
        connection.replyTimeout = replyTimeout
        connection.loadingPatience = .zero
        let query = SnapshotQuery(fixture.manifest.id.text)
        return RestoreOperation(RestoreRequest(query: query, target: connection, options: options))
    }

    private func context(
        _ during: @escaping @Sendable (UInt64) -> Void,
        _ beforeCheck: @escaping @Sendable () -> Void = {}
    ) -> OperationContext {
        OperationContext(
            repository: RepositoryLocation(path: fixture.repositoryPath, origin: .option),
            directories: UserDirectories { [stateHome] in $0 == "XDG_STATE_HOME" ? stateHome : nil },
            actor: "test",
            command: "rewarm restore",
            progress: { progress in
                switch progress.phase {
                case .restoring: during(progress.completedKeyCount)
                case .verifying: beforeCheck()
                default: break
                }
            },
            notify: { [told] notice in told.all.withLock { $0.append(notice) } }
        )
    }
}

/// What an operation told, from any task.
private final class Notices: Sendable {
    let all = Mutex<[OperationNotice]>([])
}

extension RestoreReport {
    /// Every class that is not empty, by name.
    var counts: [String: UInt64] {
        var counts: [String: UInt64] = [:]
        for recordClass in RestoreAccounting.Class.allCases where accounting[recordClass] > 0 {
            counts[recordClass.rawValue] = accounting[recordClass]
        }
        return counts
    }
}
