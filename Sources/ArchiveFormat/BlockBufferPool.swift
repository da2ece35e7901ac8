package import NIOCore
import Synchronization

/// Buffers of finished blocks, kept for the next ones: a block's memory is taken from the system only a few times.
///
/// The bound is the number of buffers kept; more are given back to the system.
package final class BlockBufferPool: Sendable {
    /// Buffers that grew beyond this (a very large key) are not kept.
    private static let largestKeptByteCount = 4 << 20

    private let kept = Mutex<[ByteBuffer]>([])
    private let bound: Int

    /// `bound` is the most buffers that are kept.
    package init(bound: Int = 8) {
        self.bound = bound
    }

    /// An empty buffer with room for `byteCount` bytes at least.
    package func take(byteCount: Int) -> ByteBuffer {
        var buffer = kept.withLock { $0.popLast() } ?? ByteBuffer()
        buffer.reserveCapacity(byteCount)
        return buffer
    }

    /// Takes a buffer back.
    ///
    /// It is only of use if nobody else holds its storage.
    package func give(_ buffer: consuming ByteBuffer) {
        guard buffer.capacity > 0, buffer.capacity <= Self.largestKeptByteCount else { return }
        buffer.clear()
        let returned = buffer
        kept.withLock { kept in
            guard kept.count < bound else { return }
            kept.append(returned)
        }
    }
}
