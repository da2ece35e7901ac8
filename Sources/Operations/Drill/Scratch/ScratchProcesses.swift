import ObjectStorage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The processes that have a scratch directory as their working directory: its server, and nobody else.
///
/// No number in a file tells them: a number can be another process's by now.
enum ScratchProcesses {
    private static let patienceMilliseconds = 3000
    private static let stepMilliseconds = 20

    /// SIGTERM, and SIGKILL to those that stay.
    static func end(workingIn directory: String) {
        for signal in [SIGTERM, SIGKILL] {
            for processID in processIDs(workingIn: directory) { kill(processID, signal) }
            var waited = 0
            while !processIDs(workingIn: directory).isEmpty, waited < patienceMilliseconds {
                usleep(useconds_t(stepMilliseconds * 1000))
                waited += stepMilliseconds
            }
        }
    }

    /// By proc(5); none where there is no such thing.
    static func processIDs(workingIn directory: String) -> [pid_t] {
        let names = (try? PosixFileSystem().names(in: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { processID in
            workingDirectory(of: processID) == directory && processID != getpid()
        }
    }

    /// nil of processes of others.
    private static func workingDirectory(of processID: pid_t) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/\(processID)/cwd", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
