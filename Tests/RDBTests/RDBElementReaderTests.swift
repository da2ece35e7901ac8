import NIOCore
import RDB
import SnapshotModel
import TestSupport
import Testing

/// The incremental reader against the decoder that sees the whole value.
@Suite("Elements of values") struct RDBElementReaderTests {
    /// Everything that a reader gives of a body cut at `cuts`, the parts of a string joined.
    private static func elements(
        _ body: [UInt8],
        type: UInt8,
        format: PayloadFormat,
        cuts: [Int]
    ) throws -> [String] {
        var reader = try #require(RDBElementReader(type: type, format: format))
        var texts: [String] = []
        var string: [UInt8]?
        func take(_ reader: inout RDBElementReader) throws {
            while let element = try reader.next() {
                if case .stringPart(let part) = element {
                    string = (string ?? []) + part.readableBytesView
                } else {
                    texts.append(text(element))
                }
            }
        }
        var start = 0
        for cut in cuts + [body.count] where cut > start {
            #expect(!reader.isFinished)
            reader.append(ByteBuffer(bytes: body[start..<cut]))
            start = cut
            try take(&reader)
        }
        reader.finish()
        try take(&reader)
        #expect(reader.isFinished)
        if let string { texts.append("string \(string)") }
        return texts
    }

    private static func decoded(_ body: [UInt8], type: UInt8, format: PayloadFormat) throws -> [String] {
        let value = try RDBValueDecoder.decode(ByteBuffer(bytes: body), type: type, format: format)
        var texts: [String] = []
        value.forEachElement { element in
            if case .stringPart(let bytes) = element {
                texts.append("string \(Array(bytes.readableBytesView))")
            } else {
                texts.append(text(element))
            }
        }
        return texts
    }

    private static func text(_ element: RDBElement) -> String { "\(element)" }

    private static func format(_ fixture: ValueFixture) -> PayloadFormat {
        PayloadFormat(engine: fixture.engine, rdbVersion: fixture.since)
    }

    private static let readable = ValueFixture.all.filter {
        RDBElementReader(type: $0.type, format: format($0)) != nil
    }

    @Test("are those of the decoder for every type that it decodes, cut at every byte")
    func everyCut() throws {
        #expect(Set(Self.readable.map(\.type)).count == 25)
        for fixture in Self.readable {
            for body in [fixture.stored, fixture.plain] {
                let format = Self.format(fixture)
                let expected = try Self.decoded(body, type: fixture.type, format: format)
                #expect(!expected.isEmpty)
                for cut in 0..<body.count {
                    let found = try Self.elements(body, type: fixture.type, format: format, cuts: [cut])
                    #expect(found == expected, "\(fixture.testDescription), cut at \(cut)")
                }
                let bytewise = try Self.elements(body, type: fixture.type, format: format, cuts: Array(1..<body.count))
                #expect(bytewise == expected, "\(fixture.testDescription), byte by byte")
            }
        }
    }

    @Test(
        "of a server's values are those of the decoder, cut anywhere",
        arguments: try await [ServerBinary.onPath()] + ServerMatrix.present().filter { $0.knows(.fieldDeadlines) }
    )
    func valuesOfServers(binary: ServerBinary) async throws {
        let server = try await RedisServer.start(.init(binary: binary))
        let seed: UInt64 = 12
        try KeyspaceGenerator.fill(server, seed: seed, keyCount: 300)
        let client = try server.client()
        var random = SeededGenerator(seed: seed)
        var types: Set<UInt8> = []
        for key in (try client.command("KEYS", "*").array ?? []).compactMap(\.bytes) {
            let dump = try #require(try client.command("DUMP", RedisArgument(key)).bytes)
            let format = PayloadFormat(
                engine: binary.isValkey ? .valkey : .redis,
                rdbVersion: Int(dump[dump.count - 10])
            )
            let body = Array(dump.dropFirst().dropLast(10))
            guard RDBElementReader(type: dump[0], format: format) != nil else { continue }
            types.insert(dump[0])
            let expected = try Self.decoded(body, type: dump[0], format: format)
            for _ in 0..<3 {
                let cuts = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                    Int.random(in: 0...body.count, using: &random)
                }
                let found = try Self.elements(body, type: dump[0], format: format, cuts: cuts.sorted())
                #expect(found == expected, "\(binary), seed \(seed), key \(key), type \(dump[0]), cuts \(cuts)")
            }
        }
        #expect(types.count >= 8, "\(types)")
    }

    @Test("are refused with an error when the body is cut off, has too much, or a byte of it is another")
    func refusesDamage() throws {
        let seed: UInt64 = 5
        var random = SeededGenerator(seed: seed)
        var refusedCount = 0
        for fixture in Self.readable {
            let format = Self.format(fixture)
            for end in 0..<fixture.plain.count {
                #expect(throws: RDBError.self, "\(fixture.testDescription) cut off at \(end)") {
                    try Self.drain(Array(fixture.plain[..<end]), fixture.type, format)
                }
            }
            #expect(throws: RDBError.self) { try Self.drain(fixture.plain + [0], fixture.type, format) }
            for _ in 0..<100 {
                var damaged = fixture.plain
                damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                do { try Self.drain(damaged, fixture.type, format) } catch { refusedCount += 1 }
            }
        }
        #expect(refusedCount > 300, "seed \(seed)")
    }

    private static func drain(_ body: [UInt8], _ type: UInt8, _ format: PayloadFormat) throws(RDBError) {
        guard var reader = RDBElementReader(type: type, format: format) else { return }
        reader.append(ByteBuffer(bytes: body))
        reader.finish()
        while try reader.next() != nil {}
    }

    @Test("are held one at a time: an element above the limit is refused before it is there")
    func largeElement() throws {
        let format = PayloadFormat(engine: .redis, rdbVersion: 10)
        var reader = try #require(RDBElementReader(type: 1, format: format))
        reader.append(ByteBuffer(bytes: RDBBytes.build { $0.length(1) } + [0x80, 0x7F, 0xFF, 0xFF, 0xFF]))
        let piece = ByteBuffer(repeating: 0x61, count: 1 << 20)
        var heldCount = 0
        #expect(throws: RDBError.tooLarge(what: .element, limit: RDBElementReader.elementByteLimit, offset: 1)) {
            while try reader.next() == nil {
                reader.append(piece)
                heldCount += 1
            }
        }
        #expect(heldCount == RDBElementReader.elementByteLimit >> 20)
    }

    @Test("of a string of any length are its pieces")
    func longString() throws {
        let format = PayloadFormat(engine: .redis, rdbVersion: 10)
        var reader = try #require(RDBElementReader(type: 0, format: format))
        let byteCount: UInt64 = 5 << 30
        reader.append(ByteBuffer(bytes: RDBBytes.build { $0.length(byteCount) }))
        let piece = ByteBuffer(repeating: 0x61, count: 1 << 26)
        var count: UInt64 = 0
        while true {
            while let element = try reader.next() {
                if case .stringPart(let part) = element { count += UInt64(part.readableBytes) }
            }
            if reader.isFinished { break }
            reader.append(piece)
        }
        #expect(count == byteCount)
    }
}
