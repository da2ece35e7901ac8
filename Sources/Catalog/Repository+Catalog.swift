import ObjectStorage
import SnapshotModel

extension Repository {
    /// How long a writer waits for the publishing lock, at least: it is held for moments, and a snapshot that took
    /// hours must not be lost to it.
    static let publishingPatience: Duration = .seconds(600)

    /// The catalog, in step with the store as far as this process can bring it there.
    ///
    /// A repository without snapshots gets an empty one.
    ///
    /// - Throws: `.catalogUnusable` if it is missing, damaged, stale or of another schema.
    package func catalog() async throws(RepositoryError) -> SnapshotCatalog {
        try requireWritable()
        guard try catalogFile.exists() else {
            return try await publishing { catalog throws(RepositoryError) in try catalog.get() }
        }
        let catalog = try catalogFile.open()
        if try isInStep(catalog) { return catalog }
        // Whoever holds the lock is writing at this moment: the catalog is in step up to what he does.
        guard let lock = try await tryPublishingLock() else { return catalog }
        defer { lock.release() }
        return try await catalogUnderLock()
    }

    /// Runs `body` under the publishing lock with the catalog in step, or with the reason why it cannot be used.
    func publishing<Result>(
        _ body: (_ catalog: Swift.Result<SnapshotCatalog, RepositoryError>) async throws(RepositoryError) -> Result
    ) async throws(RepositoryError) -> Result {
        try await withPublishingLock { () async throws(RepositoryError) in
            let catalog: Swift.Result<SnapshotCatalog, RepositoryError>
            do throws(RepositoryError) {
                catalog = .success(try await catalogUnderLock())
            } catch {
                catalog = .failure(error)
            }
            return try await body(catalog)
        }
    }

    func withPublishingLock<Result>(
        _ body: () async throws(RepositoryError) -> Result
    ) async throws(RepositoryError) -> Result {
        try requireWritable()
        let lock = try await lock(.publishing, .exclusive, patience: Self.publishingPatience)
        defer { lock.release() }
        return try await body()
    }

    /// Takes a lock, waiting as long as the repository's options say, at least `patience`, or exactly `waiting`.
    func lock(
        _ name: LockName,
        _ mode: FileLock.Mode,
        patience: Duration = .zero,
        waiting: Duration? = nil
    ) async throws(RepositoryError) -> FileLock {
        let timeout = waiting ?? max(options.lockTimeout, patience)
        return try await translating { () async throws(ObjectStoreError) in
            try await locks.acquire(name, mode, holder: holder, timeout: timeout)
        }
    }

    var holder: LockHolder { .current(command: options.command, now: now) }

    private func isInStep(_ catalog: SnapshotCatalog) throws(RepositoryError) -> Bool {
        guard let generation = try generationMark.current() else { return false }
        return try catalog.generation() == generation
    }

    /// The catalog in step with the store; made if there is neither a catalog nor a snapshot.
    func catalogUnderLock() async throws(RepositoryError) -> SnapshotCatalog {
        if try !catalogFile.exists(), try await !hasManifests() {
            _ = try catalogFile.replace { _ in }
        }
        let catalog = try catalogFile.open()
        if try !isInStep(catalog) { try await reconcile(catalog) }
        return catalog
    }

    private func hasManifests() async throws(RepositoryError) -> Bool {
        for id in try await contents.directoryIDs() where try await contents.hasManifest(id) { return true }
        return false
    }

    private func tryPublishingLock() async throws(RepositoryError) -> FileLock? {
        do {
            return try await locks.acquire(.publishing, .exclusive, holder: holder)
        } catch let error where error.code == .locked {
            return nil
        } catch {
            throw RepositoryError(error)
        }
    }
}
