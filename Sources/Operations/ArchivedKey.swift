import ArchiveFormat
import ArchiveIO
package import Memcached
package import NIOCore
package import SnapshotModel

/// A key of an archive with what stands beside it; without its value.
package struct ArchivedKey: Hashable, Sendable {
    package let database: UInt32
    package let key: ByteBuffer
    /// What users call the type: "hash", "module:MBbloom--"; "type 99" where the number is not known.
    package let typeName: String
    /// How the value is laid out, in the servers' words: "listpack".
    package let encodingName: String
    package let expiry: Expiry
    package let access: AccessData
    /// Bytes of the payload body, over all its chunks, with LZF strings unwrapped.
    package let bodyByteCount: UInt64
    /// What stands in front of the value of an item of Memcached; nil of any other engine.
    package let item: MemcachedItem?
    /// Bytes of the value as a client sees it; nil where the body is more than that.
    package let valueByteCount: UInt64?

    init(_ record: RecordLayout, in block: ByteBuffer, chain: ValueChain?, format: PayloadFormat) {
        database = record.database
        key = record.key(in: block)
        let body = record.body(in: block)
        typeName = Self.typeName(record.type, body, format)
        encodingName = PayloadTypes.encoding(type: record.type, format: format)
        expiry = record.expiry
        access = record.access
        bodyByteCount = chain?.totalByteCount ?? UInt64(record.bodyRange.count)
        var value = body
        item = format.engine == .memcached ? try? MemcachedItem(reading: &value) : nil
        let headByteCount = UInt64(body.readableBytes - value.readableBytes)
        valueByteCount = item == nil ? nil : bodyByteCount - headByteCount
    }

    static func typeName(_ type: UInt8, _ body: ByteBuffer, _ format: PayloadFormat) -> String {
        PayloadTypes.userName(type: type, body: body, format: format) ?? "type \(type)"
    }
}
