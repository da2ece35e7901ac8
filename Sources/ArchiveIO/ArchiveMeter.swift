package import NIOCore
package import ObjectStorage
import Synchronization

/// How long reading and decoding an archive took.
///
/// Blocks are read and decoded by several tasks at once, so the times are sums over tasks.
package final class ArchiveMeter: Sendable {
    private let readNanoseconds = Atomic<Int64>(0)
    private let decodeNanoseconds = Atomic<Int64>(0)
    private let readBytes = Atomic<UInt64>(0)

    package init() {}

    /// Waiting for bytes of the archive.
    package var readDuration: Duration { .nanoseconds(readNanoseconds.load(ordering: .relaxed)) }
    /// Checking and decoding blocks.
    package var decodeDuration: Duration { .nanoseconds(decodeNanoseconds.load(ordering: .relaxed)) }
    package var readByteCount: UInt64 { readBytes.load(ordering: .relaxed) }

    func add(read duration: Duration, byteCount: Int) {
        readNanoseconds.wrappingAdd(duration.nanoseconds, ordering: .relaxed)
        readBytes.wrappingAdd(UInt64(byteCount), ordering: .relaxed)
    }

    func add(decode duration: Duration) {
        decodeNanoseconds.wrappingAdd(duration.nanoseconds, ordering: .relaxed)
    }
}

/// A reader whose reads, and the decoding of what it reads, are measured.
package final class MeteredReader: ObjectReader {
    private let reader: any ObjectReader
    let meter: ArchiveMeter

    package init(_ reader: any ObjectReader, _ meter: ArchiveMeter) {
        (self.reader, self.meter) = (reader, meter)
    }

    package var byteCount: UInt64 { reader.byteCount }

    package func read(offset: UInt64, byteCount: Int) async throws(ObjectStoreError) -> ByteBuffer {
        let start = ContinuousClock.now
        let bytes = try await reader.read(offset: offset, byteCount: byteCount)
        meter.add(read: start.duration(to: .now), byteCount: bytes.readableBytes)
        return bytes
    }

    package func close() async {
        await reader.close()
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
