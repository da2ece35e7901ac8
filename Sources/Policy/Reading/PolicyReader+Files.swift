#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// A policy file that cannot be read at all.
package struct UnreadablePolicy: Error, Hashable, Sendable, CustomStringConvertible {
    package let fileName: String
    /// The `errno` of the call that failed.
    package let errorNumber: Int32

    package var isDenied: Bool { errorNumber == EACCES || errorNumber == EPERM }
    package var description: String {
        "cannot read the policy '\(fileName)': \(String(cString: strerror(errorNumber)))"
    }
}

extension PolicyReader {
    /// Reads the policy in a file.
    ///
    /// File names in it become absolute. Throws `UnreadablePolicy` or `InvalidPolicy`.
    package static func read(file fileName: String) throws -> PolicyFile {
        let bytes = try bytes(of: fileName)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw notText(bytes, fileName) }
        return try read(text: text, fileName: fileName, directory: absolute(directory(of: fileName)))
    }

    /// At most one byte more than a policy may have.
    private static func bytes(of fileName: String) throws(UnreadablePolicy) -> [UInt8] {
        let descriptor = open(fileName, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw UnreadablePolicy(fileName: fileName, errorNumber: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= longestByteCount {
            let count = piece.withUnsafeMutableBytes { systemRead(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw UnreadablePolicy(fileName: fileName, errorNumber: errno) }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return bytes
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

    /// Points at the first byte that is no UTF-8.
    static func notText(_ bytes: [UInt8], _ fileName: String) -> InvalidPolicy {
        guard bytes.count <= longestByteCount else {
            return invalid(
                fileName,
                "the file is larger than 1 MiB",
                "a policy is a page of text; is this the right file?"
            )
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return invalid(fileName, "the file is text in UTF-16", "save it as UTF-8")
        }
        // A character that is cut off at the end of a line's beginning does not count as one.
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        let decoded = String(decoding: lines[line], as: UTF8.self).unicodeScalars
        let column = decoded.prefix { $0 != "\u{FFFD}" }.count
        let place = PolicyPlace(line: line + 1, column: column + 1)
        return invalid(fileName, "the file is no text in UTF-8", "save it as UTF-8", at: place)
    }

    /// The directory from the root on; as it is where the working directory cannot be told.
    private static func absolute(_ directory: String) -> String {
        if directory.hasPrefix("/") { return directory }
        guard let working = getcwd(nil, 0) else { return directory }
        defer { free(working) }
        let root = String(cString: working)
        return directory.isEmpty || directory == "." ? root : (root == "/" ? "" : root) + "/" + directory
    }
}
