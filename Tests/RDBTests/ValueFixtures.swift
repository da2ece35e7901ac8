import SnapshotModel
import Testing

/// One value per type, written byte by byte after the servers' sources, and what has to come out of it.
struct ValueFixture: Sendable, CustomTestStringConvertible {
    let type: UInt8
    let name: String
    let engine: Engine
    /// The first RDB version that knows the type.
    let since: Int
    /// As in the stream.
    let stored: [UInt8]
    /// With LZF strings plain.
    let plain: [UInt8]

    var testDescription: String { "\(engine) type \(type) from \(since)" }

    private init(
        _ type: UInt8,
        _ name: String,
        engine: Engine = .redis,
        since: Int,
        _ stored: (inout RDBBytes) -> Void,
        plain: ((inout RDBBytes) -> Void)? = nil
    ) {
        self.type = type
        self.name = name
        self.engine = engine
        self.since = since
        self.stored = RDBBytes.build(stored)
        self.plain = plain.map { RDBBytes.build($0) } ?? self.stored
    }

    static func of(_ type: UInt8, _ engine: Engine = .redis) -> Self? {
        all.first { $0.type == type && $0.engine == engine }
    }

    /// All that a stream of this format may hold.
    static func all(in format: PayloadFormat) -> [Self] {
        all.filter { fixture in
            fixture.since <= format.rdbVersion && (fixture.engine == format.engine || fixture.type < 22)
        }
    }

    static let all: [Self] = old + listpacks + streams + deadlines + newest

    // Ziplists: total bytes (4), tail offset (4), entries (2), entries (previous length, encoding, content), 255.
    private static let ziplist: [UInt8] = [
        0x13, 0, 0, 0, 0x0E, 0, 0, 0, 2, 0, 0, 2, 0x66, 0x31, 4, 2, 0x76, 0x31, 0xFF,
    ]
    private static let scoreZiplist: [UInt8] = [0x11, 0, 0, 0, 0x0E, 0, 0, 0, 2, 0, 0, 2, 0x6D, 0x31, 4, 0xF2, 0xFF]
    private static let intset: [UInt8] = [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 9, 0]
    private static let zipmap: [UInt8] = [1, 2, 0x66, 0x31, 2, 0, 0x76, 0x31, 0xFF]

    private static let old: [Self] = [
        Self(
            0,
            "string",
            since: 1,
            { $0.compressed(0x61, count: 40) },
            plain: { $0.string(.init(repeating: 0x61, count: 40)) }
        ),
        Self(1, "list", since: 1) {
            $0.length(3)
            $0.string("x")
            $0.integer(Int8(-5))
            $0.string([])
        },
        Self(
            2,
            "set",
            since: 1,
            {
                $0.length(2)
                $0.string("member")
                $0.compressed(0x62, count: 30)
            },
            plain: {
                $0.length(2)
                $0.string("member")
                $0.string(.init(repeating: 0x62, count: 30))
            }
        ),
        Self(3, "zset", since: 1) {
            $0.length(4)
            $0.string("a")
            $0.string("1.5")
            $0.string("b")
            $0.byte(254)
            $0.string("c")
            $0.byte(255)
            $0.string("d")
            $0.string("-7")
        },
        Self(4, "hash", since: 1) {
            $0.length(2)
            $0.string("field")
            $0.integer(Int16(-300))
            $0.string("other")
            $0.integer(Int32(70_000))
        },
        Self(5, "zset", since: 8) {
            $0.length(2)
            $0.string("a")
            $0.littleEndian((1.5).bitPattern)
            $0.string("b")
            $0.littleEndian((-2.25).bitPattern)
        },
        Self(9, "hash", since: 1) { $0.string(zipmap) },
        Self(10, "list", since: 1) { $0.string(ziplist) },
        Self(11, "set", since: 1) { $0.string(intset) },
        Self(12, "zset", since: 1) { $0.string(scoreZiplist) },
        Self(13, "hash", since: 1, { $0.compressedLiterally(ziplist) }, plain: { $0.string(ziplist) }),
        Self(14, "list", since: 7) {
            $0.length(2)
            $0.string(ziplist)
            $0.string(ziplist)
        },
        Self(7, "module", since: 8) {
            $0.length(0x8144_5D61_5CE9_8401)
            $0.raw([1, 5, 2, 0x42, 0x10, 3, 0, 0, 0x80, 0x3F, 4])
            $0.littleEndian((2.5).bitPattern)
            $0.byte(5)
            $0.string("inside")
            $0.byte(0)
        },
    ]

    private static let listpacks: [Self] = [
        Self(16, "hash", since: 10) { $0.string(RDBBytes.listpack([.text("f"), .text("v"), .text("n"), .number(7)])) },
        Self(17, "zset", since: 10) { $0.string(RDBBytes.listpack([.text("m"), .number(1), .text("n"), .number(2)])) },
        Self(
            18,
            "list",
            since: 10,
            {
                $0.length(3)
                $0.length(2)
                $0.compressedLiterally(RDBBytes.listpack([.text("head"), .number(1)]))
                $0.length(1)
                $0.string("one large element")
                $0.length(2)
                $0.string(RDBBytes.listpack([.text("tail")]))
            },
            plain: {
                $0.length(3)
                $0.length(2)
                $0.string(RDBBytes.listpack([.text("head"), .number(1)]))
                $0.length(1)
                $0.string("one large element")
                $0.length(2)
                $0.string(RDBBytes.listpack([.text("tail")]))
            }
        ),
        Self(20, "set", since: 11) { $0.string(RDBBytes.listpack([.text("a"), .number(3)])) },
    ]

    private static let streams: [Self] = [
        Self(15, "stream", since: 9) { stream(1, &$0) },
        Self(19, "stream", since: 10) { stream(2, &$0) },
        Self(21, "stream", since: 11) { stream(3, &$0) },
        Self(26, "stream", since: 13) { stream(4, &$0) },
        Self(27, "stream", since: 14) { stream(5, &$0) },
    ]

    private static func streamID(_ milliseconds: UInt64, _ sequence: UInt64) -> [UInt8] {
        [milliseconds, sequence].flatMap { number in withUnsafeBytes(of: number.bigEndian) { Array($0) } }
    }

    /// Two entries, one group with a consumer that has one of them pending.
    private static func stream(_ version: Int, _ body: inout RDBBytes) {
        // A master entry (2 entries, 0 deleted, field "f"), then entries with flags 2 (same fields), id differences.
        let entries: [RDBBytes.ListpackItem] = [
            .number(2), .number(0), .number(1), .text("f"), .number(0),
            .number(2), .number(0), .number(0), .text("v1"), .number(4),
            .number(2), .number(1), .number(0), .text("v2"), .number(4),
        ]
        body.length(1)
        body.string(streamID(1000, 1))
        body.string(RDBBytes.listpack(entries))
        body.length(2)
        body.length(1001)
        body.length(1)
        if version >= 2 {
            for number in [1000, 1, 0, 0, 2] as [UInt64] { body.length(number) }
        }
        body.length(1)
        body.string("group")
        body.length(1001)
        body.length(1)
        if version >= 2 { body.length(2) }
        body.length(1)
        body.raw(streamID(1001, 1))
        body.littleEndian(Int64(1_700_000_000_000))
        body.length(1)
        body.length(1)
        body.string("consumer")
        body.littleEndian(Int64(1_700_000_000_001))
        if version >= 3 { body.littleEndian(Int64(1_700_000_000_002)) }
        body.length(version >= 5 ? 0 : 1)
        if version < 5 { body.raw(streamID(1001, 1)) }
        if version >= 5 {
            body.length(1)
            body.raw(streamID(1001, 1))
        }
        if version >= 4 {
            body.length(100)
            body.length(1000)
            body.length(1)
            body.string("producer")
            body.length(2)
            for number in [1000, 1001] as [UInt64] {
                body.string("request-\(number)")
                body.length(number)
                body.length(1)
            }
            body.length(2)
            body.length(0)
        }
    }

    private static let deadlines: [Self] = [
        Self(22, "hash", since: 12) {
            $0.length(2)
            $0.length(1_800_000_000_000)
            $0.string("f1")
            $0.string("v1")
            $0.length(0)
            $0.string("f2")
            $0.integer(Int8(2))
        },
        Self(23, "hash", since: 12) {
            $0.string(
                RDBBytes.listpack([
                    .text("f"), .text("v"), .wide(1_800_000_000_000), .text("g"), .text("w"), .number(0),
                ])
            )
        },
        Self(24, "hash", since: 12) {
            $0.littleEndian(Int64(1_800_000_000_000))
            $0.length(3)
            $0.length(1)
            $0.string("f1")
            $0.string("v1")
            $0.length(0)
            $0.string("f2")
            $0.integer(Int8(2))
            $0.length(5001)
            $0.string("f3")
            $0.string("v3")
        },
        Self(25, "hash", since: 12) {
            $0.littleEndian(Int64(1_800_000_000_000))
            $0.string(
                RDBBytes.listpack([
                    .text("f"), .text("v"), .wide(1_800_000_000_000), .text("h"), .number(9), .wide(1_800_000_005_000),
                    .text("g"), .text("w"), .number(0),
                ])
            )
        },
        Self(22, "hash", engine: .valkey, since: 80) {
            $0.length(3)
            $0.string("f1")
            $0.string("v1")
            $0.littleEndian(Int64(1_800_000_000_000))
            $0.string("f2")
            $0.integer(Int8(2))
            $0.littleEndian(Int64(-1))
            $0.string("f3")
            $0.string("v3")
            $0.littleEndian(Int64(1_800_000_005_000))
        },
    ]

    private static let newest: [Self] = [
        Self(
            28,
            "array",
            since: 14,
            {
                $0.length(4)
                $0.length(1)
                $0.length(49)
                $0.raw([0, 0])
                $0.compressed(0x63, count: 20)
                $0.raw([5, 1])
                $0.littleEndian(Int64(-8))
                $0.raw([6, 2])
                $0.littleEndian((0.5).bitPattern)
                $0.raw([63, 3])
                $0.string("small")
            },
            plain: {
                $0.length(4)
                $0.length(1)
                $0.length(49)
                $0.raw([0, 0])
                $0.string(.init(repeating: 0x63, count: 20))
                $0.raw([5, 1])
                $0.littleEndian(Int64(-8))
                $0.raw([6, 2])
                $0.littleEndian((0.5).bitPattern)
                $0.raw([63, 3])
                $0.string("small")
            }
        ),
        // The bytes of a valid payload in redis/redis' own tests of RESTORE (#15364), of two fields.
        Self(29, "hash", since: 15) {
            $0.length(0)
            $0.string(RDBBytes.listpack([.text("field1"), .text("field2")]))
            $0.string(RDBBytes.listpack([.number(0), .number(1), .number(2)]))
        },
        Self(
            31,
            "hash",
            since: 15,
            {
                $0.length(0)
                $0.compressedLiterally(RDBBytes.listpack([.text("field1"), .text("field2")]))
                $0.integer(Int8(1))
                $0.integer(Int8(2))
            },
            plain: {
                $0.length(0)
                $0.string(RDBBytes.listpack([.text("field1"), .text("field2")]))
                $0.integer(Int8(1))
                $0.integer(Int8(2))
            }
        ),
        Self(31, "hash", since: 15) {
            $0.length(1)
            $0.length(2)
            $0.string("field1")
            $0.string("field2")
            $0.integer(Int8(1))
            $0.integer(Int8(2))
        },
        Self(29, "hash", since: 15) {
            $0.length(1)
            $0.length(1)
            $0.string("field1")
            $0.string(RDBBytes.listpack([.number(3), .number(1)]))
        },
    ]
}
