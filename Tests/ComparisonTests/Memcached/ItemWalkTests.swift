import ByteCoding
import Capture
import Comparison
import NIOCore
import ObjectStorage
import RDB
import Restore
import SnapshotModel
import TestSupport
import Testing
import Transport

/// What is read of a live Memcached node, against what was stored there.
@Suite(.serialized)
struct ItemWalkTests {
    private static let scope = ValueFingerprinter.Scope(secret: .init(low: 7, high: 8))

    private static func connect(_ server: MemcachedServer) async throws -> MemcachedConnection {
        try await MemcachedConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
    }

    private static func walk(
        _ server: MemcachedServer,
        options: ComparisonOptions = ComparisonOptions()
    ) async throws -> [[UInt8]: ComparisonEntry] {
        let directory = try TemporaryDirectory()
        let values = try await connect(server)
        var side = ComparisonSide(secret: scope.secret, spillingTo: .init(directory: directory.path))
        var walk = ItemWalk(ItemReader(values, scope: scope), options: options)
        let count = try await walk.read(
            namesOf: ConnectionOptions(url: try NodeURL(server.url)),
            into: &side,
            spillingTo: .init(directory: directory.path)
        ) { _ in }
        await values.close()
        var found: [[UInt8]: ComparisonEntry] = [:]
        var reader = try side.finish()
        while let entry = try reader.next() { found[Array(entry.key.readableBytesView)] = entry }
        #expect(UInt64(found.count) == count)
        return found
    }

    @Test func `every item is found as it was stored, with the second in which it expires`() async throws {
        let server = try await MemcachedServer.start(.init(arguments: ["-m", "256", "-I", "2m"]))
        let client = try server.client()
        let seed = SeededGenerator.fromEnvironment("ItemWalkTests", fallback: 0x3A).seed
        let before = try client.time()
        var generator = MemcachedItems(seed: seed, now: before)
        let items = generator.special(largestValue: 2_000_000) + (0..<3000).map { generator.ordinary($0) }
        try client.store(items)
        let after = try client.time()
        let found = try await Self.walk(server)
        let stored = Dictionary(items.map { ($0.key, $0) }) { $1 }
        #expect(Set(found.keys) == Set(stored.keys))
        for (key, item) in stored {
            guard let entry = found[key] else { continue }
            var value = ValueFingerprinter(.string, scope: Self.scope)
            value.append(piece: ByteBuffer(bytes: item.value))
            #expect(entry.value == value.finish(), "seed \(seed): \(key)")
            #expect(entry.item?.clientFlags == UInt64(item.clientFlags), "seed \(seed): \(key)")
            switch (item.exptime, entry.expiry) {
            case (0, .never): break
            case (2_592_001..., .at(let deadline)): #expect(deadline.rawValue == item.exptime * 1000, "\(key)")
            case (_, .at(let deadline)):
                let life = deadline.rawValue / 1000 - item.exptime
                #expect((before...after).contains(life), "seed \(seed): \(key)")
            default: Issue.record("seed \(seed): \(key) expires \(entry.expiry), stored with \(item.exptime)")
            }
        }
    }

    @Test func `reading changes neither the last access nor the fetched flag`() async throws {
        let server = try await MemcachedServer.start()
        let client = try server.client()
        try client.store((1...100).map { .init("key:\($0)", "value \($0)") })
        // The server's clock ticks once a second: what is read now would be told by a younger access.
        let start = try client.time()
        while try client.time() < start + 2 { try await Task.sleep(for: .milliseconds(50)) }
        #expect(try await Self.walk(server).count == 100)
        for number in 1...100 {
            let reading = try #require(try client.read(Array("key:\(number)".utf8), isBinary: false))
            #expect(reading.idleSeconds >= 2 && !reading.wasHit, "key:\(number)")
        }
    }

    @Test func `the right to renew an invalidated item is given back`() async throws {
        let server = try await MemcachedServer.start()
        let client = try server.client()
        try client.store([.init("stale", "old"), .init("fresh", "new")])
        #expect(try client.command("md stale I T300").hasPrefix("HD"))
        #expect(try await Self.walk(server).count == 2)
        let next = try client.read(Array("stale".utf8), isBinary: false)
        #expect(next?.marks == ["W", "X"], "\(String(describing: next))")
    }

    @Test func `only names that are wanted are read`() async throws {
        let server = try await MemcachedServer.start()
        try server.client().store((1...50).map { .init("\($0 % 2 == 0 ? "even" : "odd"):\($0)", "x") })
        var options = ComparisonOptions()
        options.match = [GlobPattern("even:*")]
        options.exclude = [GlobPattern("*0")]
        #expect(try await Self.walk(server, options: options).count == 20)
    }

    @Test func `an item whose key no command can name is there, with its deadline and without a value`() async throws {
        let server = try await MemcachedServer.start()
        let key = [UInt8](repeating: 0x20, count: 240)
        let client = try server.client()
        let now = try client.time()
        try server.client().storeOverBinaryProtocol(key, value: [1], lifetime: 5000)
        try client.store([.init("word", "value")])
        let found = try await Self.walk(server)
        #expect(found.count == 2)
        let entry = try #require(found[key])
        #expect(entry.value == nil && entry.typeName == "item")
        guard case .at(let deadline) = entry.expiry else { return #expect(Bool(false), "\(entry)") }
        #expect((now + 4999...now + 5002).contains(deadline.rawValue / 1000))
    }

    @Test func `an empty server has nothing`() async throws {
        #expect(try await Self.walk(try await MemcachedServer.start()).isEmpty)
    }

    @Test func `a server that lists no items says so`() async throws {
        let server = try await MemcachedServer.start(.init(arguments: ["-X"]))
        await #expect {
            _ = try await Self.walk(server)
        } throws: { error in
            (error as? CaptureError)?.code == .denied
        }
    }
}
