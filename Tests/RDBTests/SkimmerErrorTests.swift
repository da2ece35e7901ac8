import NIOCore
import RDB
import SnapshotModel
import Testing

@Suite("what a skimmer refuses")
struct SkimmerErrorTests {
    private let redis15 = PayloadFormat(engine: .redis, rdbVersion: 15)

    private func failure(_ bytes: [UInt8]) -> RDBError? {
        do {
            _ = try Skimming().items(bytes)
            return nil
        } catch { return error as? RDBError }
    }

    private func failure(_ magic: String = "REDIS0015", _ content: (inout RDBBytes) -> Void) -> RDBError? {
        failure(RDBBytes.stream(magic, content))
    }

    @Test(
        "what does not start with a magic is not RDB",
        arguments: ["HTTP/1.1 ", "REDIS00x1", "VALKEY0a0", "redis0011"]
    )
    func notRDB(start: String) throws {
        let error = failure(Array(start.utf8) + [255])
        #expect(error == .notRDB(found: Array(start.utf8)))
        #expect(try #require(error).description.contains(start))
    }

    @Test(
        "versions that are not known are refused by name",
        arguments: [
            ("REDIS0016", Engine.redis, 16, 15), ("REDIS0000", .redis, 0, 15), ("REDIS9999", .redis, 9999, 15),
            ("VALKEY082", .valkey, 82, 81), ("VALKEY011", .valkey, 11, 81), ("VALKEY079", .valkey, 79, 81),
        ]
    )
    func versions(magic: String, engine: Engine, version: Int, newest: Int) throws {
        let error = try #require(failure(magic) { $0.record(0, "k", [0]) })
        let format = PayloadFormat(engine: engine, rdbVersion: version)
        #expect(error == .unsupportedVersion(format, newest: newest))
        #expect(error.description.contains("\(version)"))
    }

    @Test("types that a version does not know are refused by name, not guessed")
    func types() throws {
        let future = try #require(failure("REDIS0011") { $0.record(24, "k", [0]) })
        #expect(future == .unknownType(type: 24, format: .init(engine: .redis, rdbVersion: 11), offset: 10))
        #expect(future.description.contains("hash table with deadlines"))
        #expect(failure { $0.record(8, "k", [0]) } == .unknownType(type: 8, format: redis15, offset: 10))
        #expect(failure { $0.record(34, "k", [0]) } == .unknownType(type: 34, format: redis15, offset: 10))
        #expect(failure { $0.record(6, "k", [0]) } == .unknownType(type: 6, format: redis15, offset: 10))
        #expect(failure { $0.record(33, "k", [0]) } == .unknownType(type: 33, format: redis15, offset: 10))
        let valkey = PayloadFormat(engine: .valkey, rdbVersion: 81)
        #expect(failure("VALKEY081") { $0.record(23, "k", [0]) } == .unknownType(type: 23, format: valkey, offset: 10))
        #expect(failure("VALKEY081") { $0.record(24, "k", [0]) } == .unknownType(type: 24, format: valkey, offset: 10))
    }

    @Test("the same number is another layout in the other engine")
    func collision() throws {
        let redis = try #require(ValueFixture.of(22, .redis))
        let valkey = try #require(ValueFixture.of(22, .valkey))
        #expect(failure("REDIS0012") { $0.record(22, "k", redis.stored) } == nil)
        #expect(failure("VALKEY080") { $0.record(22, "k", valkey.stored) } == nil)
        #expect(failure("REDIS0012") { $0.record(22, "k", valkey.stored) } != nil)
        #expect(failure("VALKEY080") { $0.record(22, "k", redis.stored) } != nil)
    }

    @Test("opcodes that a version does not know, or that cannot be kept, are refused by name")
    func opcodes() throws {
        let redis12 = PayloadFormat(engine: .redis, rdbVersion: 12)
        #expect(failure("REDIS0012") { $0.byte(243) } == .unknownOpcode(opcode: 243, format: redis12, offset: 10))
        let redis14 = PayloadFormat(engine: .redis, rdbVersion: 14)
        #expect(failure("REDIS0014") { $0.byte(242) } == .unknownOpcode(opcode: 242, format: redis14, offset: 10))
        let update = try #require(failure("VALKEY081") { $0.byte(242) })
        #expect(update.description.contains("forkless"))
        let function = try #require(failure("REDIS0010") { $0.byte(246) })
        #expect(function.description.contains("release candidate"))
        let enterprise = try #require(failure { $0.byte(101) })
        #expect(enterprise == .unknownOpcode(opcode: 101, format: redis15, offset: 10))
        #expect(enterprise.description.contains("Enterprise"))
    }

    @Test("an expiry without a key is refused")
    func strayAttributes() {
        let expiry: [UInt8] = [252, 1, 2, 3, 4, 5, 6, 7, 8]
        let fault = RDBError.malformed(.attributeWithoutKey, offset: 19)
        #expect(failure { $0.raw(expiry + [254, 0]) } == fault)
        #expect(failure { $0.raw(expiry) } == fault)
    }

    @Test("malformed lengths, strings and alternatives are told apart")
    func faults() {
        func fault(_ type: UInt8, _ body: [UInt8]) -> RDBFault? {
            guard case .malformed(let fault, _)? = failure("REDIS0015", { $0.record(type, "k", body) }) else {
                return nil
            }
            return fault
        }
        #expect(fault(1, [0x82]) == .lengthEncoding)
        #expect(fault(1, [0xC0, 1]) == .encodedLength)
        #expect(fault(0, [0xC4, 1]) == .stringEncoding)
        #expect(fault(0, [0xC3, 2, 5, 0x01, 0x61]) == .compressedString)
        #expect(fault(0, [0xC3, 1, 0x41, 0x00, 0]) == .compressedString, "more than LZF can give")
        #expect(fault(28, [1, 2]) == .alternative)
        #expect(fault(28, [1, 0, 0, 4]) == .alternative)
        #expect(fault(7, [0x05, 6]) == .alternative)
        #expect(fault(31, [0, 0xC0, 1]) == .listpack)
        #expect(fault(31, [0, 2, 1, 2]) == .listpack)
        #expect(failure { $0.raw([254, 0x81, 1, 0, 0, 0, 0, 0, 0, 0]) } == .malformed(.number, offset: 19))
    }

    @Test("hashes that refer to a template which is not there, or is given twice, are refused")
    func templates() {
        #expect(failure { $0.record(32, "k", [9, 0]) } == .unknownHashTemplate(id: 9, offset: 13))
        let listpack = RDBBytes.build { $0.string(RDBBytes.listpack([.number(4), .number(1)])) }
        let offset = UInt64(12 + listpack.count)
        #expect(failure { $0.record(30, "k", listpack) } == .unknownHashTemplate(id: 4, offset: offset))
        let template: [UInt8] = [242, 1, 1, 1, 0x66]
        #expect(failure { $0.raw(template + template) } == .malformed(.alternative, offset: 19))
        #expect(failure { $0.raw([242, 1, 0]) } == .malformed(.alternative, offset: 12))
    }

    @Test("a checksum that does not match names both")
    func checksum() throws {
        let error = try #require(failure(RDBBytes.stream("REDIS0011", checksum: 0xABCD) { $0.record(0, "k", [0]) }))
        guard case .checksumMismatch(let stored, let computed, let offset) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(stored == 0xABCD)
        #expect(offset > 8)
        #expect(computed != stored)
        #expect(error.description.contains("abcd"))
    }

    @Test("a value on its own must end where its body ends")
    func trailingBytes() throws {
        let format = PayloadFormat(engine: .redis, rdbVersion: 10)
        let body: [UInt8] = [3, 1, 2, 3]
        #expect(try Skimming.body(body, type: 0, format: format) == body)
        #expect(throws: RDBError.malformed(.trailingBytes, offset: 4)) {
            _ = try Skimming().items(body + [0], mode: .value(format: format, type: 0))
        }
        #expect(throws: RDBError.truncated(offset: 3)) {
            _ = try Skimming().items(Array(body.dropLast()), mode: .value(format: format, type: 0))
        }
        #expect(throws: RDBError.unknownType(type: 30, format: redis15, offset: 0)) {
            _ = try Skimming().items(body, mode: .value(format: redis15, type: 30))
        }
    }

    @Test("a skimmer that is started over forgets the body before, also one that failed")
    func restart() throws {
        let format = PayloadFormat(engine: .redis, rdbVersion: 15)
        var skimmer = RDBSkimmer(mode: .value(format: format, type: 1))
        #expect(throws: RDBError.self) { _ = try Skimming(pieces: [3]).items([5, 1, 2, 0xC9], &skimmer) }
        for fixture in ValueFixture.all(in: format) {
            skimmer.restart(type: fixture.type)
            var (input, output) = (ByteBuffer(bytes: fixture.stored), ByteBuffer())
            #expect(try skimmer.next(&input, into: &output, outputLimit: 1 << 20) == .endRecord)
            #expect(Array(output.readableBytesView) == fixture.plain)
            #expect(skimmer.valueType?.name == fixture.name)
        }
    }
}
