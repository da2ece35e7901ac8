import Capture
import Foundation
import SnapshotModel
import Synchronization
import TestSupport
import Testing

/// A walk over a server that is written to: what nobody touched is there once and as it was, and what was touched has a
/// value that it had at some time, with the flags and the deadline of that value.
struct CrawlUnderWritesTests {
    private static let hotCount = 300

    /// The value, the flags and the lifetime of a hot key follow from its number and its generation.
    private static func hot(_ index: Int, generation: Int) -> MemcachedItems.Item {
        let text = "hot:\(index):\(generation):" + String(repeating: "x", count: (index * 31 + generation * 17) % 2000)
        return .init(
            "hot:\(index)",
            text,
            clientFlags: UInt32(truncatingIfNeeded: generation * 2_654_435_761 + index),
            exptime: Int64(100_000 + generation % 50_000)
        )
    }

    /// Writes hot keys again and again, adds new ones and removes some of them, until told to stop.
    private final class Writer: Sendable {
        private let state = Mutex((generations: [Int: Int](), isStopped: false))
        private let done = DispatchSemaphore(value: 0)
        private let port: Int

        init(port: Int) {
            self.port = port
            Thread { [self] in
                defer { done.signal() }
                guard let client = try? MemcachedTestClient(port: port) else { return }
                var random = SeededGenerator(seed: 63)
                var generation = 0
                while !state.withLock({ $0.isStopped }) {
                    generation += 1
                    let index = Int.random(in: 0..<CrawlUnderWritesTests.hotCount, using: &random)
                    state.withLock { $0.generations[index] = generation }
                    try? client.store([
                        CrawlUnderWritesTests.hot(index, generation: generation),
                        .init("new:\(generation)", "new"),
                    ])
                    if generation % 3 == 0 { _ = try? client.command("delete new:\(generation - 2)") }
                }
            }.start()
        }

        func stop() -> [Int: Int] {
            state.withLock { $0.isStopped = true }
            done.wait()
            return state.withLock { $0.generations }
        }
    }

    @Test func `what is touched is some value that it had, whole; what is not is there once and equal`() async throws {
        let server = try await MemcachedServer.start(.init(arguments: ["-m", "256"]))
        let client = try server.client()
        var generator = MemcachedItems(seed: 64, now: try client.time())
        let untouched = (0..<6000).map { generator.ordinary($0) }
        try client.store(untouched)
        let firstTime = try client.time()
        try client.store((0..<Self.hotCount).map { Self.hot($0, generation: 0) })
        let listed = try client.listing()
        let writer = Writer(port: server.port)
        let crawl = try await CapturedCrawl.take(server.url, keysPerSecond: 5000)
        let generations = writer.stop()
        let lastTime = try client.time()
        #expect(generations.count > 1)
        for item in untouched {
            let found = try #require(crawl.items[item.key])
            let deadline = listed[item.key].flatMap { $0.expiry == -1 ? nil : $0.expiry * 1000 }
            #expect(found.value == item.value && found.clientFlags == UInt64(item.clientFlags))
            #expect(found.deadline == deadline)
        }
        var changedCount = 0
        for index in 0..<Self.hotCount {
            // No key of these is ever deleted: overwriting must not make one vanish.
            let found = try #require(crawl.items[Array("hot:\(index)".utf8)])
            let words = String(decoding: found.value, as: UTF8.self).split(separator: ":")
            let generation = try #require(words.count >= 3 ? Int(words[2]) : nil)
            #expect(generation <= generations[index] ?? 0)
            let expected = Self.hot(index, generation: generation)
            #expect(found.value == expected.value && found.clientFlags == UInt64(expected.clientFlags))
            let deadline = try #require(found.deadline) / 1000
            #expect((firstTime - 1...lastTime + 1).contains(deadline - expected.exptime), "a deadline of another value")
            if generation > 0 { changedCount += 1 }
        }
        print("\(changedCount) of \(Self.hotCount) hot keys were caught changed")
    }

    @Test func `items that are invalidated are kept as such, and their clients can still renew them`() async throws {
        let server = try await MemcachedServer.start()
        let client = try server.client()
        try client.store((0..<200).map { .init("k:\($0)", "value \($0)", exptime: 5000) })
        // 10 invalidated, 10 invalidated with the renewal given to another client.
        for index in 0..<20 {
            #expect(try client.command("md k:\(index) I") == "HD")
            if index >= 10 { #expect(try client.command("mg k:\(index) t").contains(" W")) }
        }
        let crawl = try await CapturedCrawl.take(server.url)
        for index in 0..<200 {
            let found = try #require(crawl.items[Array("k:\(index)".utf8)])
            #expect(found.isStale == (index < 20) && found.hasSentWin == (10..<20).contains(index))
            #expect(found.value == Array("value \(index)".utf8))
        }
        for index in 0..<20 {
            let answer = try client.command("mg k:\(index) t")
            #expect(answer.contains(" X") && answer.contains(" W") == (index < 10), "k:\(index): \(answer)")
        }
        #expect(crawl.archive.result.warnings.contains { $0.contains("10 items were invalidated") })
    }

    @Test func `without CAS values a renewal cannot be given back, and that is told`() async throws {
        let server = try await MemcachedServer.start(.init(arguments: ["-C"]))
        let client = try server.client()
        try client.store([.init("k", "value")])
        #expect(try client.command("md k I") == "HD")
        let crawl = try await CapturedCrawl.take(server.url)
        #expect(crawl.items[Array("k".utf8)]?.isStale == true)
        #expect(crawl.archive.result.warnings.contains { $0.contains("could not be given back") })
    }

    @Test func `a key that the text protocol cannot carry is in the archive, whoever stored it`() async throws {
        let server = try await MemcachedServer.start()
        let client = try server.client()
        // By the binary protocol, which takes any byte and does not mark the key.
        let key = Array("a b\r\nVA 3 c".utf8)
        let value = Array("1\r\n2".utf8)
        try server.client().storeOverBinaryProtocol(key, value: value, clientFlags: 0xDEAD_BEEF, lifetime: 4000)
        try client.store([.init("word", "value")])
        let crawl = try await CapturedCrawl.take(server.url)
        #expect(crawl.items.count == 2)
        let found = try #require(crawl.items[key])
        #expect(found.value == Array("1\r\n2".utf8) && found.clientFlags == 0xDEAD_BEEF && found.deadline != nil)
    }

    @Test func `a key that the server takes in no form is counted as missing, and told why`() async throws {
        let server = try await MemcachedServer.start()
        // In Base64 it is longer than 250 characters, which memcached 1.6 refuses.
        let key = [UInt8](repeating: 0x20, count: 240)
        try server.client().storeOverBinaryProtocol(key, value: [1])
        try server.client().store([.init("word", "value")])
        let crawl = try await CapturedCrawl.take(server.url)
        #expect(crawl.items.count == 1 && crawl.consistency.unreadableKeyCount == 1)
        #expect(crawl.archive.result.warnings.contains { $0.contains("1 items") && $0.contains("can name") })
    }
}
