import ObjectStorage
import Synchronization

/// The catalog's place on disk: opens it once, notices when it was replaced, replaces it.
final class CatalogFile: Sendable {
    let path: String
    private let repositoryID: String
    private let operations: FileOperations
    private let opened = Mutex<Opened?>(nil)

    private struct Opened {
        var catalog: SnapshotCatalog
        var status: FileStatus
    }

    init(path: String, repositoryID: String, operations: FileOperations) {
        self.path = path
        self.repositoryID = repositoryID
        self.operations = operations
    }

    func exists() throws(RepositoryError) -> Bool { try status() != nil }

    /// The catalog as it lies there now.
    ///
    /// - Throws: `.catalogUnusable` if it is missing, damaged, of another schema or another repository.
    func open() throws(RepositoryError) -> SnapshotCatalog {
        guard let status = try status() else { throw .catalogUnusable(path, "is missing") }
        // A rebuild puts another file in its place; rows written to the old one would be lost.
        if let opened = opened.withLock({ $0 }), opened.status.isSameFile(as: status) { return opened.catalog }
        let catalog = try SnapshotCatalog.open(path, repositoryID: repositoryID)
        opened.withLock { $0 = Opened(catalog: catalog, status: status) }
        return catalog
    }

    /// Makes a catalog beside the present one, lets `fill` write it, and puts it in its place.
    ///
    /// A crash leaves the old catalog or the new one. Only under the publishing lock.
    func replace(
        _ fill: (SnapshotCatalog) throws(RepositoryError) -> Void
    ) throws(RepositoryError) -> SnapshotCatalog {
        let beside = path + ".rebuild"
        try performing("make") { () throws(SystemCallError) in
            try operations.makeDirectories(parentDirectory(of: path))
            try operations.unlinkIfPresent(beside)
            try operations.open(beside, .createExclusively).close()
        }
        do throws(RepositoryError) {
            try write(beside, fill)
            try performing("replace") { () throws(SystemCallError) in try install(beside) }
        } catch {
            _ = try? operations.unlinkIfPresent(beside)
            throw error
        }
        return try open()
    }

    /// Gives up the connection.
    func close() {
        opened.withLock { opened in
            opened?.catalog.close()
            opened = nil
        }
    }

    private func write(
        _ beside: String,
        _ fill: (SnapshotCatalog) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        do {
            let scratch = try SnapshotCatalog.create(beside, repositoryID: repositoryID, isScratch: true)
            defer { scratch.close() }
            try fill(scratch)
        } catch let error where error.code == .catalogUnusable {
            // Nobody has damaged a file that is being written: the device does not keep what it is given.
            let text = error.cause.map { "\($0)" } ?? error.message
            throw RepositoryError(.storage, "cannot write the catalog '\(beside)': \(text)", cause: error)
        }
    }

    private func install(_ beside: String) throws(SystemCallError) {
        let file = try operations.open(beside, .readWrite)
        defer { file.close() }
        try operations.synchronize(file)
        let directory = parentDirectory(of: path)
        // A journal that the old file left would be rolled back into the new one.
        if try operations.unlinkIfPresent(path + "-journal") { try operations.synchronizeDirectory(directory) }
        try operations.rename(beside, to: path)
        try operations.synchronizeDirectory(directory)
    }

    private func status() throws(RepositoryError) -> FileStatus? {
        try performing("look at") { () throws(SystemCallError) in try operations.statusIfPresent(at: path) }
    }

    private func performing<Result>(
        _ action: String,
        _ body: () throws(SystemCallError) -> Result
    ) throws(RepositoryError) -> Result {
        do {
            return try body()
        } catch {
            throw RepositoryError(ObjectStoreError(error, "\(action) the catalog '\(path)'"))
        }
    }
}
