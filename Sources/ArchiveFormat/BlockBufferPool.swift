import ByteCoding
package import NIOCore
import Synchronization

/// Buffers of finished blocks, kept for the next ones: a block's memory is taken from the system only a few times.
///
/// The bound is the number of buffers kept; more are given back to the system.
package final class BlockBufferPool: Sendable {
    /// Buffers that grew beyond this (a very large key) are not kept.
    private static let largestKeptByteCount = 4 << 20

    private struct State {
        var kept: [ByteBuffer] = []
        var allocationCount = 0
    }

    private let state = Mutex(State())
    private let bound: Int

    /// `bound` is the most buffers that are kept.
    package init(bound: Int = 8) {
        self.bound = bound
    }

    /// How often memory was taken from the system: as `take` found no buffer, or one too small.
    package var allocationCount: Int { state.withLock { $0.allocationCount } }

    /// An empty buffer with room for `byteCount` bytes at least.
    package func take(byteCount: Int) -> ByteBuffer {
        var buffer = state.withLock { state in
            let buffer = state.kept.popLast() ?? ByteBuffer()
            if buffer.capacity < byteCount { state.allocationCount += 1 }
            return buffer
        }
        buffer.reserveCapacity(byteCount)
        return buffer
    }

    /// Takes a buffer back, unless somebody else still holds its storage.
    package func give(_ buffer: consuming ByteBuffer) {
        guard buffer.capacity > 0, buffer.capacity <= Self.largestKeptByteCount, buffer.clearInPlace() else { return }
        let returned = buffer
        state.withLock { state in
            guard state.kept.count < bound else { return }
            state.kept.append(returned)
        }
    }
}
