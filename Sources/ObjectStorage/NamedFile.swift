#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that a user names and that is read whole: a policy, a password, a list.
///
/// What belongs to a repository goes through `FileSystem`.
package enum NamedFile {
    private static let pieceByteCount = 64 << 10

    /// The first bytes of the file, one more than `limit` at the most: then it is too long.
    ///
    /// - Throws: the call that failed, with the path
    package static func bytes(of path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
        var descriptor: Int32
        repeat { descriptor = open(path, O_RDONLY | O_CLOEXEC) } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else { throw SystemCallError(call: "open", number: errno, path: path) }
        defer { close(descriptor) }
        return try bytes(from: descriptor, limit: limit, path: path)
    }

    /// The same of what standard input gives until its end.
    package static func bytesOfStandardInput(limit: Int) throws(SystemCallError) -> [UInt8] {
        try bytes(from: STDIN_FILENO, limit: limit, path: "-")
    }

    private static func bytes(from descriptor: Int32, limit: Int, path: String) throws(SystemCallError) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: min(pieceByteCount, limit + 1))
        while bytes.count <= limit {
            let wanted = min(piece.count, limit + 1 - bytes.count)
            let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, wanted) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemCallError(call: "read", number: errno, path: path) }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return bytes
    }
}
