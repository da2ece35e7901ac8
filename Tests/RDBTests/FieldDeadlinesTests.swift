import NIOCore
import RDB
import SnapshotModel
import Testing

@Suite("deadlines of hash fields")
struct FieldDeadlinesTests {
    /// The types that have them, with the format in which they are read.
    static let carriers: [(UInt8, PayloadFormat)] = [
        (22, SnapshotFormats.redis12), (23, SnapshotFormats.redis12), (24, SnapshotFormats.redis12),
        (25, SnapshotFormats.redis12), (22, SnapshotFormats.valkey80),
    ]
    private static let first: Int64 = 1_800_000_000_000

    private func body(_ type: UInt8, _ format: PayloadFormat) throws -> ByteBuffer {
        ByteBuffer(bytes: try #require(ValueFixture.of(type, format.engine)).plain)
    }

    private func rewrite(
        _ body: ByteBuffer,
        _ type: UInt8,
        _ format: PayloadFormat,
        _ transform: (UnixMilliseconds) -> Expiry
    ) throws -> ByteBuffer {
        let rewritten = try FieldDeadlines.rewrite(body: body, type: type, format: format, transform: transform)
        // Whatever comes out has to be a body of the type.
        #expect(try Skimming.body(Array(rewritten.readableBytesView), type: type, format: format).count > 0)
        return rewritten
    }

    @Test("the earliest is found, in the table and in the listpack", arguments: carriers)
    func earliest(type: UInt8, format: PayloadFormat) throws {
        let earliest = try FieldDeadlines.earliest(body: body(type, format), type: type, format: format)
        #expect(earliest == .at(UnixMilliseconds(Self.first)))
        #expect(FieldDeadlines.areIn(type: type, format: format))
    }

    @Test("the latest counts only where every field has a deadline")
    func latest() throws {
        func latest(_ bytes: RDBBytes, _ type: UInt8, _ format: PayloadFormat) throws -> Expiry {
            try FieldDeadlines.latest(body: ByteBuffer(bytes: bytes.bytes), type: type, format: format)
        }
        func relative(_ stored: [UInt8]) -> RDBBytes {
            var body = RDBBytes()
            body.littleEndian(Self.first)
            body.length(UInt64(stored.count))
            for offset in stored {
                body.byte(offset)
                body.string("field \(offset)")
                body.string("value")
            }
            return body
        }
        func absolute(_ deadlines: [Int64]) -> RDBBytes {
            var body = RDBBytes()
            body.length(UInt64(deadlines.count))
            for deadline in deadlines {
                body.string("field \(deadline)")
                body.string("value")
                body.littleEndian(deadline)
            }
            return body
        }
        let (redis, valkey) = (SnapshotFormats.redis12, SnapshotFormats.valkey80)
        #expect(try latest(relative([1, 9]), 24, redis) == .at(UnixMilliseconds(Self.first + 8)))
        #expect(try latest(relative([1, 0, 9]), 24, redis) == .never)
        let later = Expiry.at(UnixMilliseconds(Self.first + 5))
        #expect(try latest(absolute([Self.first + 5, Self.first]), 22, valkey) == later)
        #expect(try latest(absolute([Self.first, -1]), 22, valkey) == .never)
        for (type, format) in Self.carriers {
            let moved = try rewrite(body(type, format), type, format) { _ in .never }
            #expect(try FieldDeadlines.latest(body: moved, type: type, format: format) == .never)
        }
    }

    @Test("a transformation that keeps every deadline keeps every byte", arguments: carriers)
    func identity(type: UInt8, format: PayloadFormat) throws {
        let original = try body(type, format)
        #expect(try rewrite(original, type, format) { .at($0) } == original)
    }

    @Test("moving the deadlines there and back keeps every byte", arguments: carriers)
    func thereAndBack(type: UInt8, format: PayloadFormat) throws {
        let original = try body(type, format)
        let later = try rewrite(original, type, format) { .at($0.advanced(byMilliseconds: 86_400_000)) }
        #expect(later != original)
        let earliest = try FieldDeadlines.earliest(body: later, type: type, format: format)
        #expect(earliest == .at(UnixMilliseconds(Self.first + 86_400_000)))
        #expect(try rewrite(later, type, format) { .at($0.advanced(byMilliseconds: -86_400_000)) } == original)
    }

    @Test("never takes all of them away and keeps the fields", arguments: carriers)
    func never(type: UInt8, format: PayloadFormat) throws {
        let persisted = try rewrite(body(type, format), type, format) { _ in .never }
        #expect(try FieldDeadlines.earliest(body: persisted, type: type, format: format) == .never)
        var seen = 0
        _ = try rewrite(persisted, type, format) { deadline in
            seen += 1
            return .at(deadline)
        }
        #expect(seen == 0)
        for field in ["f", "v"] { #expect(String(buffer: persisted).contains(field)) }
    }

    @Test("a listpack is in the order of its new deadlines, those without one last")
    func order() throws {
        // f at first, h 5 s later, g without: f loses its deadline, h comes first.
        let rewritten = try rewrite(body(25, SnapshotFormats.redis12), 25, SnapshotFormats.redis12) { deadline in
            deadline.rawValue == Self.first ? .never : .at(deadline)
        }
        let expected = RDBBytes.build {
            $0.littleEndian(Self.first + 5000)
            $0.string(
                RDBBytes.listpack([
                    .text("h"), .number(9), .wide(Self.first + 5000), .text("f"), .text("v"), .number(0),
                    .text("g"), .text("w"), .number(0),
                ])
            )
        }
        #expect(Array(rewritten.readableBytesView) == expected)
    }

    @Test("relative deadlines follow a new earliest one")
    func relative() throws {
        let rewritten = try rewrite(body(24, SnapshotFormats.redis12), 24, SnapshotFormats.redis12) { deadline in
            // The earliest becomes the latest.
            deadline.rawValue == Self.first ? .at(UnixMilliseconds(Self.first + 9000)) : .at(deadline)
        }
        let expected = RDBBytes.build {
            $0.littleEndian(Self.first + 5000)
            $0.length(3)
            $0.length(4001)
            $0.string("f1")
            $0.string("v1")
            $0.length(0)
            $0.string("f2")
            $0.integer(Int8(2))
            $0.length(1)
            $0.string("f3")
            $0.string("v3")
        }
        #expect(Array(rewritten.readableBytesView) == expected)
    }

    @Test("deadlines out of the engine's range are brought into it", arguments: carriers)
    func range(type: UInt8, format: PayloadFormat) throws {
        let past = try rewrite(body(type, format), type, format) { _ in .at(UnixMilliseconds(-5)) }
        let earliest = try FieldDeadlines.earliest(body: past, type: type, format: format)
        #expect(earliest == .at(UnixMilliseconds(format.engine == .valkey ? 0 : 1)))
        let far = try rewrite(body(type, format), type, format) { _ in .at(UnixMilliseconds(.max)) }
        let latest = try FieldDeadlines.earliest(body: far, type: type, format: format)
        #expect(latest == .at(UnixMilliseconds(format.engine == .valkey ? .max : (1 << 48) - 1)))
    }

    @Test("behind metadata of the key they are found and rewritten, and the metadata stays")
    func metadata() throws {
        let metadata: [UInt8] = [1, 9, 9, 9, 9, 5, 1, 0x78, 0, 24]
        var body = ByteBuffer(bytes: metadata)
        body.writeImmutableBuffer(try self.body(24, SnapshotFormats.redis12))
        let format = SnapshotFormats.redis15
        #expect(FieldDeadlines.areIn(type: 243, format: format))
        #expect(
            try FieldDeadlines.earliest(body: body, type: 243, format: format) == .at(UnixMilliseconds(Self.first))
        )
        let later = try rewrite(body, 243, format) { .at($0.advanced(byMilliseconds: 7)) }
        #expect(Array(later.readableBytesView.prefix(metadata.count)) == metadata)
        #expect(
            try FieldDeadlines.earliest(body: later, type: 243, format: format) == .at(UnixMilliseconds(Self.first + 7))
        )
    }

    @Test("bodies of other types come back as they are")
    func others() throws {
        let hash = ByteBuffer(bytes: try #require(ValueFixture.of(4)).plain)
        let format = SnapshotFormats.redis12
        #expect(try FieldDeadlines.rewrite(body: hash, type: 4, format: format) { _ in .never } == hash)
        #expect(try FieldDeadlines.earliest(body: hash, type: 4, format: format) == .never)
        #expect(!FieldDeadlines.areIn(type: 24, format: .init(engine: .redis, rdbVersion: 11)))
        #expect(!FieldDeadlines.areIn(type: 24, format: SnapshotFormats.valkey80))
    }

    @Test("every truncation of a body is refused", arguments: carriers)
    func truncations(type: UInt8, format: PayloadFormat) throws {
        let whole = Array(try body(type, format).readableBytesView)
        for count in whole.indices {
            #expect(throws: RDBError.self, "\(count)") {
                let cut = ByteBuffer(bytes: whole.prefix(count))
                _ = try FieldDeadlines.rewrite(body: cut, type: type, format: format) { .at($0) }
            }
        }
        #expect(throws: RDBError.self) {
            _ = try FieldDeadlines.earliest(body: ByteBuffer(bytes: whole + [0]), type: type, format: format)
        }
    }
}
