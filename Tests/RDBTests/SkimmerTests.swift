import NIOCore
import RDB
import SnapshotModel
import Testing

@Suite("skimming whole streams")
struct SkimmerTests {
    @Test("every value type of every format passes with LZF unwrapped", arguments: StreamFixtures.allFormats)
    func everyFormat(magic: String, format: PayloadFormat) throws {
        let items = try Skimming().items(StreamFixtures.everything(magic, format))
        #expect(items.first == .header(format))
        guard case .end(.verified)? = items.last else {
            Issue.record("no verified end")
            return
        }
        let records = items.compactMap { if case .record(let record) = $0 { record } else { nil } }
        let fixtures = ValueFixture.all(in: format)
        for (index, fixture) in fixtures.enumerated() {
            let record = try #require(records.first { $0.key == Array("key-\(index)".utf8) })
            #expect(record.database == 0)
            if record.type == 243 {
                #expect(record.body.count > fixture.plain.count)
                #expect(Array(record.body.suffix(fixture.plain.count + 1)) == [fixture.type] + fixture.plain)
            } else {
                #expect(record.type == fixture.type)
                #expect(record.body == fixture.plain, "type \(fixture.type)")
            }
            #expect(record.typeName == (fixture.name == "module" ? "module:\(moduleName)" : fixture.name))
        }
        #expect(fixtures.count >= 10)
    }

    /// The name in the module fixture's id, as `moduleTypeNameByID` spells it.
    private let moduleName = "gURdYVzph"

    @Test("the preamble comes out as fields, a function and module data")
    func preamble() throws {
        let items = try Skimming().items(StreamFixtures.redis)
        #expect(items[1] == .auxiliary(name: "redis-ver", value: "1.2.3"))
        #expect(items[2] == .auxiliary(name: "ctime", value: "1700000000"))
        guard case .record(let function) = items[3], case .record(let module) = items[4] else {
            Issue.record("no records of a function and a module")
            return
        }
        #expect(function.kind == .functionLibrary)
        #expect(function.body == [50] + [UInt8](repeating: 0x23, count: 50))
        #expect(function.key.isEmpty)
        #expect(module.kind == .moduleAuxiliary)
        #expect(
            module.body
                == RDBBytes.build {
                    $0.length(0x8144_5D61_5CE9_8401)
                    $0.raw([2, 1, 5])
                    $0.string("auxiliary")
                    $0.byte(0)
                }
        )
        #expect(items[5] == .database(0))
        #expect(items[6] == .information(.databaseSize(keyCount: 100, expiringKeyCount: 2)))
    }

    @Test("deadlines and access data belong to the key that follows, and only to it")
    func attributes() throws {
        let records = try Skimming().records(StreamFixtures.redis).filter { $0.kind == .key && $0.database == 0 }
        for (index, record) in records.prefix(20).enumerated() {
            switch index % 5 {
            case 1: #expect(record.expiry == .at(UnixMilliseconds(1_800_000_000_000 + Int64(index))))
            case 2:
                #expect(record.expiry == .at(UnixMilliseconds(1_800_000_000_000)))
                #expect(record.access == .frequency(200))
            case 3: #expect(record.access == .idle(seconds: 100_000))
            case 4: #expect(record.type == 243)
            default:
                #expect(record.expiry == .never)
                #expect(record.access == .none)
            }
        }
    }

    @Test("keys of every encoding come out as their plain bytes")
    func keys() throws {
        let keys = try Skimming().records(StreamFixtures.valkey).filter { $0.database == 9 }.map(\.key)
        let texts = ["-1", "-12345", "123456789", String(repeating: "k", count: 200), "", "binary \u{0}\r\n"]
        #expect(keys == (texts + [String(repeating: "long ", count: 30)]).map { Array($0.utf8) })
    }

    @Test("a hash that refers to a template comes out self-contained")
    func templates() throws {
        let records = try Skimming().records(StreamFixtures.redis)
        let fields = RDBBytes.build {
            $0.raw([1, 2])
            $0.string("field1")
            $0.string("field2")
        }
        let listpack = try #require(records.first { $0.key == Array("by listpack".utf8) })
        #expect(listpack.type == 29)
        #expect(
            listpack.body == fields
                + RDBBytes.build {
                    $0.string(RDBBytes.listpack([.number(0), .number(1), .number(2)]))
                }
        )
        let number = try #require(records.first { $0.key == Array("by number".utf8) })
        #expect(number.type == 31)
        #expect(number.body == fields + [0xC0, 5, 1, 0x78])
        let other = try #require(records.first { $0.key == Array("other template".utf8) })
        #expect(other.body == [1, 1, 4] + Array("only".utf8) + [1, 0x79])
        // What comes out is a DUMP body of its own.
        for record in [listpack, number, other] {
            let format = PayloadFormat(engine: .redis, rdbVersion: 15)
            #expect(try Skimming.body(record.body, type: record.type, format: format) == record.body)
        }
    }

    @Test("slot sizes, slot imports and Redis Enterprise's own numbers are passed over")
    func passedOver() throws {
        let redis = RDBBytes.stream("REDIS0012") {
            $0.raw([254, 0, 244, 5, 0x40, 100, 3, 107, 9, 121, 0x50, 0])
            $0.record(0, "key", [1, 0x76])
        }
        let items = try Skimming().items(redis)
        #expect(items[2] == .information(.slotSize(slot: 5, keyCount: 100, expiringKeyCount: 3)))
        #expect(items.count == 5)
        let valkey = try Skimming().items(StreamFixtures.valkey)
        #expect(valkey.contains(.information(.slotImport)))
    }

    @Test("a checksum of zero means that there is none; before version 5 there is no checksum")
    func absentChecksums() throws {
        let zero = RDBBytes.stream("REDIS0011", checksum: 0) { $0.record(0, "key", [1, 0x76]) }
        #expect(try Skimming().items(zero).last == .end(.absent))
        let old = RDBBytes.build {
            $0.raw(Array("REDIS0003".utf8))
            $0.record(0, "key", [1, 0x76])
            $0.byte(255)
        }
        #expect(try Skimming().items(old).last == .end(.absent))
    }

    @Test("bytes after the end are left in the input")
    func afterTheEnd() throws {
        var skimmer = RDBSkimmer(mode: .stream)
        var (input, output) = (ByteBuffer(bytes: StreamFixtures.small + [1, 2, 3]), ByteBuffer())
        var event = RDBEvent.needsInput
        while true {
            event = try skimmer.next(&input, into: &output, outputLimit: 1 << 20)
            if case .end = event { break }
        }
        #expect(Array(input.readableBytesView) == [1, 2, 3])
        #expect(skimmer.offset == UInt64(StreamFixtures.small.count))
        #expect(try skimmer.next(&input, into: &output, outputLimit: 1 << 20) == event)
    }
}
