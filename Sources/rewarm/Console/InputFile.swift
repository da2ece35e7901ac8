import Operations

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that a user hands to a command; `-` is standard input.
enum InputFile {
    /// All bytes of the file.
    ///
    /// - Throws: `failure` if permissions keep it from being read, `usage` if anything else does or it has more than
    ///   `limit` bytes.
    static func read(_ path: String, limit: Int = 256 << 20) throws(OperationError) -> [UInt8] {
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { if descriptor != 0 { close(descriptor) } }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limit {
            let count = piece.withUnsafeMutableBytes { systemRead(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, errno) }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
        throw OperationError(.usage, "'\(path)' has more than \(limit) bytes", hint: "is this the right file?")
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
        let kind: FailureKind = number == EACCES || number == EPERM ? .failure : .usage
        return OperationError(kind, "cannot read '\(path)': \(String(cString: strerror(number)))")
    }
}
