import ArchiveFormat
import ArchiveIO
package import Catalog
import ObjectStorage
package import SnapshotModel

/// What a run of verify came to.
package struct VerifyReport: Hashable, Sendable {
    /// In the order in which they were verified.
    package internal(set) var results: [SnapshotVerification] = []
    /// Those that the time did not suffice for.
    package internal(set) var postponed: [SnapshotID] = []
    /// Those that could not be read to their end: neither sound nor damaged, and nothing is stated about them.
    package internal(set) var unread: [SnapshotID] = []

    package var damaged: [SnapshotVerification] { results.filter { !$0.isIntact } }
}

/// Reads every byte of snapshots again, checks it, and states the result as a fact beside each.
package struct VerifyOperation: Sendable {
    private let queries: [SnapshotQuery]
    private let narrowing: SnapshotQuery
    private let verifiesAll: Bool
    private let maximumDurationMilliseconds: Int64?

    /// The snapshots of `queries`, or all that `narrowing` lets pass.
    package init(
        queries: [SnapshotQuery],
        narrowing: SnapshotQuery,
        verifiesAll: Bool,
        maximumDurationMilliseconds: Int64?
    ) {
        self.queries = queries
        self.narrowing = narrowing
        self.verifiesAll = verifiesAll
        self.maximumDurationMilliseconds = maximumDurationMilliseconds
    }

    /// Gives each result to `receive` as soon as it is there, then states it.
    package func run(
        _ context: OperationContext,
        _ receive: (SnapshotVerification) throws -> Void
    ) async throws -> VerifyReport {
        let repository = try await context.openRepositoryForReading()
        let listing = try await repository.snapshots()
        context.tell(listing.notices)
        let plan =
            verifiesAll
            ? VerifyPlan.all(listing.entries, narrowing: narrowing)
            : try VerifyPlan.named(queries, in: listing.entries)
        let start = ContinuousClock.now
        var report = VerifyReport()
        for entry in plan.snapshots {
            if isOver(start), !report.results.isEmpty {
                report.postponed.append(entry.id)
                continue
            }
            do {
                guard let result = try await verify(entry, in: repository, context) else { continue }
                // Before it is stated: a full disk must not keep the result from whoever asked for it.
                try receive(result)
                report.results.append(result)
                try await state(result, in: repository, context)
            } catch let error as ObjectStoreError where error.code != .cancelled {
                // A bad place on a disk must not keep the others from being verified, this time and every time.
                context.warn("snapshot \(entry.id) could not be read: \(error.message)")
                report.unread.append(entry.id)
            }
        }
        return report
    }

    private func isOver(_ start: ContinuousClock.Instant) -> Bool {
        guard let maximumDurationMilliseconds else { return false }
        return ContinuousClock.now - start >= .milliseconds(maximumDurationMilliseconds)
    }

    /// nil if the snapshot was purged since it was listed.
    private func verify(
        _ entry: SnapshotEntry,
        in repository: Repository,
        _ context: OperationContext
    ) async throws -> SnapshotVerification? {
        do {
            return try await context.withSnapshot(entry.id, in: repository) { snapshot in
                try await verify(snapshot, context)
            }
        } catch let error as RepositoryError where error.code == .snapshotNotFound && verifiesAll {
            context.inform("snapshot \(entry.id) was purged in the meantime")
            return nil
        }
    }

    private func state(
        _ result: SnapshotVerification,
        in repository: Repository,
        _ context: OperationContext
    ) async throws {
        guard repository.isWritable else { return }
        let draft = FactDraft(snapshot: result.snapshot, statement: .verified(problem: result.problem))
        do {
            _ = try await context.state([draft], in: repository)
        } catch {
            guard error.code == .snapshotNotFound, verifiesAll else { throw error }
            context.inform("snapshot \(result.snapshot) was purged in the meantime")
        }
    }

    private func verify(_ snapshot: SnapshotAccess, _ context: OperationContext) async throws -> SnapshotVerification {
        let manifest = snapshot.manifest
        let start = ContinuousClock.now
        var result = SnapshotVerification(snapshot: manifest.id, sourceName: manifest.source.name)
        for part in manifest.parts {
            context.progress(
                OperationProgress(
                    .verifying,
                    subject: manifest.id.text,
                    completedByteCount: result.readByteCount,
                    totalByteCount: manifest.storedByteCount
                )
            )
            try await verify(part, of: snapshot, context, &result)
        }
        result.durationMilliseconds = Int64((ContinuousClock.now - start) / .milliseconds(1))
        return result
    }

    private func verify(
        _ part: PartDescriptor,
        of snapshot: SnapshotAccess,
        _ context: OperationContext,
        _ result: inout SnapshotVerification
    ) async throws {
        let object: any ObjectReader
        do {
            object = try await snapshot.openObject(part)
        } catch let error as OperationError where error.kind == .integrity {
            return result.addMissing(part, error.message)
        }
        let manifest = snapshot.manifest
        let reader = ProgressReader(object) { [before = result.readByteCount] count in
            context.progress(
                OperationProgress(
                    .verifying,
                    subject: manifest.id.text,
                    completedByteCount: min(before + count, manifest.storedByteCount),
                    totalByteCount: manifest.storedByteCount
                )
            )
        }
        do {
            let verification = try await ArchiveVerifier().verify(reader, expecting: part)
            result.add(verification, part: part.number)
            if let problem = Self.contradiction(verification.header, manifest, part) { result.addProblem(problem) }
            await object.close()
        } catch {
            await object.close()
            throw error
        }
    }

    /// A sound archive under another snapshot's name is damage of the repository.
    private static func contradiction(_ header: ArchiveHeader?, _ manifest: Manifest, _ part: PartDescriptor) -> String?
    {
        guard let header else { return nil }
        let description = header.description
        guard description.snapshot != manifest.id || description.part != part.number else { return nil }
        return "part \(part.number): the archive is part \(description.part) of snapshot \(description.snapshot)"
    }
}
