import NIOCore
import SnapshotModel

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The bytes of a file or of standard input, in chunks.
///
/// A pipe is polled, so that cancelling ends a read that waits for its other end.
final class FileByteSource: Sendable {
    /// Bytes per read.
    private static let chunkByteCount = 512 << 10
    private static let pollMilliseconds: Int32 = 100

    /// The path, or "standard input".
    let name: String
    /// When the file was last written; nil for what is no file.
    let modifiedAt: UnixMilliseconds?
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    private let isRegularFile: Bool

    /// Opens the file at `path`; nil reads standard input.
    init(path: String?) throws(CaptureError) {
        name = path ?? "standard input"
        if let path {
            var opened: Int32
            repeat { opened = open(path, O_RDONLY | O_CLOEXEC) } while opened < 0 && errno == EINTR
            guard opened >= 0 else { throw Self.error(name) }
            descriptor = opened
        } else {
            descriptor = STDIN_FILENO
        }
        ownsDescriptor = path != nil
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = Self.error(name)
            if path != nil { _ = Self.close(descriptor) }
            throw error
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            if path != nil { _ = Self.close(descriptor) }
            throw CaptureError(.unreadable, "'\(name)' is a directory; name an RDB file")
        }
        isRegularFile = status.st_mode & S_IFMT == S_IFREG
        #if canImport(Darwin)
        let modified = status.st_mtimespec
        #else
        let modified = status.st_mtim
        #endif
        modifiedAt =
            isRegularFile
            ? UnixMilliseconds(Int64(modified.tv_sec) * 1000 + Int64(modified.tv_nsec) / 1_000_000) : nil
    }

    deinit {
        if ownsDescriptor { _ = Self.close(descriptor) }
    }

    /// The next bytes; nil at the end.
    ///
    /// They come in the memory of `buffer`, which is used up.
    func next(reusing buffer: consuming ByteBuffer = ByteBuffer()) async throws -> ByteBuffer? {
        while !isRegularFile, try await !isReadable() {}
        var chunk = buffer
        chunk.clear()
        while true {
            var status = 0
            chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.chunkByteCount) { target in
                status = read(descriptor, target.baseAddress, Self.chunkByteCount)
                return max(0, status)
            }
            if status > 0 { return chunk }
            if status == 0 { return nil }
            guard errno == EINTR else { throw Self.error(name) }
            try Task.checkCancellation()
        }
    }

    private func isReadable() async throws -> Bool {
        try Task.checkCancellation()
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let count = poll(&entry, 1, Self.pollMilliseconds)
        if count < 0, errno != EINTR { throw Self.error(name) }
        if count <= 0 { await Task.yield() }
        return count > 0
    }

    private static func close(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
        Glibc.close(descriptor)
        #elseif canImport(Musl)
        Musl.close(descriptor)
        #else
        Darwin.close(descriptor)
        #endif
    }

    private static func error(_ name: String) -> CaptureError {
        CaptureError(.unreadable, "cannot read '\(name)': \(String(cString: strerror(errno)))")
    }
}
