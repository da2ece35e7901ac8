package import NIOCore
import SnapshotModel
import Synchronization

/// Objects as files below a directory.
///
/// An object is written under a temporary name in its own directory, synchronised, renamed (never replacing), and
/// the directory is synchronised: a crash at any instruction leaves the whole object or a temporary file.
/// Files and directories whose names begin with a dot are no objects.
package struct LocalObjectStore: ObjectStore {
    /// The directory; it must exist.
    package let root: String
    let operations: FileOperations
    private let durableDirectories = DurableDirectories()

    package init(root: String, fileSystem: any FileSystem = PosixFileSystem()) {
        self.root = root
        operations = FileOperations(fileSystem)
    }

    package func beginUpload(_ key: ObjectKey) async throws(ObjectStoreError) -> any ObjectUpload {
        try storing("create '\(path(of: key))'") { () throws(SystemCallError) in
            LocalObjectUpload(key: key, temporary: try makeTemporary(for: key), store: self)
        }
    }

    package func putIfAbsent(_ key: ObjectKey, _ bytes: ByteBuffer) async throws(ObjectStoreError) {
        let upload = try await beginUpload(key)
        do {
            try await upload.append(bytes)
            try await upload.finish()
        } catch {
            await upload.abort()
            throw error
        }
    }

    package func byteCount(of key: ObjectKey) async throws(ObjectStoreError) -> UInt64 {
        try storing("look at '\(path(of: key))'") { () throws(SystemCallError) in
            try operations.status(at: path(of: key)).byteCount
        }
    }

    package func openReader(_ key: ObjectKey) async throws(ObjectStoreError) -> any ObjectReader {
        try storing("open '\(path(of: key))'") { () throws(SystemCallError) in
            let file = try operations.open(path(of: key), .read)
            return LocalObjectReader(file: file, byteCount: try operations.status(of: file).byteCount, operations)
        }
    }

    package func list(prefix: String) async throws(ObjectStoreError) -> [ObjectEntry] {
        try storing("list '\(root)/\(prefix)'") { () throws(SystemCallError) in
            var entries: [ObjectEntry] = []
            let directory = prefix.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(prefix[..<$0]) } ?? ""
            try walk(directory) { key, status in
                guard key.path.hasPrefix(prefix) else { return }
                entries.append(ObjectEntry(key: key, byteCount: status.byteCount, modifiedAt: status.modifiedAt))
            }
            return entries.sorted { $0.key < $1.key }
        }
    }

    package func listComponents(prefix: String) async throws(ObjectStoreError) -> [String] {
        try storing("list '\(root)/\(prefix)'") { () throws(SystemCallError) in
            try operations.names(in: "\(root)/\(prefix)").filter { ObjectKey(validating: $0) != nil }
        }
    }

    package func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
        try storing("delete '\(path(of: key))'") { () throws(SystemCallError) in
            try operations.unlinkIfPresent(path(of: key))
            var directory = key.parent
            try synchronizeIfPresent(self.path(of: directory))
            // Empty directories mean nothing; an object store has none.
            while !directory.isEmpty, try operations.removeDirectoryIfEmpty(self.path(of: directory)) {
                durableDirectories.remove(self.path(of: directory))
                directory = directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)]
                try synchronizeIfPresent(self.path(of: directory))
            }
        }
    }

    package func removeAbandonedUploads() async throws(ObjectStoreError) -> Int {
        try storing("sweep temporary files") { () throws(SystemCallError) in
            try removeTemporaries(in: root)
        }
    }
}

extension LocalObjectStore {
    func path(of key: ObjectKey) -> String { "\(root)/\(key.path)" }

    private func path(of directory: Substring) -> String { directory.isEmpty ? root : "\(root)/\(directory)" }

    /// Makes the directory's names durable, and once per directory its own name and those above it, up to the root:
    /// whoever made the directory may have crashed before that.
    func synchronizeDirectories(above key: ObjectKey) throws(SystemCallError) {
        var directory = key.parent
        try operations.synchronizeDirectory(path(of: directory))
        while !directory.isEmpty, !durableDirectories.contains(path(of: directory)) {
            let child = directory
            directory = directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)]
            try operations.synchronizeDirectory(path(of: directory))
            durableDirectories.insert(path(of: child))
        }
    }

    private func synchronizeIfPresent(_ directory: String) throws(SystemCallError) {
        do {
            try operations.synchronizeDirectory(directory)
        } catch let error where error.condition == .notFound {
            return
        }
    }

    private func makeTemporary(for key: ObjectKey) throws(SystemCallError) -> TemporaryFile {
        // A delete may remove the directory, empty as it still is, between the two steps.
        let attemptCount = 10
        for _ in 1..<attemptCount {
            do {
                try makeDirectories(above: key)
                return try TemporaryFile.create(in: path(of: key.parent), for: key.name, operations)
            } catch let error where error.condition == .notFound {
                // The root itself is never made here: an unmounted disk must not be filled silently.
                _ = try operations.status(at: root)
            }
        }
        try makeDirectories(above: key)
        return try TemporaryFile.create(in: path(of: key.parent), for: key.name, operations)
    }

    private func makeDirectories(above key: ObjectKey) throws(SystemCallError) {
        var directory = root
        for component in key.parent.split(separator: "/") {
            directory += "/\(component)"
            try operations.makeDirectory(directory)
        }
    }

    private func walk(
        _ directory: String,
        _ body: (ObjectKey, FileStatus) -> Void
    ) throws(SystemCallError) {
        for name in try operations.names(in: path(of: directory[...])) {
            guard let key = ObjectKey(validating: directory.isEmpty ? name : "\(directory)/\(name)"),
                let status = try operations.statusIfPresent(at: path(of: key))
            else { continue }
            if status.isDirectory {
                try walk(key.path, body)
            } else {
                body(key, status)
            }
        }
    }

    /// Also removes directories that crashed uploads left empty; an upload that has just made one makes it again.
    private func removeTemporaries(in directory: String) throws(SystemCallError) -> Int {
        var removedCount = 0
        for name in try operations.names(in: directory) {
            let path = "\(directory)/\(name)"
            if TemporaryFile.isTemporary(name) {
                removedCount += try TemporaryFile.removeIfAbandoned(path, operations) ? 1 : 0
            } else if !name.hasPrefix("."), try operations.statusIfPresent(at: path)?.isDirectory == true {
                removedCount += try removeTemporaries(in: path)
                if try operations.names(in: path).isEmpty, try operations.removeDirectoryIfEmpty(path) {
                    durableDirectories.remove(path)
                }
            }
        }
        return removedCount
    }
}

/// Runs system calls and says in the error what they were for.
func storing<Result>(
    _ action: @autoclosure () -> String,
    _ body: () throws(SystemCallError) -> Result
) throws(ObjectStoreError) -> Result {
    do {
        return try body()
    } catch {
        throw ObjectStoreError(error, action())
    }
}

/// The directories whose own names are known to be durable.
private final class DurableDirectories: Sendable {
    private let paths = Mutex<Set<String>>([])

    func contains(_ path: String) -> Bool { paths.withLock { $0.contains(path) } }
    func insert(_ path: String) { paths.withLock { _ = $0.insert(path) } }
    func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }
}
