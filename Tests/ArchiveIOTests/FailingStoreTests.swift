import ArchiveFormat
import ArchiveIO
import NIOCore
import ObjectStorage
import Synchronization
import Testing

/// A store that does not answer is no damage: nothing may be told of an archive that could not be read.
@Suite("An archive whose store fails")
struct FailingStoreTests {
    /// An archive in memory whose n-th read fails.
    private final class Reader: ObjectReader {
        let object: MemoryObject
        private let failing: Int
        private let count = Mutex(0)

        init(_ object: MemoryObject, failing: Int) {
            self.object = object
            self.failing = failing
        }

        var readCount: Int { count.withLock { $0 } }
        var byteCount: UInt64 { object.byteCount }

        func read(offset: UInt64, byteCount: Int) async throws(ObjectStoreError) -> ByteBuffer {
            let call = count.withLock { count in
                count += 1
                return count
            }
            if call == failing { throw ObjectStoreError(.unavailable, "read \(call) fails") }
            return try await object.read(offset: offset, byteCount: byteCount)
        }

        func close() async {}
    }

    @Test("is not called damaged by the verifier, whichever read fails")
    func verifying() async throws {
        let archive = try await VerifierCheckTests.sample(.none)
        let whole = Reader(archive.reader, failing: 0)
        let found = try await ArchiveVerifier(parallelism: 2).verify(whole, expecting: archive.part)
        #expect(found.problems == [])
        #expect(whole.readCount > 10)
        for call in 1...whole.readCount {
            await #expect(throws: ObjectStoreError.self, "read \(call)") {
                try await ArchiveVerifier(parallelism: 2)
                    .verify(Reader(archive.reader, failing: call), expecting: archive.part)
            }
        }
    }

    @Test("is not called damaged by salvage, whichever read fails")
    func salvaging() async throws {
        let archive = try await VerifierCheckTests.sample(.none)
        // Without its trailer the blocks are looked for.
        let cut = archive.bytes.getSlice(at: 0, length: archive.bytes.readableBytes - 10) ?? ByteBuffer()
        for bytes in [archive.bytes, cut] {
            let whole = Reader(MemoryObject(bytes), failing: 0)
            _ = try await ArchiveSalvage.open(whole)
            for call in 1...whole.readCount {
                await #expect(throws: ObjectStoreError.self, "read \(call) of \(bytes.readableBytes) bytes") {
                    _ = try await ArchiveSalvage.open(Reader(MemoryObject(bytes), failing: call))
                }
            }
        }
    }
}
