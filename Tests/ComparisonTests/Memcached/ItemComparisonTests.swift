import ByteCoding
import Memcached
import NIOCore
import RDB
import SnapshotModel
import TestSupport
import Testing

@testable import Comparison

/// Items of Memcached as entries of a comparison.
struct ItemComparisonTests {
    private static let scope = ValueFingerprinter.Scope(secret: .init(low: 5, high: 6))
    private static let format = MemcachedItem.format

    private static func entry(_ item: MemcachedItem, _ value: String, expiry: Expiry = .never) throws -> ComparisonEntry
    {
        var body = ByteBuffer()
        item.write(to: &body)
        body.writeString(value)
        let fingerprinter = try PayloadFingerprinter.of(body: body, type: 0, format: format, scope: scope)
        return ComparisonEntry(
            database: 0,
            key: ByteBuffer(string: "key"),
            typeName: "item",
            expiry: expiry,
            value: fingerprinter?.finish(),
            item: try ItemTraits(body: body, format: format)
        )
    }

    private static func judge(
        _ left: ComparisonEntry,
        _ right: ComparisonEntry,
        comparesCAS: Bool = false
    ) -> ComparisonDifference? {
        var options = ComparisonOptions()
        options.comparesCAS = comparesCAS
        let judgement = ComparisonJudge(options: options, moment: UnixMilliseconds(0))
            .judge(ComparisonPair(left: left, right: right))
        if case .different(let difference) = judgement.verdict { return difference }
        return nil
    }

    @Test func `what the archive keeps beside value and flags makes no difference`() throws {
        let plain = try Self.entry(MemcachedItem(clientFlags: 7, cas: 1), "value")
        let other = try Self.entry(
            MemcachedItem(clientFlags: 7, cas: 2, slabClass: 9, isFetched: true, isBase64Key: true),
            "value"
        )
        #expect(Self.judge(plain, other) == nil)
    }

    @Test func `value, flags and, if asked for, CAS are told apart`() throws {
        let own = try Self.entry(MemcachedItem(clientFlags: 7, cas: 1), "value")
        let changed = try Self.entry(MemcachedItem(clientFlags: 7, cas: 1), "valuE")
        #expect(Self.judge(own, changed)?.aspects == [.value])
        let flagged = try Self.entry(MemcachedItem(clientFlags: 8, cas: 1), "value")
        #expect(Self.judge(own, flagged)?.aspects == [.flags] && Self.judge(own, flagged)?.kind == .changed)
        let stored = try Self.entry(MemcachedItem(clientFlags: 7, cas: 2), "value")
        #expect(Self.judge(own, stored) == nil)
        #expect(Self.judge(own, stored, comparesCAS: true)?.aspects == [.cas])
        let unknown = try Self.entry(MemcachedItem(clientFlags: 7), "value")
        #expect(Self.judge(own, unknown, comparesCAS: true)?.aspects == [.cas])
        let expiring = try Self.entry(MemcachedItem(clientFlags: 7), "value", expiry: .at(UnixMilliseconds(1000)))
        #expect(Self.judge(own, expiring)?.kind == .drift)
    }

    @Test func `a string of Redis is compared with an item as the bytes that both are`() throws {
        let item = try Self.entry(MemcachedItem(clientFlags: 7, cas: 1), "12345", expiry: .at(UnixMilliseconds(5000)))
        let value = ValueFingerprinter(.string(ByteBuffer(string: "12345")), scope: Self.scope).finish()
        var string = item
        (string.typeName, string.item, string.value) = ("string", nil, value)
        #expect(Self.judge(string, item) == nil && Self.judge(item, string) == nil)
        let other = try Self.entry(MemcachedItem(), "12346", expiry: .at(UnixMilliseconds(5000)))
        #expect(Self.judge(string, other)?.aspects == [.value])
        var set = string
        set.typeName = "set"
        #expect(Self.judge(set, item)?.aspects == [.type])
    }

    @Test func `a value in pieces has the fingerprint of the whole`() throws {
        var random = SeededGenerator.fromEnvironment("ItemComparisonTests", fallback: 0x17)
        for byteCount in [0, 1, 5, 30, 31, 40, 1000] {
            var body = ByteBuffer()
            MemcachedItem(clientFlags: .max, cas: .max, slabClass: .max).write(to: &body)
            body.writeBytes(random.bytes(byteCount))
            let whole = try PayloadFingerprinter.of(body: body, type: 0, format: Self.format, scope: Self.scope)
            var rest = body
            var pieces = PayloadFingerprinter(type: 0, format: Self.format, scope: Self.scope)
            while rest.readableBytes > 0 {
                let count = Int.random(in: 1...min(8, rest.readableBytes), using: &random)
                if let piece = rest.readSlice(length: count) { try pieces.append(piece) }
            }
            #expect(try pieces.finish()?.finish() == whole?.finish(), "seed \(random.seed): \(byteCount) bytes")
        }
    }

    @Test func `a body that ends before its value is an error`() throws {
        var body = ByteBuffer()
        MemcachedItem(clientFlags: 300, cas: 1).write(to: &body)
        let cut = try #require(body.getSlice(at: 0, length: body.readableBytes - 1))
        #expect(throws: MemcachedError.self) {
            try PayloadFingerprinter.of(body: cut, type: 0, format: Self.format, scope: Self.scope)
        }
    }
}
