import NIOCore
import RDB
import RESP
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Values written by the commands of their types, on real servers.
@Suite struct TypeCommandTests {
    private static func dialect(of binary: ServerBinary) -> TypeCommandDialect {
        TypeCommandDialect(
            knowsFieldDeadlines: binary.knows(.fieldDeadlines),
            knowsStreamCounters: binary.knows(.absoluteExpiry),
            knowsConsumerCreation: binary.knows(.consumerCreation)
        )
    }

    /// Sends what a writer wrote; no answer may be an error.
    private static func send(_ writer: inout TypeCommandWriter, to client: RedisClient) throws {
        let count = writer.commandCount
        try client.sendRaw(Array(writer.takeOutput().readableBytesView))
        for _ in 0..<count {
            if case .error(let text) = try client.readReply() { throw RedisClientError.serverError(text) }
        }
    }

    private static func write(_ value: RDBValue, key: [UInt8], _ binary: ServerBinary) throws -> TypeCommandWriter {
        let kind = try #require(value.elementKind)
        var writer = TypeCommandWriter(key: ByteBuffer(bytes: key), kind: kind, dialect: dialect(of: binary))
        value.forEachElement { writer.append($0) }
        writer.end()
        return writer
    }

    @Test(arguments: try await [ServerBinary.onPath()] + ServerMatrix.present())
    func `every value comes back by the commands of its type`(_ binary: ServerBinary) async throws {
        let source = try await RedisServer.start(.init(binary: binary))
        let target = try await RedisServer.start(.init(binary: binary))
        let seed = SeededGenerator.fromEnvironment("values by commands", fallback: 23).seed
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: 256)
        var expected = try PortableContents.read(source)
        for (place, entry) in expected.entries {
            let dump = try source.client(database: place.database).command("DUMP", RedisArgument(place.key)).bytes ?? []
            let payload = try DumpPayload.parse(ByteBuffer(bytes: dump))
            let format = PayloadFormat(engine: binary.isValkey ? .valkey : .redis, rdbVersion: payload.version)
            let value = try RDBValueDecoder.decode(payload.body, type: payload.type, format: format)
            guard entry.type != "vectorset" else {
                expected.entries[place] = nil
                continue
            }
            var writer = try Self.write(value, key: place.key, binary)
            #expect(writer.lostDeadlineCount == 0 && writer.oversizedElementCount == 0)
            try Self.send(&writer, to: target.client(database: place.database))
            expected.entries[place]?.deadline = -1
            expected.entries[place]?.dropUnclaimable()
        }
        let found = try PortableContents.read(target)
        #expect(found.differences(from: expected) == [], "seed \(seed)")
    }

    @Test func `commands are bounded in bytes and arguments, whatever the value`() async throws {
        let target = try await RedisServer.start()
        let dialect = Self.dialect(of: target.binary)
        let key = ByteBuffer(string: "key")
        var writer = TypeCommandWriter(key: key, kind: .hash, dialect: dialect)
        var largest = 0
        for index in 0..<3000 {
            let value = ByteBuffer(repeating: 0x76, count: index % 1000)
            writer.append(.field(ByteBuffer(string: "field:\(index)"), value: value, expiry: .never))
            largest = max(largest, writer.output.readableBytes)
            if writer.output.readableBytes > 0 {
                let client = try target.client()
                try client.sendRaw(Array(writer.takeOutput().readableBytesView))
                #expect(try client.readReply().integer ?? 0 <= Int64(TypeCommandWriter.commandArgumentLimit / 2))
            }
        }
        writer.end()
        try target.client().sendRaw(Array(writer.takeOutput().readableBytesView))
        #expect(largest <= TypeCommandWriter.commandByteLimit + 2 * 1100)
        #expect(writer.commandCount > 3000 * 500 / TypeCommandWriter.commandByteLimit)
        let client = try target.client()
        while try client.command("HLEN", "key") != .integer(3000) { await Task.yield() }
    }

    @Test func `a string in parts is put together`() async throws {
        let target = try await RedisServer.start()
        for (key, parts) in [("one", ["whole"]), ("many", ["a", "", "bc", "d"]), ("none", [""])] {
            var writer = TypeCommandWriter(
                key: ByteBuffer(string: key),
                kind: .string,
                dialect: Self.dialect(of: target.binary)
            )
            for part in parts { writer.append(.stringPart(ByteBuffer(string: part))) }
            writer.end()
            #expect(writer.commandCount == parts.count)
            try Self.send(&writer, to: target.client())
            #expect(try target.client().command("GET", RedisArgument(key)).text == parts.joined())
        }
    }

    @Test func `what the target cannot be told or take is counted`() {
        var dialect = TypeCommandDialect(
            knowsFieldDeadlines: false,
            knowsStreamCounters: true,
            knowsConsumerCreation: true,
            largestArgumentByteCount: 10
        )
        let key = ByteBuffer(string: "key")
        let (name, value) = (ByteBuffer(string: "field"), ByteBuffer(string: "value"))
        var writer = TypeCommandWriter(key: key, kind: .hash, dialect: dialect)
        writer.append(.field(name, value: value, expiry: .at(UnixMilliseconds(5))))
        writer.append(.field(name, value: ByteBuffer(string: "more than ten"), expiry: .never))
        writer.end()
        #expect(writer.lostDeadlineCount == 1)
        #expect(writer.oversizedElementCount == 1)
        #expect(writer.commandCount == 1)
        dialect.knowsFieldDeadlines = true
        writer = TypeCommandWriter(key: key, kind: .hash, dialect: dialect)
        writer.append(.field(name, value: value, expiry: .at(UnixMilliseconds(5))))
        writer.end()
        #expect(writer.lostDeadlineCount == 0)
        let words = String(buffer: writer.takeOutput()).split(whereSeparator: \.isNewline).filter { $0.first != "$" }
        #expect(words.joined(separator: " ").hasSuffix("*6 HPEXPIREAT key 5 FIELDS 1 field"))
    }
}

extension PortableContents.Entry {
    /// Takes out what XCLAIM does not do: pending entries that are not in the stream any more.
    mutating func dropUnclaimable() {
        guard var stream else { return }
        for (number, group) in stream.groups.enumerated() {
            let kept = group.pending.indices.filter { index in
                let id = group.pending[index].prefix { $0 != " " }
                return elements.contains { $0.hasPrefix("[\"\(id)\"") }
            }
            stream.groups[number].pending = kept.map { group.pending[$0] }
            stream.groups[number].deliveryTimes = group.deliveryTimes.map { times in kept.map { times[$0] } }
        }
        self.stream = stream
    }
}
