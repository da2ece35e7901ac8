import NIOCore
import Operations

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that a command writes for its user, readable by nobody else unless asked for; what is there is replaced.
final class PlainFile {
    private let path: String
    private let file: UnsafeMutablePointer<FILE>

    init(path: String, isPublic: Bool = false) throws(OperationError) {
        self.path = path
        var descriptor: Int32
        repeat {
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, isPublic ? 0o644 : 0o600)
        } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0, let file = fdopen(descriptor, "w") else {
            throw Self.failure("open", path, errno)
        }
        self.file = file
    }

    func write(_ bytes: ByteBuffer) throws(OperationError) {
        let isWritten = bytes.withUnsafeReadableBytes { fwrite($0.baseAddress, 1, $0.count, file) == $0.count }
        guard isWritten else { throw Self.failure("write", path, errno) }
    }

    /// Writes what is collected; to be called once, and nothing after it.
    func finish() throws(OperationError) {
        guard fflush(file) == 0 else { throw Self.failure("write", path, errno) }
    }

    deinit {
        fclose(file)
    }

    private static func failure(_ action: String, _ path: String, _ number: Int32) -> OperationError {
        OperationError(.failure, "cannot \(action) '\(path)': \(String(cString: strerror(number)))")
    }
}
