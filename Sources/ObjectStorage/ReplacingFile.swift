package import NIOCore

/// A file that takes its name only when it is whole: written beside it under a temporary name, made durable, renamed.
///
/// What had the name before is replaced in one step. Without `finish`, nothing remains.
package final class ReplacingFile {
    private let path: String
    private let temporary: TemporaryFile
    private let operations: FileOperations
    private var byteCount: UInt64 = 0
    private var isNamed = false

    /// Begins a file of that name in a directory that exists.
    package init(path: String, fileSystem: any FileSystem = PosixFileSystem()) throws(ObjectStoreError) {
        let operations = FileOperations(fileSystem)
        let name = path.split(separator: "/").last.map { String($0) } ?? ""
        self.path = path
        self.operations = operations
        temporary = try storing("create '\(path)'") { () throws(SystemCallError) in
            try TemporaryFile.create(in: parentDirectory(of: path), for: name, operations)
        }
    }

    deinit {
        end()
    }

    package func append(_ bytes: ByteBuffer) throws(ObjectStoreError) {
        let offset = byteCount
        try storing("write '\(path)'") { () throws(SystemCallError) in
            let result = bytes.withUnsafeReadableBytes { pointer in
                Swift.Result { () throws(SystemCallError) in
                    try operations.write(temporary.file, from: pointer, offset: offset)
                }
            }
            try result.get()
        }
        byteCount += UInt64(bytes.readableBytes)
    }

    /// Gives the file its name; nothing may be appended after it.
    package func finish() throws(ObjectStoreError) {
        try storing("write '\(path)'") { () throws(SystemCallError) in
            try operations.synchronize(temporary.file)
            try operations.rename(temporary.path, to: path)
            isNamed = true
            try operations.synchronizeDirectory(parentDirectory(of: path))
        }
        end()
    }

    /// Removes what writers that were killed left of files whose names begin with `prefix`; best effort.
    package static func removeAbandoned(
        in directory: String,
        named prefix: String,
        fileSystem: any FileSystem = PosixFileSystem()
    ) {
        let operations = FileOperations(fileSystem)
        for name in (try? operations.names(in: directory)) ?? []
        where name.hasPrefix("." + prefix) && TemporaryFile.isTemporary(name) {
            _ = try? TemporaryFile.removeIfAbandoned(directory + "/" + name, operations)
        }
    }

    private func end() {
        if !isNamed { _ = try? operations.unlinkIfPresent(temporary.path) }
        temporary.file.close()
    }
}
