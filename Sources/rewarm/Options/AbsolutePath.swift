import Operations

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Paths for those who run in another working directory, as schedulers do.
enum AbsolutePath {
    /// Symbolic links stay: who made one wants it to be followed then, not now.
    static func of(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }

    /// Of the program that runs, resolved by the system.
    static func ofThisProgram() throws(OperationError) -> String {
        for name in ["/proc/self/exe", CommandLine.arguments[0]] {
            guard let path = realpath(name, nil) else { continue }
            defer { free(path) }
            return String(cString: path)
        }
        throw OperationError(.usage, "the path of this command is not known", hint: "name it with --command")
    }
}
