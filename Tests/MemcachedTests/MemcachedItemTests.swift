import Memcached
import NIOCore
import SnapshotModel
import Testing

/// The body of an item's record.
struct MemcachedItemTests {
    static let items: [MemcachedItem] = [
        MemcachedItem(),
        MemcachedItem(clientFlags: .max, cas: .max, slabClass: .max),
        MemcachedItem(clientFlags: 127, cas: 0, isFetched: true),
        MemcachedItem(clientFlags: 128, slabClass: 63, isStale: true, hasSentWin: true, isBase64Key: true),
    ]

    @Test(arguments: items) func `what is written in front of a value is read back, and the value is left`(
        item: MemcachedItem
    ) throws {
        var body = ByteBuffer()
        item.write(to: &body)
        #expect(body.readableBytes <= MemcachedItem.maximumHeadByteCount)
        body.writeString("value")
        #expect(try MemcachedItem(reading: &body) == item)
        #expect(String(buffer: body) == "value")
    }

    @Test(arguments: items) func `a body that ends within its marks and numbers is refused`(
        item: MemcachedItem
    ) throws {
        var body = ByteBuffer()
        item.write(to: &body)
        for length in 0..<body.readableBytes {
            var cut = try #require(body.getSlice(at: 0, length: length))
            #expect(throws: MemcachedError.self) { try MemcachedItem(reading: &cut) }
        }
    }

    @Test func `marks of a later version are refused`() {
        var body = ByteBuffer(bytes: [64, 0])
        #expect(throws: MemcachedError.self) { try MemcachedItem(reading: &body) }
    }

    @Test func `the bytes are those of the format article`() {
        var body = ByteBuffer()
        MemcachedItem(clientFlags: 300, cas: 7, slabClass: 2, isFetched: true).write(to: &body)
        #expect(Array(body.readableBytesView) == [0b1_1001, 0xAC, 0x02, 7, 2])
    }
}
