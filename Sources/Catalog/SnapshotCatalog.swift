import GRDB
import ObjectStorage
import SnapshotModel

/// The SQLite database of snapshots, parts and facts: a cache of what the store says.
///
/// One rollback journal (WAL needs shared memory, which network file systems lack), synchronous FULL. Readers need no
/// lock of Rewarm's; who writes holds the publishing lock. Every method is one short transaction.
package final class SnapshotCatalog: Sendable {
    package let path: String
    let queue: DatabaseQueue

    /// How long a statement waits for another process's transaction, in seconds.
    private static let busySeconds = 10.0

    private init(path: String, queue: DatabaseQueue) {
        self.path = path
        self.queue = queue
    }

    /// Opens an existing catalog of the repository.
    ///
    /// - Throws: `.catalogUnusable` if it is damaged, of another program, schema or repository.
    static func open(_ path: String, repositoryID: String) throws(RepositoryError) -> SnapshotCatalog {
        let catalog = try connect(path)
        try catalog.check(repositoryID)
        return catalog
    }

    /// Makes an empty catalog in an existing empty file (so that its mode is the creator's choice) or in memory.
    ///
    /// With `isScratch` nothing is synchronised until the caller does it.
    static func create(
        _ path: String,
        repositoryID: String,
        isScratch: Bool = false
    ) throws(RepositoryError) -> SnapshotCatalog {
        let catalog = try connect(path, isScratch: isScratch)
        try catalog.perform { queue in
            try CatalogSchema.migrator.migrate(queue)
            try queue.write { database in
                try database.execute(
                    sql: "INSERT INTO meta (name, value) VALUES ('repository', ?)",
                    arguments: [repositoryID]
                )
            }
        }
        return catalog
    }

    func close() {
        // A connection that refuses to close is closed when the queue is freed.
        try? queue.close()
    }

    private static func connect(_ path: String, isScratch: Bool = false) throws(RepositoryError) -> SnapshotCatalog {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busySeconds)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = \(isScratch ? "OFF" : "FULL")")
            try database.execute(sql: "PRAGMA journal_mode = \(isScratch ? "MEMORY" : "DELETE")")
        }
        do {
            return SnapshotCatalog(path: path, queue: try DatabaseQueue(path: path, configuration: configuration))
        } catch {
            throw failure(path, error)
        }
    }

    private func check(_ repositoryID: String) throws(RepositoryError) {
        let (application, version) = try read { database in
            (
                try Int32.fetchOne(database, sql: "PRAGMA application_id"),
                try Int32.fetchOne(database, sql: "PRAGMA user_version")
            )
        }
        guard application == CatalogSchema.applicationID, let version else {
            throw .catalogUnusable(path, "is not a catalog of Rewarm")
        }
        guard version <= CatalogSchema.version else {
            throw .catalogUnusable(path, "has schema \(version), newer than this program's \(CatalogSchema.version)")
        }
        if version < CatalogSchema.version { try migrate() }
        guard try meta("repository") == repositoryID else {
            throw .catalogUnusable(path, "belongs to another repository")
        }
    }
}

extension SnapshotCatalog {
    /// Brings the tables up to this program's schema.
    private func migrate() throws(RepositoryError) {
        do {
            try perform { try CatalogSchema.migrator.migrate($0) }
        } catch {
            // Two processes may have begun at once: one of them did it.
            let version = try read { try Int32.fetchOne($0, sql: "PRAGMA user_version") }
            guard version == CatalogSchema.version else { throw error }
        }
    }

    /// Runs a read transaction; whatever fails becomes a `RepositoryError`.
    func read<Result>(_ body: (Database) throws -> Result) throws(RepositoryError) -> Result {
        try perform { try $0.read(body) }
    }

    /// Runs a write transaction: all of it or nothing.
    func write<Result>(_ body: (Database) throws -> Result) throws(RepositoryError) -> Result {
        try perform { try $0.write(body) }
    }

    private func perform<Result>(_ body: (DatabaseQueue) throws -> Result) throws(RepositoryError) -> Result {
        do {
            return try body(queue)
        } catch {
            throw Self.failure(path, error)
        }
    }

    private static func failure(_ path: String, _ error: any Error) -> RepositoryError {
        if let error = error as? RepositoryError { return error }
        guard let failure = error as? DatabaseError else {
            return .catalogUnusable(path, "holds values that cannot be read", cause: error)
        }
        let text = failure.message ?? "\(failure.resultCode)"
        switch failure.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return RepositoryError(.locked, "the catalog '\(path)' is in use (\(text)); try again", cause: error)
        case .SQLITE_PERM, .SQLITE_AUTH:
            return RepositoryError(.permissionDenied, "cannot use the catalog '\(path)': \(text)", cause: error)
        case .SQLITE_READONLY:
            return RepositoryError(.readOnly, "cannot write the catalog '\(path)': \(text)", cause: error)
        case .SQLITE_FULL, .SQLITE_CANTOPEN, .SQLITE_NOMEM:
            return RepositoryError(.storage, "cannot use the catalog '\(path)': \(text)", cause: error)
        case .SQLITE_IOERR where failure.extendedResultCode != .SQLITE_IOERR_SHORT_READ:
            return RepositoryError(.storage, "cannot use the catalog '\(path)': \(text)", cause: error)
        default:
            // Statements are fixed: what SQLite does not like about them is in the file.
            return .catalogUnusable(path, "is damaged or of another schema (\(text))", cause: error)
        }
    }
}
