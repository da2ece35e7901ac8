package import NIOCore
package import ObjectStorage
import Synchronization

/// The keys that the walk has listed and whose values have not been asked for, in chunks of packed entries.
///
/// The walk must not wait for the values: the server holds locks while its listing is not read, and older ones give up.
/// What is above the bound goes to an unlinked temporary file. The newest chunk leaves first: what the walk has just come
/// by is still in the processor's cache when the server reads it for us.
package final class CrawlQueue: Sendable {
    /// Bytes of chunks that lie in memory.
    package static let memoryByteLimit = 8 << 20

    private struct State {
        var chunks = CircularBuffer<ByteBuffer>()
        var byteCount = 0
        var spill: ExternalSortSpill?
        /// Bytes of the spilled chunks, oldest first, and where the oldest begins.
        var spilled = CircularBuffer<UInt32>()
        var spillOffset: UInt64 = 0
        var hasFlushed = true
        var end: Result<Void, any Error>?
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let place: ExternalSortSpill.Place
    private let memoryByteLimit: Int
    private let state = Mutex(State())

    package init(spillingTo place: ExternalSortSpill.Place, memoryByteLimit: Int = CrawlQueue.memoryByteLimit) {
        self.place = place
        self.memoryByteLimit = memoryByteLimit
    }

    /// Bytes that went to the temporary file.
    package var spilledByteCount: UInt64 { state.withLock { $0.spill?.byteCount ?? 0 } }

    // MARK: The walk's side

    package func append(_ chunk: ByteBuffer) throws(ObjectStoreError) {
        guard chunk.readableBytes > 0 else { return }
        let (place, limit) = (place, memoryByteLimit)
        let waiter = try state.withLock { (state) throws(ObjectStoreError) -> CheckedContinuation<Void, Never>? in
            if state.byteCount + chunk.readableBytes <= limit || state.chunks.isEmpty {
                state.chunks.append(chunk)
                state.byteCount += chunk.readableBytes
            } else {
                try Self.spill(chunk, &state, place)
            }
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// Nothing follows; after an error the reader gets what is there, then that error.
    package func finish(_ end: Result<Void, any Error> = .success(())) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.end == nil { state.end = end }
            return state.waiter.take()
        }
        waiter?.resume()
    }

    private static func spill(
        _ chunk: ByteBuffer,
        _ state: inout State,
        _ place: ExternalSortSpill.Place
    ) throws(ObjectStoreError) {
        let file: ExternalSortSpill
        if let open = state.spill {
            file = open
        } else {
            file = try ExternalSortSpill(place)
            state.spill = file
        }
        try chunk.withUnsafeReadableBytes { (bytes) throws(ObjectStoreError) in try file.append(bytes) }
        state.spilled.append(UInt32(chunk.readableBytes))
        state.hasFlushed = false
    }

    // MARK: The reader's side

    package enum Step {
        case chunk(ByteBuffer)
        /// There may be more later.
        case nothingYet
        case end
    }

    /// What is there now.
    package func take() throws -> Step {
        try state.withLock { state in
            if let chunk = state.chunks.popLast() {
                state.byteCount -= chunk.readableBytes
                return .chunk(chunk)
            }
            if let chunk = try Self.unspill(&state) { return .chunk(chunk) }
            guard let end = state.end else { return .nothingYet }
            try end.get()
            return .end
        }
    }

    /// Waits until there is something, or the end; one task waits.
    package func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isReady = state.withLock { state in
                    guard state.chunks.isEmpty, state.spilled.isEmpty, state.end == nil else { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            finish(.failure(CancellationError()))
        }
    }

    private static func unspill(_ state: inout State) throws(ObjectStoreError) -> ByteBuffer? {
        guard let file = state.spill, let byteCount = state.spilled.popFirst() else { return nil }
        if !state.hasFlushed {
            try file.flush()
            state.hasFlushed = true
        }
        var chunk = ByteBuffer()
        var failure: ObjectStoreError?
        let offset = state.spillOffset
        chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(byteCount)) { target in
            do throws(ObjectStoreError) {
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: target.prefix(Int(byteCount))), at: offset)
                return Int(byteCount)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        state.spillOffset += UInt64(byteCount)
        return chunk
    }
}
