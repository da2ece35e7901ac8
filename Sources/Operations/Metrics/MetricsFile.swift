import NIOCore
import ObjectStorage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file of metrics, replaced as a whole: whoever reads it sees the old one or the new one.
///
/// Unlike everything else that Rewarm writes, it is readable by everybody (mode 0644): node_exporter runs as another
/// user, and there is nothing in it but figures and the names of the policy and its source. The temporary name does not
/// end in `.prom`, so that nobody reads it early.
struct MetricsFile: Sendable {
    private static let mode: mode_t = 0o644
    /// No file of metrics of ours is larger.
    private static let longestByteCount = 1 << 20

    let path: String
    private let operations = FileOperations(PosixFileSystem())

    init(path: String) {
        self.path = path
    }

    /// What stands in it; nil if it is not there, cannot be read, or cannot be one of ours.
    func text() -> String? {
        guard let file = try? operations.open(path, .read) else { return nil }
        defer { file.close() }
        var bytes = [UInt8](repeating: 0, count: Self.longestByteCount)
        let count = try? bytes.withUnsafeMutableBytes { try operations.read(file, into: $0, offset: 0) }
        guard let count, count < bytes.count else { return nil }
        return String(validating: bytes[..<count], as: UTF8.self)
    }

    func replace(_ text: String) throws(SystemCallError) {
        let directory = parentDirectory(of: path)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let temporary = "\(directory)/.\(name).\(String(UInt64.random(in: .min ... .max), radix: 16)).tmp"
        let file = try operations.open(temporary, .createExclusively)
        defer { file.close() }
        do throws(SystemCallError) {
            let bytes = ByteBuffer(string: text)
            try write(bytes, to: file)
            guard fchmod(file.descriptor.rawValue, Self.mode) == 0 else {
                throw SystemCallError(call: "fchmod", number: errno, path: temporary)
            }
            try operations.synchronize(file)
            try operations.rename(temporary, to: path)
        } catch {
            _ = try? operations.unlinkIfPresent(temporary)
            throw error
        }
        try operations.synchronizeDirectory(directory)
    }

    private func write(_ bytes: ByteBuffer, to file: OpenFile) throws(SystemCallError) {
        let result = bytes.withUnsafeReadableBytes { bytes in
            Result { () throws(SystemCallError) in try operations.write(file, from: bytes, offset: 0) }
        }
        try result.get()
    }
}
