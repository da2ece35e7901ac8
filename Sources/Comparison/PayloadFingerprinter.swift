import Memcached
import NIOCore
import RDB
import SnapshotModel

/// Fingerprints the body of a payload that comes in pieces, whichever engine serialised it.
struct PayloadFingerprinter {
    /// Nil of an item of Memcached.
    private var rdb: BodyFingerprinter?
    /// What stands in front of an item's value, as far as it is there; nil when the value has begun.
    private var head: ByteBuffer?
    private var value: ValueFingerprinter

    init(type: UInt8, format: PayloadFormat, scope: ValueFingerprinter.Scope) {
        // An item is compared as the bytes that it is.
        value = ValueFingerprinter(.string, scope: scope)
        if format.engine == .memcached {
            head = ByteBuffer()
        } else {
            rdb = BodyFingerprinter(type: type, format: format, scope: scope)
        }
    }

    /// The fingerprinter of a whole body; nil if one of its elements is too large to be held.
    static func of(
        body: ByteBuffer,
        type: UInt8,
        format: PayloadFormat,
        scope: ValueFingerprinter.Scope
    ) throws -> ValueFingerprinter? {
        var reader = Self(type: type, format: format, scope: scope)
        try reader.append(body)
        return try reader.finish()
    }

    /// Takes the next piece.
    mutating func append(_ piece: ByteBuffer) throws {
        if rdb != nil {
            try rdb?.append(piece)
        } else if head == nil {
            value.append(piece: piece)
        } else {
            head?.writeImmutableBuffer(piece)
            if head?.readableBytes ?? 0 >= MemcachedItem.maximumHeadByteCount { try passHead() }
        }
    }

    /// The value's fingerprinter; nil if one of its elements is too large to be held.
    mutating func finish() throws -> ValueFingerprinter? {
        if rdb != nil { return try rdb?.finish() }
        try passHead()
        return value
    }

    private mutating func passHead() throws {
        guard var start = head.take() else { return }
        _ = try MemcachedItem(reading: &start)
        value.append(piece: start)
    }
}
