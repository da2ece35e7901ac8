import ArchiveIO
import Capture
import Catalog
import ObjectStorage
import SnapshotModel

/// One snapshot that is being read: purge leaves it alone meanwhile.
struct SnapshotAccess: Sendable {
    let repository: Repository
    let manifest: Manifest
    var meter: ArchiveMeter?

    /// Opens one archive of the snapshot.
    func openPart(_ part: PartDescriptor) async throws -> ArchiveReader {
        try await ArchiveReader.open(try await openObject(part))
    }

    /// Opens the object of one archive; a part that is not there is damage of the snapshot, not a missing file.
    func openObject(_ part: PartDescriptor) async throws -> any ObjectReader {
        let key = RepositoryLayout.part(part.number, of: manifest.id)
        do {
            let reader = try await repository.store.openReader(key)
            return meter.map { MeteredReader(reader, $0) } ?? reader
        } catch {
            guard error.code == .notFound else { throw error }
            throw OperationError(
                .integrity,
                "the archive '\(key)' of snapshot \(manifest.id) is missing",
                hint: "restore the file, or take another snapshot",
                cause: error
            )
        }
    }
}

extension SnapshotAccess {
    /// Looks for a sentinel in all archives: `found`, `different` or `missing`.
    func search(_ sentinel: SnapshotSentinel) async throws -> SnapshotSentinel.Finding {
        for part in manifest.parts {
            let archive = try await openPart(part)
            let finding: SnapshotSentinel.Finding
            do {
                finding = try await sentinel.search(archive)
            } catch {
                await archive.close()
                throw error
            }
            await archive.close()
            if finding != .missing { return finding }
        }
        return .missing
    }
}

extension OperationContext {
    /// Finds a snapshot, leases it, and gives the lease up when `body` is done.
    func withSnapshot<Value>(
        _ query: SnapshotQuery,
        _ body: (SnapshotAccess) async throws -> Value
    ) async throws -> Value {
        let repository = try await openRepositoryForReading()
        let id = try await find(query, in: repository).id
        return try await withSnapshot(id, in: repository, body)
    }

    func withSnapshot<Value>(
        _ id: SnapshotID,
        in repository: Repository,
        _ body: (SnapshotAccess) async throws -> Value
    ) async throws -> Value {
        let lease = try await repository.lease(id)
        defer { lease.release() }
        return try await body(
            SnapshotAccess(repository: repository, manifest: try await repository.manifest(id), meter: archiveMeter)
        )
    }
}
