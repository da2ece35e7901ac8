#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A failed system call.
package struct SystemCallError: Error, Equatable, Sendable {
    /// The name of the call as in its manual page, `fsync`.
    package var call: String
    /// The value of `errno`.
    package var number: Int32
    /// The path, or empty where a descriptor was used.
    package var path: String

    package init(call: String, number: Int32, path: String = "") {
        self.call = call
        self.number = number
        self.path = path
    }

    /// What the store does differently for.
    package enum Condition: Sendable {
        case notFound
        case exists
        case permissionDenied
        case readOnlyFileSystem
        case noSpace
        case interrupted
        case wouldBlock
        case notEmpty
        case unsupported
        case other
    }

    /// `EEXIST`.
    static let existsNumber = EEXIST

    package var condition: Condition {
        switch number {
        case ENOENT, ENOTDIR: .notFound
        case EEXIST: .exists
        case EACCES, EPERM: .permissionDenied
        case EROFS: .readOnlyFileSystem
        case ENOSPC, EDQUOT: .noSpace
        case EINTR: .interrupted
        case EWOULDBLOCK: .wouldBlock
        case ENOTEMPTY: .notEmpty
        case ENOSYS, ENOTSUP, EOPNOTSUPP, ENOLCK: .unsupported
        default: .other
        }
    }
}

extension SystemCallError: CustomStringConvertible {
    /// The system's words for it, "No such file or directory".
    package var reason: String { String(cString: strerror(number)) }

    package var description: String {
        let place = path.isEmpty ? "" : " '\(path)'"
        return "\(call)\(place): \(reason)"
    }
}
