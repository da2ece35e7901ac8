import NIOCore
package import ObjectStorage
package import SnapshotModel
import Synchronization

/// Where snapshots and facts live: a directory with a marker, objects, locks and a catalog.
///
/// The store is the truth, the catalog a cache of it. Every change is first an object, written once, then rows:
///
/// ```
/// lock publishing; bring the catalog up to the store; change the generation mark
/// put the object (manifest, fact)          <- the moment at which it counts
/// insert the rows and the generation in one transaction; unlock
/// ```
/// Who comes after a crash in between finds two different generations and adopts what the rows lack.
package final class Repository: Sendable {
    package let path: String
    package let marker: RepositoryMarker
    package let store: any ObjectStore
    /// False if only reading works: asked for, no write permission, or a read-only file system.
    package let isWritable: Bool
    package let locks: LockDirectory

    let options: RepositoryOptions
    let contents: RepositoryContents
    let generationMark: GenerationMark
    let catalogFile: CatalogFile

    private init(_ options: RepositoryOptions, marker: RepositoryMarker, store: any ObjectStore, isWritable: Bool) {
        self.options = options
        self.marker = marker
        self.store = store
        self.isWritable = isWritable
        path = options.path
        let locksPath = "\(options.path)/\(RepositoryLayout.locksName)"
        locks = LockDirectory(path: locksPath, fileSystem: options.fileSystem)
        contents = RepositoryContents(store: store)
        generationMark = GenerationMark(
            path: "\(locksPath)/generation",
            operations: FileOperations(options.fileSystem)
        )
        catalogFile = CatalogFile(
            path: options.catalogPath ?? "\(options.path)/\(RepositoryLayout.catalogName)",
            repositoryID: marker.id,
            operations: FileOperations(options.catalogFileSystem)
        )
    }

    /// Opens a repository, or makes it if the options say so.
    ///
    /// - Throws: `.absent`, `.unsupportedFormat`, `.corrupted` (marker), `.permissionDenied`, `.storage`.
    package static func open(_ options: RepositoryOptions) async throws(RepositoryError) -> Repository {
        let operations = FileOperations(options.fileSystem)
        let store = LocalObjectStore(root: options.path, fileSystem: options.fileSystem)
        if options.creates { try make(options.path, operations) }
        var marker = try await readMarker(store, options.path)
        if marker == nil, options.creates { marker = try await writeMarker(store, options) }
        guard let marker else {
            throw RepositoryError(
                .absent,
                "'\(options.path)' is no repository (no \(RepositoryLayout.marker)): is its disk mounted?"
                    + " To begin one there, give --create"
            )
        }
        guard marker.formatVersion <= RepositoryMarker.currentFormatVersion else {
            throw RepositoryError(
                .unsupportedFormat,
                "the repository '\(options.path)' has format \(marker.formatVersion); use a newer rewarm"
            )
        }
        let isWritable = options.access == .automatic ? try writability(options.path, operations) : false
        return Repository(options, marker: marker, store: store, isWritable: isWritable)
    }

    /// What is to be said once about this repository, before anything is done.
    package var notices: [RepositoryNotice] { isWritable ? [] : [.readOnly(path: path)] }

    package var now: UnixMilliseconds { options.now() }

    /// Bytes that can still be written to the repository's file system.
    package func freeByteCount() throws(RepositoryError) -> UInt64 {
        do {
            return try options.fileSystem.freeByteCount(at: path)
        } catch {
            throw RepositoryError(ObjectStoreError(error, "ask for the free space of '\(path)'"))
        }
    }

    func requireWritable() throws(RepositoryError) {
        guard isWritable else {
            throw RepositoryError(
                .readOnly,
                "the repository '\(path)' cannot be written; mount it writable, or check its owner and mode"
            )
        }
    }

    private static func make(_ path: String, _ operations: FileOperations) throws(RepositoryError) {
        do {
            try operations.makeDirectories(path)
        } catch {
            throw RepositoryError(ObjectStoreError(error, "make the repository '\(path)'"))
        }
    }

    private static func readMarker(
        _ store: LocalObjectStore,
        _ path: String
    ) async throws(RepositoryError) -> RepositoryMarker? {
        let bytes: ByteBuffer
        do {
            bytes = try await store.readWhole(RepositoryLayout.marker)
        } catch let error where error.code == .notFound {
            return nil
        } catch {
            throw RepositoryError(error)
        }
        do {
            return try StoredJSON.decode(RepositoryMarker.self, from: bytes)
        } catch {
            throw RepositoryError(
                .corrupted,
                "the marker '\(path)/\(RepositoryLayout.marker)' cannot be read",
                cause: error
            )
        }
    }

    private static func writeMarker(
        _ store: LocalObjectStore,
        _ options: RepositoryOptions
    ) async throws(RepositoryError) -> RepositoryMarker? {
        let marker = RepositoryMarker.new(now: options.now())
        do {
            try await store.putIfAbsent(RepositoryLayout.marker, try StoredJSON.encode(marker))
            return marker
        } catch let error as ObjectStoreError where error.code == .alreadyExists {
            // Another process made the same repository at the same moment.
            return try await readMarker(store, options.path)
        } catch let error as ObjectStoreError {
            throw RepositoryError(error)
        } catch {
            throw RepositoryError(.storage, "cannot write the marker of '\(options.path)'", cause: error)
        }
    }

    private static func writability(_ path: String, _ operations: FileOperations) throws(RepositoryError) -> Bool {
        do {
            return try operations.isWritable(path)
        } catch {
            throw RepositoryError(ObjectStoreError(error, "look at '\(path)'"))
        }
    }
}
