import Capture
import Foundation
import SnapshotModel
import TestSupport
import Testing

/// Crawls of a real memcached: what is in the archive is what the test's own client put there.
struct CrawlCaptureTests {
    private static let itemCount = TestExtent.count(bounded: 12_000, whole: 200_000)

    /// A server with a seeded set of items; some of them have been fetched.
    private static func filled(
        _ server: MemcachedServer,
        seed: UInt64,
        count: Int = itemCount
    ) throws -> [MemcachedItems.Item] {
        let client = try server.client()
        var generator = MemcachedItems(seed: seed, now: try client.time())
        var items = generator.special()
        items += (0..<count).map { generator.ordinary($0) }
        try client.store(items)
        for item in items.prefix(200) where !item.isBinary {
            try client.send(Array("mg ".utf8) + item.key + Array(" v\r\n".utf8))
            _ = try client.reading()
        }
        return items
    }

    @Test func `every item is in the archive exactly as it was stored, and reading it leaves no trace`() async throws {
        let random = SeededGenerator.fromEnvironment("items of a crawl", fallback: 61)
        let server = try await MemcachedServer.start(.init(arguments: ["-m", "1024"]))
        let items = try Self.filled(server, seed: random.seed)
        let client = try server.client()
        let before = try client.listing()
        #expect(before.count == items.count)
        let crawl = try await CapturedCrawl.take(server.url)
        #expect(crawl.items.count == items.count)
        var differences: [String] = []
        for item in items {
            guard let found = crawl.items[item.key], let listed = before[item.key] else {
                differences.append("\(item.key) is missing")
                continue
            }
            let idle = try #require(found.idleSeconds)
            let told = Int64(idle) + listed.lastAccess
            let isEqual =
                found.value == item.value && found.clientFlags == UInt64(item.clientFlags)
                && found.deadline == (listed.expiry == -1 ? nil : listed.expiry * 1000)
                && (listed.expiry == -1) == (item.exptime == 0) && found.cas == listed.cas
                && found.isFetched == listed.isFetched && found.slabClass == UInt64(listed.slabClass)
                && !found.isStale && !found.hasSentWin
                && (crawl.consistency.from.rawValue / 1000 - 1...crawl.consistency.to.rawValue / 1000 + 1)
                    .contains(told)
            if !isEqual { differences.append("\(item.key): \(found) for \(item), \(listed)") }
        }
        #expect(differences.prefix(3) == [], "\(differences.count) of \(items.count)")
        #expect(crawl.items.values.contains { $0.isFetched } && crawl.items.values.contains { !$0.isFetched })
        for item in items where item.isBinary {
            let isWord = item.key.allSatisfy { $0 > 0x20 && $0 != 0x7F }
            if isWord { #expect(crawl.items[item.key]?.isBase64Key == true) }
        }
        // Neither last access, nor the mark as fetched, nor anything else of an item has changed.
        #expect(try client.listing() == before)
        #expect(!crawl.consistency.disturbedAccessData && !crawl.consistency.isPointInTime)
        #expect(crawl.consistency.countedKeyCount == UInt64(items.count))
        #expect(crawl.archive.result.warnings == [])
    }

    @Test func `the label and the statistics tell method, engine, slab classes and tiers`() async throws {
        let server = try await MemcachedServer.start()
        let items = try Self.filled(server, seed: 3, count: 3000)
        let crawl = try await CapturedCrawl.take(server.url)
        let (opening, result) = (crawl.archive.opening, crawl.archive.result)
        #expect(opening.method == .crawl && opening.engine == .memcached)
        #expect(result.format == PayloadFormat(engine: .memcached, rdbVersion: 0))
        #expect(opening.expectedKeyCount == UInt64(items.count))
        #expect(result.statistics.types.keys.sorted() == ["item"])
        let classes = Dictionary(crawl.items.values.map { (Int($0.slabClass ?? 0), UInt64(1)) }, uniquingKeysWith: +)
        #expect(result.statistics.slabClasses?.mapValues(\.keyCount) == classes)
        #expect(result.statistics.idleKeyCount == UInt64(items.count))
        #expect(opening.clocks.map { abs($0.differenceMilliseconds) < 3000 } == true)
        #expect(opening.runID?.hasPrefix("\(try #require(server.processID))@") == true)
    }

    @Test func `items that expire while the walk goes on are left out or have their deadline, and are counted`()
        async throws
    {
        let server = try await MemcachedServer.start()
        let stable = try Self.filled(server, seed: 4, count: 4000)
        let client = try server.client()
        let short = (0..<4000).map { index in
            MemcachedItems.Item("short:\(index)", "value", exptime: Int64(1 + index % 3))
        }
        try client.store(short)
        // About three seconds: all of the short ones end on the way, most of them before they are read.
        let crawl = try await CapturedCrawl.take(server.url, keysPerSecond: 2500)
        for item in stable { #expect(crawl.items[item.key]?.value == item.value) }
        let caught = short.filter { crawl.items[$0.key] != nil }
        for item in caught {
            let deadline = try #require(crawl.items[item.key]?.deadline)
            // The server's clock, which tells all of them, ticks once a second.
            let window = crawl.consistency.from.rawValue - 1000...crawl.consistency.to.rawValue + 4000
            #expect(window.contains(deadline), "\(deadline) is not in \(window)")
        }
        #expect(crawl.consistency.vanishedKeyCount > 0)
        #expect(UInt64(caught.count) + crawl.consistency.vanishedKeyCount <= UInt64(short.count))
    }

    @Test func `an item larger than every block comes in pieces and is whole`() async throws {
        let server = try await MemcachedServer.start(.init(arguments: ["-m", "512", "-I", "64m"]))
        var random = SeededGenerator.fromEnvironment("large items", fallback: 62)
        var items: [MemcachedItems.Item] = []
        for (index, size) in [300_000, 2_000_000, 5_000_000, 60_000_000].enumerated() {
            let piece = random.bytes(50_000)
            var value: [UInt8] = []
            while value.count < size { value += piece.prefix(size - value.count) }
            items.append(.init(key: Array("large:\(index)".utf8), value: value, clientFlags: 7, exptime: 5000))
            items.append(.init("small:\(index)", "between"))
        }
        try server.client().store(items)
        let crawl = try await CapturedCrawl.take(server.url)
        #expect(crawl.items.count == items.count)
        for item in items {
            #expect(crawl.items[item.key]?.value == item.value, "\(item.value.count) bytes")
            #expect(crawl.items[item.key]?.clientFlags == UInt64(item.clientFlags))
        }
    }

    @Test func `an empty server gives an empty archive`() async throws {
        let server = try await MemcachedServer.start()
        let crawl = try await CapturedCrawl.take(server.url)
        #expect(crawl.items.isEmpty && crawl.consistency.listedKeyCount == 0)
    }

    @Test func `a server without CAS values gives items without`() async throws {
        let server = try await MemcachedServer.start(.init(arguments: ["-C"]))
        try server.client().store([.init("a", "1"), .init("b", "2")])
        let crawl = try await CapturedCrawl.take(server.url)
        #expect(crawl.items.count == 2 && crawl.items.values.allSatisfy { $0.cas == nil })
    }

    @Test func `a walk over a Unix socket is one`() async throws {
        let server = try await MemcachedServer.start(.init(endpoint: .unixSocket))
        let items = try Self.filled(server, seed: 9, count: 500)
        #expect(try await CapturedCrawl.take(server.url).items.count == items.count)
    }
}
