import ObjectStorage
import Operations
import Transport

/// A file that holds a password in its first line.
enum PasswordFile {
    private static let longestByteCount = 64 * 1024

    /// The first line without its line feed; the rest is ignored, so that comments may follow.
    static func read(_ path: String) throws(OperationError) -> Secret {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try NamedFile.bytes(of: path, limit: longestByteCount)
        } catch {
            throw OperationError(.failure, "cannot read the password file '\(path)': \(error.reason)")
        }
        var line = bytes.prefix { $0 != 0x0A }
        if line.last == 0x0D { line = line.dropLast() }
        guard !line.isEmpty else {
            throw OperationError(.failure, "the password file '\(path)' has an empty first line")
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw OperationError(.failure, "the password file '\(path)' is not text in UTF-8")
        }
        return Secret(text)
    }
}
