import ByteCoding
package import NIOCore
package import SnapshotModel

/// What an archive keeps of an item beside its key, its deadline and its last access; the value follows it in the body.
///
///     marks: one byte
///     client flags: varint
///     CAS: varint, with the mark for it
///     slab class: varint, with the mark for it
///     the value, to the end of the body
package struct MemcachedItem: Hashable, Sendable {
    /// The first byte of a body.
    ///
    /// Bits 6 and 7 are reserved and zero.
    package struct Marks: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let isFetched = Marks(rawValue: 1)
        package static let isStale = Marks(rawValue: 2)
        package static let hasSentWin = Marks(rawValue: 4)
        package static let knowsCAS = Marks(rawValue: 8)
        package static let knowsSlabClass = Marks(rawValue: 16)
        package static let isBase64Key = Marks(rawValue: 32)

        static let all = Marks(rawValue: 63)
    }

    /// The type number of records that hold items.
    package static let recordType: UInt8 = 0
    /// What users call the one type that there is.
    package static let typeName = "item"
    /// How bodies of items are to be read.
    package static let format = PayloadFormat(engine: .memcached, rdbVersion: 0)
    /// The most bytes in front of the value.
    package static let maximumHeadByteCount = 1 + 3 * 10

    /// Whether a client had ever fetched the item.
    package var isFetched: Bool
    /// Whether it was invalidated and its value is the one from before.
    package var isStale: Bool
    /// Whether a client was given the right to renew it.
    package var hasSentWin: Bool
    /// Whether its key was stored in Base64, which the server tells its readers.
    package var isBase64Key: Bool
    package var clientFlags: UInt64
    /// nil where the server keeps none (`-C`).
    package var cas: UInt64?
    package var slabClass: UInt32?

    package init(
        clientFlags: UInt64 = 0,
        cas: UInt64? = nil,
        slabClass: UInt32? = nil,
        isFetched: Bool = false,
        isStale: Bool = false,
        hasSentWin: Bool = false,
        isBase64Key: Bool = false
    ) {
        self.clientFlags = clientFlags
        self.cas = cas
        self.slabClass = slabClass
        self.isFetched = isFetched
        self.isStale = isStale
        self.hasSentWin = hasSentWin
        self.isBase64Key = isBase64Key
    }

    /// Appends what stands in front of the value.
    package func write(to body: inout ByteBuffer) {
        body.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.maximumHeadByteCount) { target in
            target.baseAddress.map { write(to: $0) } ?? 0
        }
    }

    /// Writes the same where there is room for `maximumHeadByteCount` bytes; returns how many it took.
    package func write(to target: UnsafeMutableRawPointer) -> Int {
        var marks: Marks = []
        if isFetched { marks.insert(.isFetched) }
        if isStale { marks.insert(.isStale) }
        if hasSentWin { marks.insert(.hasSentWin) }
        if isBase64Key { marks.insert(.isBase64Key) }
        if cas != nil { marks.insert(.knowsCAS) }
        if slabClass != nil { marks.insert(.knowsSlabClass) }
        var writer = RoomyWriter(target)
        writer.writeByte(marks.rawValue)
        writer.writeVarint(clientFlags)
        if let cas { writer.writeVarint(cas) }
        if let slabClass { writer.writeVarint(UInt64(slabClass)) }
        return writer.byteCount
    }

    /// Reads what stands in front of the value, and moves the reader index to the value.
    ///
    /// Of a value in chunks `body` is the first.
    package init(reading body: inout ByteBuffer) throws(MemcachedError) {
        guard let byte = body.readInteger(as: UInt8.self) else { throw Self.cut }
        let marks = Marks(rawValue: byte)
        guard marks.isSubset(of: .all) else {
            throw .malformed(reason: "an item with marks that this version does not know")
        }
        self.init(
            clientFlags: try Self.number(&body),
            cas: marks.contains(.knowsCAS) ? try Self.number(&body) : nil,
            isFetched: marks.contains(.isFetched),
            isStale: marks.contains(.isStale),
            hasSentWin: marks.contains(.hasSentWin),
            isBase64Key: marks.contains(.isBase64Key)
        )
        if marks.contains(.knowsSlabClass) {
            guard let slabClass = UInt32(exactly: try Self.number(&body)) else {
                throw .malformed(reason: "an item with a slab class that is none")
            }
            self.slabClass = slabClass
        }
    }

    private static func number(_ body: inout ByteBuffer) throws(MemcachedError) -> UInt64 {
        guard let value = body.readVarint() else { throw cut }
        return value
    }

    private static var cut: MemcachedError { .malformed(reason: "an item's body that ends before its value") }
}
