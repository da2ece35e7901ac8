import NIOCore
import ObjectStorage
import Restore
import Synchronization

/// The file of a journal: lines are added at its end, each durable before the call returns.
///
/// Its writer holds the lock of the open file: two restores of a snapshot into one target exclude each other, and a
/// crashed one holds nothing.
final class RestoreJournalFile: RestoreJournalStorage {
    let path: String
    private let file: OpenFile
    private let operations: FileOperations
    private let byteCount: Mutex<UInt64>

    /// Takes over a file that is locked; what stands in it behind `byteCount` is overwritten.
    init(_ file: OpenFile, path: String, byteCount: UInt64, _ operations: FileOperations) {
        self.file = file
        self.path = path
        self.operations = operations
        self.byteCount = Mutex(byteCount)
    }

    func append(_ line: ByteBuffer) throws {
        try byteCount.withLock { byteCount in
            try line.withUnsafeReadableBytes { try operations.write(file, from: $0, offset: byteCount) }
            try operations.synchronize(file)
            byteCount += UInt64(line.readableBytes)
        }
    }

    /// Whether it went or not, the next restore finds out.
    func remove() {
        _ = try? operations.unlinkIfPresent(path)
        file.close()
    }
}
