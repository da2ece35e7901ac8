import NIOCore
import ObjectStorage
import Synchronization

/// A reader that tells how many bytes have been read through it.
final class ProgressReader: ObjectReader {
    private let reader: any ObjectReader
    private let tell: @Sendable (UInt64) -> Void
    private let readByteCount = Mutex<UInt64>(0)

    init(_ reader: any ObjectReader, tell: @escaping @Sendable (UInt64) -> Void) {
        self.reader = reader
        self.tell = tell
    }

    var byteCount: UInt64 { reader.byteCount }

    func read(offset: UInt64, byteCount: Int) async throws(ObjectStoreError) -> ByteBuffer {
        let bytes = try await reader.read(offset: offset, byteCount: byteCount)
        let sum = readByteCount.withLock { sum in
            sum += UInt64(bytes.readableBytes)
            return sum
        }
        tell(sum)
        return bytes
    }

    func close() async {
        await reader.close()
    }
}
