/// A file under a temporary name, locked by its writer for as long as it is written.
///
/// The lock is what tells a writer at work from one that crashed: whoever gets it may remove the file.
struct TemporaryFile: Sendable {
    let file: OpenFile
    let path: String

    private static let suffix = ".tmp"
    /// A sweeper may catch the file between its creation and its lock; that often in a row it will not.
    private static let maximumAttemptCount = 100

    /// Creates and locks a file in `directory` (which must exist) whose name is derived from `name`.
    static func create(
        in directory: String,
        for name: some StringProtocol,
        _ operations: FileOperations
    ) throws(SystemCallError) -> Self {
        for _ in 0..<maximumAttemptCount {
            let path = "\(directory)/.\(name).\(randomHexadecimal())\(suffix)"
            let file: OpenFile
            do {
                file = try operations.open(path, .createExclusively)
            } catch let error where error.condition == .exists {
                continue
            }
            do {
                // A sweeper that got the lock first is about to unlink the name, or has done so already.
                if try operations.tryLock(file, .exclusive), try operations.status(of: file).linkCount > 0 {
                    return Self(file: file, path: path)
                }
            } catch {
                _ = try? operations.unlinkIfPresent(path)
                throw error
            }
        }
        throw SystemCallError(call: "open", number: SystemCallError.existsNumber, path: "\(directory)/\(name)")
    }

    /// Whether a file of this name is a temporary one.
    static func isTemporary(_ name: some StringProtocol) -> Bool {
        name.hasPrefix(".") && name.hasSuffix(suffix)
    }

    /// Removes a temporary file whose writer is gone; tells whether it did.
    static func removeIfAbandoned(_ path: String, _ operations: FileOperations) throws(SystemCallError) -> Bool {
        let file: OpenFile
        do {
            file = try operations.open(path, .readWrite)
        } catch let error where error.condition == .notFound {
            return false
        }
        defer { file.close() }
        guard try operations.tryLock(file, .exclusive) else { return false }
        // Under the lock: the writer may have given the file its final name since its temporary one was listed.
        guard let status = try operations.statusIfPresent(at: path),
            status.isSameFile(as: try operations.status(of: file))
        else { return false }
        return try operations.unlinkIfPresent(path)
    }

    private static func randomHexadecimal() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
