import NIOCore
import Testing

@testable import Transport

@Suite("the queue between the socket and the reader of a transfer")
struct ChunkQueueTests {
    /// A used chunk whose memory another reference holds would be copied or dropped; the pages of a fresh one, one for
    /// every 4 KiB of the transfer, cost a sixth of a snapshot's processor time.
    @Test("lends the memory of chunks that were used up for later chunks, as many as it may hold")
    func reuse() async throws {
        let queue = ChunkQueue()
        let chunkCount = ChunkQueue.byteLimit / ReplicaTransfer.chunkByteCount
        for _ in 0..<chunkCount {
            queue.push(ByteBuffer(repeating: 1, count: ReplicaTransfer.chunkByteCount))
        }
        #expect(!queue.wantsMore())
        var addresses: Set<UnsafeRawPointer?> = []
        for _ in 0..<chunkCount {
            guard let chunk = try await queue.next(resume: {}) else { break }
            addresses.insert(chunk.withVeryUnsafeBytes { $0.baseAddress })
            queue.recycle(consume chunk)
        }
        var lent: Set<UnsafeRawPointer?> = []
        var spares: [ByteBuffer] = []
        while let spare = queue.takeSpare() {
            lent.insert(spare.withVeryUnsafeBytes { $0.baseAddress })
            spares.append(spare)
        }
        #expect(addresses.count == chunkCount)
        #expect(lent == addresses)
    }

    @Test("does not lend memory that somebody still reads")
    func sharedMemory() async throws {
        let queue = ChunkQueue()
        let held = ByteBuffer(string: "held")
        queue.push(held)
        let chunk = try #require(await queue.next(resume: {}))
        queue.recycle(consume chunk)
        #expect(queue.takeSpare() == nil)
        #expect(String(buffer: held) == "held")
    }
}
