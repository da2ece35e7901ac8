import ArchiveFormat
import Capture
import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import Synchronization
import TestSupport
import Testing
import Transport

/// What servers answer that do not list, do not read, or go away.
struct CrawlAnomalyTests {
    /// As by a load balancer: from the first command with these words on, new connections lead to another server.
    @Test(arguments: ["version", "mn\r\n"])
    func `connections that lead to several servers are no source`(marker: String) async throws {
        let first = try await MemcachedServer.start()
        let second = try await MemcachedServer.start()
        try first.client().store([MemcachedItems.Item("a", "1")])
        let proxy = try CuttingProxy(toPort: first.port)
        proxy.whenServerIsSent(marker) { proxy.lead(toPort: second.port) }
        let error = await #expect(throws: CaptureError.self) {
            try await CapturedCrawl.take("memcached://127.0.0.1:\(proxy.port)")
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("several servers") == true)
    }

    private typealias Script = ScriptedCrawl

    private static func take(
        _ script: ScriptedCrawl,
        patience: Duration = .seconds(60),
        onWait: (@Sendable (String) -> Void)? = nil
    ) async throws -> CapturedCrawl {
        let server = try script.start()
        var options = try CapturedCrawl.options("memcached://127.0.0.1:\(server.port)")
        options.loadingPatience = patience
        options.onWait = onWait
        return try await CapturedCrawl.take(options)
    }

    private static func failure(_ script: ScriptedCrawl) async -> CaptureError? {
        await #expect(throws: CaptureError.self) { try await take(script, patience: .zero) }
    }

    private static let two = Script.line("a") + Script.line("b") + "END\r\n"
    private static let values = ["a": [Script.value("a", "1")], "b": [Script.value("b", "2")]]

    @Test func `a listing that begins with OK, and one of a busy or growing server that then lists`() async throws {
        let told = Mutex<[String]>([])
        let dumps = ["BUSY currently processing crawler request\r\n", "OK\r\nERROR locked try again later\r\n"]
        let crawl = try await Self.take(
            Script(dumps: dumps + ["OK\r\n" + Self.two], readings: Self.values, expandingAnswers: 2)
        ) { text in told.withLock { $0.append(text) } }
        #expect(crawl.items.count == 2)
        #expect(told.withLock { $0.count } == 2)
    }

    @Test func `a server that knows no walk by hash walks by its lists, which is told`() async throws {
        let crawl = try await Self.take(
            Script(dumps: ["BADCLASS invalid class id\r\n", Self.two], readings: Self.values)
        )
        #expect(crawl.items.count == 2)
        #expect(crawl.archive.opening.warnings.contains { $0.contains("LRU lists only") })
        #expect(crawl.archive.opening.accessTiers == nil)
    }

    @Test func `a server that does not list is an error that says what to do`() async throws {
        #expect(await Self.failure(Script(dumps: ["BUSY x\r\n"]))?.code == .notReady)
        #expect(await Self.failure(Script(dumps: [""], expandingAnswers: .max))?.code == .notReady)
        let forbidden = await Self.failure(Script(dumps: ["ERROR metadump not allowed\r\n"]))
        #expect(forbidden?.code == .denied && forbidden?.message.contains("-X") == true)
        let disabled = await Self.failure(Script(dumps: ["CLIENT_ERROR lru crawler disabled\r\n"]))
        #expect(disabled?.code == .denied && disabled?.message.contains("lru_crawler enable") == true)
        let old = await Self.failure(Script(dumps: [""], version: "1.5.6", noop: "ERROR"))
        #expect(old?.message.contains("1.6.10 or newer") == true)
        let managed = await Self.failure(Script(dumps: ["ERROR\r\n"]))
        #expect(managed?.code == .unsupported)
    }

    @Test func `an item whose reading fails for a moment is read again`() async throws {
        let error = "SERVER_ERROR out of memory writing get response\r\n"
        let crawl = try await Self.take(
            Script(
                dumps: [Self.two],
                readings: ["a": [error, error, Script.value("a", "1")], "b": Self.values["b"] ?? []]
            )
        )
        #expect(crawl.items.count == 2 && crawl.consistency.rereadKeyCount == 2)
        #expect(crawl.consistency.unreadableKeyCount == 0)
    }

    @Test func `an item that can never be read is counted as missing`() async throws {
        let crawl = try await Self.take(
            Script(dumps: [Self.two], readings: ["a": ["SERVER_ERROR broken\r\n"], "b": Self.values["b"] ?? []])
        )
        #expect(crawl.items.count == 1 && crawl.consistency.unreadableKeyCount == 1)
        #expect(crawl.archive.result.warnings.count == 1)
        #expect(crawl.archive.result.warnings.first?.hasSuffix("with: SERVER_ERROR broken") == true)
    }

    @Test func `an item that is listed twice is in the archive once, as it was read last`() async throws {
        let crawl = try await Self.take(
            Script(
                dumps: [Script.line("a") + Script.line("b") + Script.line("a") + "END\r\n"],
                readings: ["a": [Script.value("a", "old"), Script.value("a", "new")], "b": Self.values["b"] ?? []]
            )
        )
        #expect(crawl.items.count == 2 && crawl.consistency.duplicateKeyCount == 1)
        #expect(crawl.items[Array("a".utf8)]?.value == Array("new".utf8))
    }

    @Test(arguments: ["VA 1 kb f0 t-1 c1 l1 h0\r\n1\r\n", "VA 1 ka f0 c1 l1 h0\r\n1\r\n", "MN\r\n", "HD\r\n", "x\r\n"])
    func `an answer that belongs to another item or to none is an error`(answer: String) async throws {
        let error = await #expect(throws: TransportError.self) {
            try await Self.take(Script(dumps: [Self.two], readings: ["a": [answer]]))
        }
        #expect(error?.code == .protocolViolation)
    }

    @Test(arguments: ["key=a exp=-1\n", "nonsense\r\n", "key=a exp=-1 la=1 cas=1 fetch=no cls=1 size=1\nBUSY x\r\n"])
    func `a listing that is none is an error`(dump: String) async throws {
        await #expect(throws: (any Error).self) { try await Self.take(Script(dumps: [dump])) }
    }

    @Test func `a server that dies while it is read leaves no archive, and is unreachable`() async throws {
        let server = try await MemcachedServer.start()
        try server.client().store((0..<20_000).map { .init("key:\($0)", "value \($0)") })
        let directory = try TemporaryDirectory()
        let session = try await CrawlCapture.open(
            try CapturedCrawl.options(server.url),
            keysPerSecond: 1000,
            spillingTo: ExternalSortSpill.Place(directory: directory.path)
        )
        await server.kill()
        let error = await #expect(throws: TransportError.self) {
            try await CapturedArchive.take(session, codec: .none, in: directory)
        }
        #expect(error?.category == .unreachable)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }

    @Test func `another client's walk is named where it holds the server up, and waited for`() async throws {
        let server = try await MemcachedServer.start()
        // Far more than sockets and the crawler's own buffer take, so that a client that does not read holds the crawler.
        let tail = String(repeating: "k", count: 220)
        try server.client().store((0..<60_000).map { .init("\($0)\(tail)", "") })
        let other = try server.client()
        try other.send("lru_crawler metadump all\r\n")
        _ = try other.line()
        let options = try CapturedCrawl.options(server.url)
        var impatient = options
        impatient.replyTimeout = .milliseconds(500)
        let hasty = impatient
        let error = await #expect(throws: CaptureError.self) { try await CapturedCrawl.take(hasty) }
        #expect(error?.code == .notReady && error?.message.contains("holds it up") == true, "\(error?.message ?? "")")
        async let crawl = CapturedCrawl.take(options)
        while try other.line() != "END" {}
        #expect(try await crawl.items.count == 60_000)
    }

    @Test func `a server that was started to list nothing is an error before anything is read`() async throws {
        for (arguments, words) in [(["-X"], "-X"), (["-o", "no_lru_crawler"], "lru_crawler enable")] {
            let server = try await MemcachedServer.start(.init(arguments: arguments))
            try server.client().store([.init("a", "1")])
            let error = await #expect(throws: CaptureError.self) { try await CapturedCrawl.take(server.url) }
            #expect(error?.code == .denied && error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }
}
