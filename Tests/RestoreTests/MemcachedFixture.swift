import Memcached
import NIOCore
import Restore
import SnapshotModel
import TestSupport

extension ArchiveFixture.Record {
    /// An item of Memcached as it is in an archive.
    static func item(
        _ key: [UInt8],
        _ value: [UInt8],
        clientFlags: UInt64 = 0,
        expiry: Expiry = .never,
        cas: UInt64? = nil,
        isBinary: Bool = false,
        isStale: Bool = false,
        access: AccessData = .none,
        tier: UInt8 = 0
    ) -> Self {
        var body = ByteBuffer()
        MemcachedItem(clientFlags: clientFlags, cas: cas, slabClass: 3, isStale: isStale, isBase64Key: isBinary)
            .write(to: &body)
        body.writeBytes(value)
        return Self(
            type: MemcachedItem.recordType,
            expiry: expiry,
            access: access,
            key: key,
            body: Array(body.readableBytesView),
            tier: tier
        )
    }

    static func item(_ key: String, _ value: String, clientFlags: UInt64 = 0, expiry: Expiry = .never) -> Self {
        item(Array(key.utf8), Array(value.utf8), clientFlags: clientFlags, expiry: expiry)
    }

    /// What a generated item is in an archive; `now` is the server's clock in Unix seconds.
    static func item(_ item: MemcachedItems.Item, now: Int64) -> Self {
        let seconds = item.exptime > 2_592_000 ? item.exptime : now + item.exptime
        return .item(
            item.key,
            item.value,
            clientFlags: UInt64(item.clientFlags),
            expiry: item.exptime == 0 ? .never : .at(UnixMilliseconds(seconds * 1000)),
            cas: 7,
            isBinary: item.isBinary
        )
    }
}

extension ArchiveFixture {
    /// A snapshot of Memcached.
    static func items(_ records: [Record], instant: UnixMilliseconds, blockByteCount: Int = 4096) async throws -> Self {
        try await make(records, format: MemcachedItem.format, instant: instant, blockByteCount: blockByteCount)
    }
}

/// A Memcached server that restores of a test go to, and how they are read back.
struct ItemTarget {
    let server: MemcachedServer

    static func start(_ arguments: [String] = []) async throws -> Self {
        Self(server: try await MemcachedServer.start(.init(arguments: arguments)))
    }

    var url: String { server.url }

    func now() throws -> Int64 { try server.client().time() }

    /// The instant of a snapshot that was just taken.
    func instant() throws -> UnixMilliseconds { UnixMilliseconds(try now() * 1000) }

    func read(_ key: String) throws -> MemcachedTestClient.Reading? {
        try server.client().read(Array(key.utf8), isBinary: false)
    }

    func text(_ key: String) throws -> String? { try read(key).map { String(decoding: $0.value, as: UTF8.self) } }

    /// Items that are there, of `key:0` and so on.
    func present(_ count: Int) throws -> Set<Int> {
        let client = try server.client()
        var present: Set<Int> = []
        for start in stride(from: 0, to: count, by: 1000) {
            let range = start..<min(count, start + 1000)
            try client.send(range.map { "mg key:\($0) s u\r\n" }.joined())
            for index in range where try client.line().hasPrefix("HD") { present.insert(index) }
        }
        return present
    }

    /// The differences between what items should be and what the server has, as sentences.
    ///
    /// Items that end within `soon` seconds may be there or not.
    func differences(from items: [MemcachedItems.Item], storedAt start: Int64, soon: Int64 = 30) throws -> [String] {
        let client = try server.client()
        var differences: [String] = []
        for item in items {
            let name = String(decoding: item.key.prefix(30), as: UTF8.self)
            let deadline = item.exptime > 2_592_000 ? item.exptime : start + item.exptime
            let before = try client.time()
            guard let found = try client.read(item.key, isBinary: item.isBinary) else {
                if item.exptime == 0 || deadline > before + soon { differences.append("\(name) is missing") }
                continue
            }
            if found.value != item.value { differences.append("\(name) has another value") }
            if found.clientFlags != UInt64(item.clientFlags) {
                differences.append("\(name) has flags \(found.clientFlags)")
            }
            if found.marks.contains("b") != item.isBinary { differences.append("\(name) has its key in another form") }
            if let left = found.remainingSeconds {
                let told = before + left - 1...(try client.time()) + left + 1
                if item.exptime == 0 || !told.contains(deadline) {
                    differences.append("\(name) ends at \(told), not \(deadline)")
                }
            } else if item.exptime != 0 {
                differences.append("\(name) never ends")
            }
        }
        return differences
    }
}
