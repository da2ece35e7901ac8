import Capture
import Memcached
import NIOCore
import ObjectStorage
import TestSupport
import Testing

/// The keys that wait for their values: in memory up to a bound, then in a file.
struct CrawlQueueTests {
    private static func chunk(_ number: Int, _ random: inout SeededGenerator) -> ByteBuffer {
        ByteBuffer(bytes: Array("\(number):".utf8) + random.bytes(Int(random.next() % 3000)))
    }

    @Test func `every chunk comes out once, however much lies in the file`() async throws {
        var random = SeededGenerator.fromEnvironment("chunks of keys", fallback: 65)
        let directory = try TemporaryDirectory()
        for limit in [0, 10_000, 1 << 20] {
            let queue = CrawlQueue(spillingTo: .init(directory: directory.path), memoryByteLimit: limit)
            var waiting: [ByteBuffer] = []
            var taken: [ByteBuffer] = []
            for number in 0..<500 {
                let chunk = Self.chunk(number, &random)
                waiting.append(chunk)
                try queue.append(chunk)
                while random.chance(45), case .chunk(let chunk) = try queue.take() { taken.append(chunk) }
            }
            queue.finish()
            await queue.wait()
            while case .chunk(let chunk) = try queue.take() { taken.append(chunk) }
            guard case .end = try queue.take() else {
                Issue.record("no end")
                return
            }
            #expect(Set(taken) == Set(waiting) && taken.count == waiting.count, "limit \(limit)")
            #expect((queue.spilledByteCount > 0) == (limit < 1 << 20))
        }
    }

    @Test func `the reader waits for what comes, gets what is there before an error, and the error then`()
        async throws
    {
        struct Failure: Error {}
        let directory = try TemporaryDirectory()
        let queue = CrawlQueue(spillingTo: .init(directory: directory.path))
        guard case .nothingYet = try queue.take() else {
            Issue.record("something in an empty queue")
            return
        }
        async let waiter: Void = queue.wait()
        try queue.append(ByteBuffer(string: "one"))
        await waiter
        queue.finish(.failure(Failure()))
        guard case .chunk(let chunk) = try queue.take() else {
            Issue.record("no chunk")
            return
        }
        #expect(chunk == ByteBuffer(string: "one"))
        #expect(throws: Failure.self) { try queue.take() }
    }

    @Test func `an entry comes out of its packing as it went in`() throws {
        var random = SeededGenerator.fromEnvironment("packed entries", fallback: 66)
        var chunk = ByteBuffer()
        var entries: [CrawlEntry] = []
        for index in 0..<300 {
            let listed = MetadumpEntry(
                key: ByteBuffer(bytes: random.bytes(1 + index % 250)),
                expiry: random.chance(50) ? nil : Int64(random.next() >> 20),
                lastAccess: Int64(random.next() >> 20),
                slabClass: UInt32(random.next() % 64),
                storedByteCount: random.next() >> UInt64(random.next() % 64)
            )
            let entry = try #require(CrawlEntry(listed))
            entry.write(to: &chunk)
            entries.append(entry)
        }
        var read: [CrawlEntry] = []
        while let entry = CrawlEntry(reading: &chunk) { read.append(entry) }
        #expect(read == entries)
        let long = MetadumpEntry(key: ByteBuffer(repeating: 0x61, count: 251))
        #expect(CrawlEntry(long) == nil)
    }
}
