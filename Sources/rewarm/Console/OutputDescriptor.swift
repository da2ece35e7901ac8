import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard output or standard error: bytes collected and written in large pieces, from any task.
final class OutputDescriptor: Sendable {
    /// A flush happens at this many collected bytes.
    private static let flushByteCount = 64 * 1024

    let isTerminal: Bool
    private let descriptor: Int32
    private let collected: Mutex<[UInt8]>
    private let failure = Mutex<Int32>(0)

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        collected = Mutex([])
    }

    /// Columns of the terminal; 80 where it does not tell.
    var columnCount: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The `errno` of the first write that failed: EPIPE where the reader went away; 0 while all is well.
    var failureNumber: Int32 { failure.withLock { $0 } }

    func write(_ text: String) {
        write(bytes: text.utf8)
    }

    func write(bytes: some Sequence<UInt8>) {
        collected.withLock { collected in
            collected.append(contentsOf: bytes)
            if collected.count >= Self.flushByteCount { flush(&collected) }
        }
    }

    func flush() {
        collected.withLock { flush(&$0) }
    }

    private func flush(_ collected: inout [UInt8]) {
        defer { collected.removeAll(keepingCapacity: true) }
        collected.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = systemWrite(UnsafeRawBufferPointer(rebasing: bytes[written...]))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    let number = errno
                    failure.withLock { if $0 == 0 { $0 = number } }
                    return
                }
                written += count
            }
        }
    }

    private func systemWrite(_ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
        Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #else
        Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
