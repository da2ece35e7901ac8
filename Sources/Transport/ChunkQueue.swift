import ByteCoding
import NIOCore
import Synchronization

/// Hands chunks of bytes from the event loop to one consuming task, in order and with a bound.
///
/// The event loop pushes; while more than `byteLimit` bytes wait here it does not read, and it reads on when the
/// consumer has taken enough. Both sides' waiting is counted.
final class ChunkQueue: Sendable {
    /// Bytes that may wait here before reading stops: some chunks, so that neither side waits for the other's turn.
    static let byteLimit = 4 * 1024 * 1024

    /// The most buffers kept for later chunks: as many as a full queue has, since both sides work in bursts.
    private static let spareLimit = byteLimit / ReplicaTransfer.chunkByteCount + 2

    private enum End {
        case finished
        case failed(TransportError)
    }

    private struct State {
        var chunks = CircularBuffer<ByteBuffer>()
        var queuedByteCount = 0
        /// Empty buffers that the consumer is done with.
        var spares: [ByteBuffer] = []
        var end: End?
        var waiter: CheckedContinuation<Void, Never>?
        /// Since when the producer has not read because of the bound.
        var pausedSince: ContinuousClock.Instant?
        var pausedTime = Duration.zero
        var consumerTime = Duration.zero

        mutating func takeFirst() -> ByteBuffer? {
            guard let chunk = chunks.popFirst() else { return nil }
            queuedByteCount -= chunk.readableBytes
            return chunk
        }
    }

    private let state = Mutex(State())

    /// Whether the consumer waits for bytes.
    var hasWaiter: Bool { state.withLock { $0.waiter != nil } }

    /// The time in which the socket was not read because the consumer had not taken what was there.
    var pausedTime: Duration {
        state.withLock { $0.pausedTime + ($0.pausedSince.map { .now - $0 } ?? .zero) }
    }

    /// The time in which the consumer waited for bytes.
    var consumerTime: Duration { state.withLock { $0.consumerTime } }

    // MARK: The event loop's side

    /// Hands the chunk on with the only reference to its memory, which can be used again then: the consumer may be done
    /// with it before this returns.
    func push(_ chunk: consuming ByteBuffer) {
        let byteCount = chunk.readableBytes
        guard byteCount > 0 else { return }
        var pushed: ByteBuffer? = consume chunk
        wakeAfter { state in
            if let chunk = pushed.take() { state.chunks.append(consume chunk) }
            state.queuedByteCount += byteCount
        }
    }

    /// A buffer that the consumer has given back, for a chunk to come.
    func takeSpare() -> ByteBuffer? {
        state.withLock { $0.spares.popLast() }
    }

    /// No chunk follows.
    func finish() {
        wakeAfter { state in
            if state.end == nil { state.end = .finished }
        }
    }

    /// The consumer gets what is queued, then this error.
    func fail(_ error: TransportError) {
        wakeAfter { state in
            if state.end == nil { state.end = .failed(error) }
        }
    }

    /// Whether to read on; if not, `next` will call its `resume` when there is room.
    func wantsMore() -> Bool {
        state.withLock { state in
            guard state.queuedByteCount >= Self.byteLimit else { return true }
            if state.pausedSince == nil { state.pausedSince = .now }
            return false
        }
    }

    private func wakeAfter(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            return state.waiter.take()
        }
        waiter?.resume()
    }

    // MARK: The consumer's side

    /// Takes a chunk back that the consumer is done with, unless somebody else still holds its storage.
    func recycle(_ chunk: consuming ByteBuffer) {
        guard chunk.clearInPlace() else { return }
        let spare = chunk
        state.withLock { state in
            if state.spares.count < Self.spareLimit { state.spares.append(spare) }
        }
    }

    private enum Step {
        case chunk(ByteBuffer, resumes: Bool)
        case end
        case failed(TransportError)
        case wait
    }

    /// The next chunk; nil after the last one.
    ///
    /// Only one task may call it.
    ///
    /// - Parameter resume: called when the producer, which had paused, is to read again
    /// - Returns: the chunk, never empty, or nil
    /// - Throws: what the producer failed with, after the chunks that it gave before
    func next(resume: () -> Void) async throws(TransportError) -> ByteBuffer? {
        while true {
            switch state.withLock({ Self.step(&$0) }) {
            case .chunk(let chunk, let resumes):
                if resumes { resume() }
                return chunk
            case .end: return nil
            case .failed(let error): throw error
            case .wait: await waitForChange()
            }
        }
    }

    /// The next chunk if it is there; the producer has stopped.
    func takeQueued() -> ByteBuffer? {
        state.withLock { $0.takeFirst() }
    }

    private static func step(_ state: inout State) -> Step {
        if let chunk = state.takeFirst() {
            guard let since = state.pausedSince, state.queuedByteCount <= byteLimit / 2 else {
                return .chunk(chunk, resumes: false)
            }
            state.pausedTime += .now - since
            state.pausedSince = nil
            return .chunk(chunk, resumes: true)
        }
        switch state.end {
        case .finished: return .end
        case .failed(let error): return .failed(error)
        case nil: return .wait
        }
    }

    private func waitForChange() async {
        let start = ContinuousClock.now
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isReady = state.withLock { state in
                guard state.chunks.isEmpty, state.end == nil else { return true }
                state.waiter = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
        state.withLock { $0.consumerTime += .now - start }
    }
}
