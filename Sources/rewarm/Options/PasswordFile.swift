import Operations
import Transport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that holds a password in its first line.
enum PasswordFile {
    private static let longestByteCount = 64 * 1024

    /// The first line without its line feed; the rest is ignored, so that comments may follow.
    static func read(_ path: String) throws(OperationError) -> Secret {
        var descriptor: Int32
        repeat { descriptor = open(path, O_RDONLY | O_CLOEXEC) } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: longestByteCount)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                systemRead(descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(path, errno) }
            if got == 0 { break }
            count += got
        }
        var line = bytes[..<count].prefix { $0 != 0x0A }
        if line.last == 0x0D { line = line.dropLast() }
        guard !line.isEmpty else {
            throw OperationError(.failure, "the password file '\(path)' has an empty first line")
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw OperationError(.failure, "the password file '\(path)' is not text in UTF-8")
        }
        return Secret(text)
    }

    private static func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
        Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
        Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    private static func failure(_ path: String, _ number: Int32) -> OperationError {
        OperationError(.failure, "cannot read the password file '\(path)': \(String(cString: strerror(number)))")
    }
}
