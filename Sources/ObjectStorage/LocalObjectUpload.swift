import NIOCore
import Synchronization

/// A file being written under a temporary name.
final class LocalObjectUpload: ObjectUpload {
    /// After this many bytes the system is asked to begin writing them to the device.
    private static let writebackByteCount: UInt64 = 8 << 20
    /// What was begun so many times ago is asked for again.
    ///
    /// What has been written by then leaves the page cache, and its pages serve the next bytes. A file that only grows
    /// takes fresh pages instead, which push out what others have there, and on a virtual machine cost the host's work too.
    private static let droppedAfter: UInt64 = 2
    private static let droppedStepCount: UInt64 = 4

    private enum Phase {
        case open
        /// The object has its name.
        case named
        case ended
    }

    private struct State {
        var phase = Phase.open
        var byteCount: UInt64 = 0
        var writebackStart: UInt64 = 0
    }

    private let key: ObjectKey
    private let temporary: TemporaryFile
    private let store: LocalObjectStore
    private let state = Mutex(State())

    init(key: ObjectKey, temporary: TemporaryFile, store: LocalObjectStore) {
        self.key = key
        self.temporary = temporary
        self.store = store
    }

    deinit {
        end()
    }

    func append(_ bytes: ByteBuffer) async throws(ObjectStoreError) {
        let offset = state.withLock { $0.byteCount }
        try storing("write '\(store.path(of: key))'") { () throws(SystemCallError) in
            try write(bytes, offset: offset)
        }
        let writeback = state.withLock { state -> Range<UInt64>? in
            state.byteCount = offset + UInt64(bytes.readableBytes)
            guard state.byteCount - state.writebackStart >= Self.writebackByteCount else { return nil }
            defer { state.writebackStart = state.byteCount }
            return state.writebackStart..<state.byteCount
        }
        guard let writeback else { return }
        startWriteback(writeback)
        let step = Self.writebackByteCount
        let dropEnd = writeback.lowerBound - min(writeback.lowerBound, (Self.droppedAfter - 1) * step)
        let dropStart = dropEnd - min(dropEnd, Self.droppedStepCount * step)
        if dropStart < dropEnd { startWriteback(dropStart..<dropEnd) }
    }

    private func startWriteback(_ range: Range<UInt64>) {
        store.operations.fileSystem.startWriteback(
            temporary.file.descriptor,
            offset: range.lowerBound,
            byteCount: range.upperBound - range.lowerBound
        )
    }

    private func write(_ bytes: ByteBuffer, offset: UInt64) throws(SystemCallError) {
        let result = bytes.withUnsafeReadableBytes { pointer in
            Swift.Result { () throws(SystemCallError) in
                try store.operations.write(temporary.file, from: pointer, offset: offset)
            }
        }
        try result.get()
    }

    func readBack(offset: UInt64, byteCount: Int, into buffer: inout ByteBuffer) async throws(ObjectStoreError) {
        let available = state.withLock { $0.byteCount }
        let wanted = Int(min(UInt64(byteCount), available - min(available, offset)))
        try storing("read back '\(store.path(of: key))'") { () throws(SystemCallError) in
            try store.operations.read(temporary.file, offset: offset, byteCount: wanted, into: &buffer)
        }
    }

    func finish() async throws(ObjectStoreError) {
        try storing("publish '\(store.path(of: key))'") { () throws(SystemCallError) in
            try store.operations.synchronize(temporary.file)
            try store.operations.renameExclusively(temporary.path, to: store.path(of: key))
            state.withLock { $0.phase = .named }
            try store.synchronizeDirectories(above: key)
        }
        end()
    }

    func abort() async {
        end()
    }

    /// Removes the temporary file unless it has its final name, and gives up the lock.
    private func end() {
        let isOpen = state.withLock { state in
            defer { state.phase = .ended }
            return state.phase == .open
        }
        if isOpen { _ = try? store.operations.unlinkIfPresent(temporary.path) }
        temporary.file.close()
    }
}
