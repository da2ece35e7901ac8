import SnapshotModel

/// Whole streams that hold everything a format can have.
enum StreamFixtures {
    static let redis = everything("REDIS0015", PayloadFormat(engine: .redis, rdbVersion: 15))
    static let valkey = everything("VALKEY080", PayloadFormat(engine: .valkey, rdbVersion: 80))
    static let allFormats: [(String, PayloadFormat)] =
        (6...15).map { (String("REDIS00") + ($0 < 10 ? "0" : "") + String($0), .init(engine: .redis, rdbVersion: $0)) }
        + [
            ("VALKEY080", .init(engine: .valkey, rdbVersion: 80)),
            ("VALKEY081", .init(engine: .valkey, rdbVersion: 81)),
        ]

    /// Auxiliary fields, a function, module data, every type with and without attributes, two databases.
    static func everything(_ magic: String, _ format: PayloadFormat) -> [UInt8] {
        RDBBytes.stream(magic) { file in
            preamble(&file, format)
            file.raw([254, 0, 251, 0x40, 100, 2])
            for (index, fixture) in ValueFixture.all(in: format).enumerated() {
                attributes(index, &file, format)
                file.record(fixture.type, "key-\(index)", fixture.stored)
            }
            file.raw([254, 9])
            keys(&file)
            if format.engine == .redis, format.rdbVersion >= 15 { templates(&file) }
        }
    }

    /// A stream of a few hundred bytes for exhaustive runs.
    static let small = RDBBytes.stream("REDIS0011") { file in
        file.byte(250)
        file.string("redis-ver")
        file.string("7.2.0")
        file.raw([254, 3])
        file.byte(252)
        file.littleEndian(Int64(1_893_456_000_123))
        file.record(0, "text", RDBBytes.build { $0.string("some value") })
        file.record(
            4,
            "hash",
            RDBBytes.build {
                $0.length(1)
                $0.string("field")
                $0.compressed(0x7A, count: 60)
            }
        )
        file.raw([248, 5])
        file.record(21, "stream", ValueFixture.of(21)?.stored ?? [])
    }

    private static func preamble(_ file: inout RDBBytes, _ format: PayloadFormat) {
        file.byte(250)
        file.string(format.engine == .valkey ? "valkey-ver" : "redis-ver")
        file.string("1.2.3")
        file.byte(250)
        file.string("ctime")
        file.integer(Int32(1_700_000_000))
        file.byte(245)
        file.compressed(0x23, count: 50)
        file.byte(247)
        file.length(0x8144_5D61_5CE9_8401)
        file.raw([2, 1, 5])
        file.string("auxiliary")
        file.byte(0)
    }

    private static func attributes(_ index: Int, _ file: inout RDBBytes, _ format: PayloadFormat) {
        switch index % 5 {
        case 1:
            file.byte(252)
            file.littleEndian(Int64(1_800_000_000_000) + Int64(index))
        case 2:
            file.byte(253)
            file.littleEndian(Int32(1_800_000_000))
            file.raw([249, 200])
        case 3:
            file.byte(248)
            file.length(100_000)
        case 4 where format.engine == .redis && format.rdbVersion >= 13:
            file.raw([243, 2])
            file.raw([1, 2, 3, 4, 2, 0x41, 0, 0])
            file.raw([5, 6, 7, 8, 5])
            file.compressed(0x6D, count: 25)
            file.byte(0)
        case 4 where format.engine == .valkey:
            file.byte(243)
            file.string("0123456789012345678901234567890123456789")
            file.raw([2, 0, 5, 9, 0x40, 99])
        default: break
        }
    }

    /// Keys of every encoding.
    private static func keys(_ file: inout RDBBytes) {
        let value: [UInt8] = [1, 0x76]
        file.byte(0)
        file.integer(Int8(-1))
        file.raw(value)
        file.byte(0)
        file.integer(Int16(-12_345))
        file.raw(value)
        file.byte(0)
        file.integer(Int32(123_456_789))
        file.raw(value)
        file.byte(0)
        file.compressed(0x6B, count: 200)
        file.raw(value)
        file.record(0, "", value)
        file.record(0, "binary \u{0}\r\n", value)
        file.record(0, String(repeating: "long ", count: 30), value)
    }

    /// Two templates and hashes that refer to them by listpack and by number.
    private static func templates(_ file: inout RDBBytes) {
        file.raw([242, 0, 2])
        file.string("field1")
        file.string("field2")
        file.raw([242, 7, 1])
        file.string("only")
        file.record(
            30,
            "by listpack",
            RDBBytes.build { $0.string(RDBBytes.listpack([.number(0), .number(1), .number(2)])) }
        )
        file.record(32, "by number", [0, 0xC0, 5, 1, 0x78])
        file.record(32, "other template", [7, 1, 0x79])
    }
}
