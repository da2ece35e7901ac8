import ArchiveIO
import Catalog
import ObjectStorage
import SnapshotModel
package import Transport

/// Turns a snapshot into evidence: restores it into a scratch node, compares every key, measures, and puts on record
/// what came of it.
///
/// ```
/// locate -> start a server -> restore, deadlines shifted -> compare -> stop the server -> fact, JSON, page
/// ```
/// What keeps a drill from telling anything is a result of its own, not an error: only a request that makes no sense, a
/// snapshot or a repository that is not there, credentials that do not fit and a target that holds keys are thrown.
package struct DrillOperation: Sendable {
    private let request: DrillRequest

    package init(_ request: DrillRequest) {
        self.request = request
    }

    /// `restored` is told where the restored node is before it is compared, for who wants to look at it.
    package func run(
        _ context: OperationContext,
        restored: @Sendable (ConnectionOptions) async throws -> Void = { _ in }
    ) async throws -> DrillOutcome {
        if let contradiction = request.contradiction { throw OperationError(.usage, contradiction) }
        let (start, startedAt) = (ContinuousClock.now, context.now())
        for path in ScratchDirectory.removeAbandoned(in: ScratchDirectory.roots(context.directories)) {
            context.inform("removed what a drill that was killed had left: \(path)")
        }
        let repository = try await context.openRepositoryForReading()
        let id = try await find(in: repository, context)
        let lock = try await lockTarget(context)
        defer { lock?.release() }
        return try await context.withSnapshot(id, in: repository) { access in
            let warnings = NoticeCollector()
            let run = DrillRun(
                request,
                access,
                context.collecting(warnings),
                start: start,
                startedAt: startedAt
            )
            var outcome = try await run.run(restored)
            outcome.warnings = warnings.texts
            return try await DrillEvidence(request, repository, context).put(outcome)
        }
    }

    /// Two drills in one node would take each other's keys for damage: one at a time, of those that this user runs here.
    ///
    /// Where no lock can be had at all it goes without one.
    private func lockTarget(_ context: OperationContext) async throws -> FileLock? {
        guard case .target(let connection, _) = request.place, let state = context.directories.state else { return nil }
        do {
            try FileOperations(PosixFileSystem()).makeDirectories(state)
            return try await LockDirectory(path: state + "/locks").acquire(
                .target(connection.url.address),
                .exclusive,
                holder: .current(command: "drill", now: context.now())
            )
        } catch let error as ObjectStoreError where error.code == .locked || error.code == .cancelled {
            throw error
        } catch {
            context.detail("no lock of \(connection.url.address): \(error)")
            return nil
        }
    }

    private func find(in repository: Repository, _ context: OperationContext) async throws -> SnapshotID {
        switch request.selection {
        case .query(let query): return try await context.find(query, in: repository).id
        case .newest(let scope):
            let listing = try await repository.snapshots()
            context.tell(listing.notices)
            guard let newest = listing.entries.first(where: { $0.state.isTrusted && scope.contains($0) }) else {
                throw RepositoryError(
                    .snapshotNotFound,
                    "there is no good snapshot of policy '\(scope.policy)'; 'rewarm list' shows what there is"
                )
            }
            return newest.id
        }
    }
}
