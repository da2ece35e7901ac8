import ObjectStorage
import Operations

/// A file that a user hands to a command; `-` is standard input.
enum InputFile {
    /// All bytes of the file.
    ///
    /// - Throws: `failure` if permissions keep it from being read, `usage` if anything else does or it has more than
    ///   `limit` bytes.
    static func read(_ path: String, limit: Int = 256 << 20) throws(OperationError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes =
                path == "-"
                ? try NamedFile.bytesOfStandardInput(limit: limit) : try NamedFile.bytes(of: path, limit: limit)
        } catch {
            let kind: FailureKind = error.condition == .permissionDenied ? .failure : .usage
            throw OperationError(kind, "cannot read '\(path)': \(error.reason)")
        }
        guard bytes.count <= limit else {
            throw OperationError(.usage, "'\(path)' has more than \(limit) bytes", hint: "is this the right file?")
        }
        return bytes
    }
}
