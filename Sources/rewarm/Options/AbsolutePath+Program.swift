import ObjectStorage
import Operations

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension AbsolutePath {
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
