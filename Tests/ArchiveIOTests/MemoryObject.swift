import NIOCore
import ObjectStorage
import Synchronization

/// An object in memory: the upload and the reader of tests.
///
/// `onAppend` and `onReadBack` stand between the archive and its storage: they may change bytes, throw, or wait.
final class MemoryObject: ObjectUpload, ObjectReader {
    typealias Step = @Sendable (_ bytes: ByteBuffer, _ call: Int) async throws(ObjectStoreError) -> ByteBuffer

    private struct State {
        var bytes = ByteBuffer()
        var appendCount = 0
        var readBackCount = 0
    }

    private let state: Mutex<State>
    private let onAppend: Step
    private let onReadBack: Step

    init(
        _ bytes: ByteBuffer = ByteBuffer(),
        onAppend: @escaping Step = MemoryObject.unchanged,
        onReadBack: @escaping Step = MemoryObject.unchanged
    ) {
        state = Mutex(State(bytes: bytes))
        self.onAppend = onAppend
        self.onReadBack = onReadBack
    }

    static let unchanged: Step = { bytes, _ throws(ObjectStoreError) in bytes }

    var bytes: ByteBuffer { state.withLock { $0.bytes } }
    var appendCount: Int { state.withLock { $0.appendCount } }
    var byteCount: UInt64 { UInt64(state.withLock { $0.bytes.readableBytes }) }

    func append(_ bytes: ByteBuffer) async throws(ObjectStoreError) {
        let call = state.withLock { state in
            defer { state.appendCount += 1 }
            return state.appendCount
        }
        let changed = try await onAppend(bytes, call)
        state.withLock { _ = $0.bytes.writeImmutableBuffer(changed) }
    }

    func readBack(offset: UInt64, byteCount: Int, into buffer: inout ByteBuffer) async throws(ObjectStoreError) {
        let call = state.withLock { state in
            defer { state.readBackCount += 1 }
            return state.readBackCount
        }
        buffer.writeImmutableBuffer(try await onReadBack(try await read(offset: offset, byteCount: byteCount), call))
    }

    func read(offset: UInt64, byteCount: Int) async throws(ObjectStoreError) -> ByteBuffer {
        state.withLock { state in
            let available = state.bytes.readableBytes - Int(min(offset, UInt64(state.bytes.readableBytes)))
            return state.bytes.getSlice(at: Int(offset), length: min(byteCount, available)) ?? ByteBuffer()
        }
    }

    func finish() async throws(ObjectStoreError) {}
    func abort() async {}
    func close() async {}
}
