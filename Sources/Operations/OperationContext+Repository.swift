package import Catalog

extension OperationContext {
    /// Opens the repository, making it if `creates` and the location allow that.
    private func openRepository(creates: Bool) async throws(RepositoryError) -> Repository {
        var options = RepositoryOptions(
            path: repository.path,
            creates: creates && repository.mayCreate,
            command: command,
            lockTimeout: .milliseconds(lockPatienceMilliseconds)
        )
        options.now = now
        return try await Repository.open(options)
    }

    /// Opens the repository to read from it: the standard one is made where it is not there, as for writing.
    package func openRepositoryForReading() async throws(RepositoryError) -> Repository {
        try await openRepository(creates: repository.origin == .standard)
    }

    /// Opens the repository to change something in it.
    package func openRepositoryForWriting() async throws(RepositoryError) -> Repository {
        try await openRepository(creates: true)
    }

    /// The snapshot that a query means; notices are told.
    package func find(_ query: SnapshotQuery, in repository: Repository) async throws(RepositoryError) -> SnapshotEntry
    {
        let found = try await repository.find(query)
        tell(found.notices)
        return found.entry
    }

    package func tell(_ notices: [RepositoryNotice]) {
        for notice in notices {
            switch notice {
            case .readOnly: inform(notice.description)
            case .catalogUnusable, .catalogBehind, .unreadableManifest: warn(notice.description)
            }
        }
    }
}
