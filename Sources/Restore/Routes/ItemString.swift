import Memcached
import NIOCore
import RDB

/// An item of Memcached as a string of Redis: its value; flags, CAS and the rest stay out.
struct ItemString {
    /// The RDB type of a string.
    static let type: UInt8 = 0
    /// What a payload of it is stamped with: every server knows it.
    static let rdbVersion = PayloadRoute.oldestVersion

    let item: MemcachedItem
    let value: ByteBuffer

    /// nil for what is no item's body.
    init?(_ body: ByteBuffer) {
        var rest = body
        guard let item = try? MemcachedItem(reading: &rest) else { return nil }
        self.item = item
        value = rest
    }

    /// A value over several blocks as the body of an RDB string; `first` is the body's first chunk.
    static func string(of source: ValueSource, first: ByteBuffer) -> ValueSource? {
        guard let string = Self(first) else { return nil }
        let headByteCount = first.readableBytes - string.value.readableBytes
        var start = ByteBuffer()
        RDBString.writeLength(Int(clamping: source.byteCount) - headByteCount, into: &start)
        return source.replacing(first: headByteCount, with: start)
    }

    /// The string as RDB has it: its length, then its bytes.
    var body: ByteBuffer {
        var body = ByteBuffer()
        value.withUnsafeReadableBytes { RDBString.writePlain($0, into: &body) }
        return body
    }
}
