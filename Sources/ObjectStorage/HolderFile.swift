import NIOCore

/// The readable file beside a lock that tells who holds it.
///
/// It is locked by its writer like any temporary file: one that lets itself be locked was left by a crash.
struct HolderFile: Sendable {
    private let temporary: TemporaryFile
    private let operations: FileOperations

    /// Writes the file for the lock `name`.
    ///
    /// It is not synchronised: after a power loss nobody holds anything.
    init(
        _ holder: LockHolder,
        lock name: String,
        in directory: String,
        _ operations: FileOperations
    )
        throws(SystemCallError)
    {
        temporary = try TemporaryFile.create(in: directory, for: Self.prefix(of: name), operations)
        self.operations = operations
        let text = Array(holder.fileText.utf8)
        let result = text.withUnsafeBytes { bytes in
            Result { () throws(SystemCallError) in try operations.write(temporary.file, from: bytes, offset: 0) }
        }
        do {
            try result.get()
        } catch {
            remove()
            throw error
        }
    }

    func remove() {
        _ = try? operations.unlinkIfPresent(temporary.path)
        temporary.file.close()
    }

    /// The holders of the lock `name` that are alive.
    ///
    /// Files of dead ones are removed on the way.
    static func living(lock name: String, in directory: String, _ operations: FileOperations) -> [LockHolder] {
        let names = (try? operations.names(in: directory)) ?? []
        return names.filter { $0.hasPrefix(".\(prefix(of: name)).") && TemporaryFile.isTemporary($0) }
            .compactMap { (try? living("\(directory)/\($0)", operations)) ?? nil }
    }

    private static func living(_ path: String, _ operations: FileOperations) throws(SystemCallError) -> LockHolder? {
        guard try !TemporaryFile.removeIfAbandoned(path, operations) else { return nil }
        let file = try operations.open(path, .read)
        defer { file.close() }
        let limit = 4096
        return LockHolder(fileText: String(buffer: try operations.read(file, offset: 0, byteCount: limit)))
    }

    private static func prefix(of name: String) -> String { "\(name).holder" }
}
