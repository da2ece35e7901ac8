#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Paths for those who run in another working directory, as schedulers and servers do.
package enum AbsolutePath {
    /// The path from the root on; as it is where the working directory cannot be told.
    ///
    /// Symbolic links stay: who made one wants it to be followed then, not now.
    package static func of(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = workingDirectory else { return path }
        return (directory == "/" ? "" : directory) + "/" + path
    }

    /// nil where it cannot be told, as after it was removed.
    package static var workingDirectory: String? {
        guard let directory = getcwd(nil, 0) else { return nil }
        defer { free(directory) }
        return String(cString: directory)
    }
}
