import NIOCore
import RDB
import SnapshotModel
import TestSupport
import Testing

/// Values in another form decode to the same, whatever wrote them.
@Suite struct PayloadRewriterTests {
    private static let now = UnixMilliseconds(1_700_000_000_000)

    /// A record's value, type and body, and the format it is of.
    private struct Original {
        var type: UInt8
        var body: ByteBuffer
        var format: PayloadFormat
    }

    /// What servers newer than Debian's saved, and what this one dumps.
    private static func originals() async throws -> [Original] {
        var originals: [Original] = []
        for file in RecordedFile.all {
            var format = PayloadFormat(engine: .redis, rdbVersion: 0)
            for item in try Skimming().items(try file.read()) {
                if case .header(let told) = item { format = told }
                guard case .record(let record) = item, record.kind == .key else { continue }
                originals.append(
                    Original(type: record.type, body: ByteBuffer(bytes: record.body), format: format)
                )
            }
        }
        let server = try await RedisServer.start()
        try KeyspaceGenerator.fill(server, seed: 31, keyCount: 200)
        for place in try KeyspaceContents.read(server).entries.keys {
            let dump = try server.client(database: place.database).command("DUMP", RedisArgument(place.key)).bytes
            let payload = try DumpPayload.parse(ByteBuffer(bytes: dump ?? []))
            let format = PayloadFormat(engine: .redis, rdbVersion: payload.version)
            originals.append(Original(type: payload.type, body: payload.body, format: format))
        }
        return originals
    }

    private static let targets = [
        PayloadFormat(engine: .redis, rdbVersion: 7), PayloadFormat(engine: .redis, rdbVersion: 9),
        PayloadFormat(engine: .redis, rdbVersion: 10), PayloadFormat(engine: .redis, rdbVersion: 11),
        PayloadFormat(engine: .redis, rdbVersion: 12), PayloadFormat(engine: .valkey, rdbVersion: 11),
        PayloadFormat(engine: .valkey, rdbVersion: 80),
    ]

    @Test func `every value that is rewritten decodes to what it was`() async throws {
        var forms: Set<PayloadForm> = []
        var refusals = 0
        for original in try await Self.originals() {
            let value = try RDBValueDecoder.decode(original.body, type: original.type, format: original.format)
            for target in Self.targets {
                guard case .rewrite(let form) = PayloadRoute(type: original.type, from: original.format, to: target)
                else { continue }
                let rewritten = try PayloadRewriter(original.format).rewrite(
                    original.body,
                    type: original.type,
                    as: form,
                    now: Self.now
                ) { .at($0) }
                guard let rewritten else {
                    refusals += 1
                    #expect(form == .plainHash)
                    var fields: [RDBValue.HashField] = []
                    if case .hash(let found) = value { fields = found }
                    #expect(fields.contains { $0.expiry != .never })
                    continue
                }
                forms.insert(form)
                #expect(PayloadRoute(type: rewritten.type, from: target, to: target) == .asIs(version: form.rdbVersion))
                let back = try RDBValueDecoder.decode(rewritten.body, type: rewritten.type, format: target)
                #expect(Self.comparable(back, form) == Self.comparable(value, form), "\(original.type) as \(form)")
            }
        }
        #expect(refusals > 0)
        #expect(forms == Set(PayloadForm.allCases), "not tried: \(Set(PayloadForm.allCases).subtracting(forms))")
    }

    /// What both forms can say.
    private static func comparable(_ value: RDBValue, _ form: PayloadForm) -> RDBValue {
        guard case .stream(var stream) = value else { return value }
        if form == .stream1 {
            (stream.firstID, stream.maximalDeletedID, stream.entriesAdded) = (nil, nil, nil)
            for index in stream.groups.indices { stream.groups[index].entriesRead = nil }
        }
        if form != .stream3 {
            for group in stream.groups.indices {
                for consumer in stream.groups[group].consumers.indices {
                    stream.groups[group].consumers[consumer].activeAtMilliseconds = nil
                }
            }
        }
        return .stream(stream)
    }

    // MARK: Fields with deadlines

    /// Field "a" for ever, "b" until 5, "c" until 9 above `now`: Redis' table.
    private static func table(_ deadlines: [Int64?]) -> ByteBuffer {
        var body = ByteBuffer()
        let earliest = deadlines.compactMap { $0 }.min() ?? 0
        body.writeInteger(earliest, endianness: .little)
        RDBLength.write(UInt64(deadlines.count), into: &body)
        for (index, deadline) in deadlines.enumerated() {
            RDBLength.write(deadline.map { UInt64($0 - earliest + 1) } ?? 0, into: &body)
            body.writeBytes([1, 0x61 + UInt8(index), 1, 0x76])
        }
        return body
    }

    private static func fields(_ payload: PayloadRewriter.Rewritten?, _ target: PayloadFormat) throws -> [String] {
        let payload = try #require(payload)
        let value = try RDBValueDecoder.decode(payload.body, type: payload.type, format: target)
        guard case .hash(let fields) = value else { return [] }
        return fields.map { field in
            if case .at(let deadline) = field.expiry {
                "\(String(buffer: field.field)) \(deadline.rawValue)"
            } else {
                String(buffer: field.field)
            }
        }
    }

    @Test func `a hash without deadlines left goes to a server that knows none`() throws {
        let source = PayloadFormat(engine: .redis, rdbVersion: 12)
        let old = PayloadFormat(engine: .redis, rdbVersion: 10)
        let rewriter = PayloadRewriter(source)
        let (past, future) = (Self.now.rawValue - 1, Self.now.rawValue + 1)
        func rewritten(
            _ deadlines: [Int64?],
            _ expiry: (UnixMilliseconds) -> Expiry = { .at($0) }
        ) throws
            -> PayloadRewriter.Rewritten?
        {
            try rewriter.rewrite(Self.table(deadlines), type: 24, as: .plainHash, now: Self.now, fieldExpiry: expiry)
        }
        #expect(try Self.fields(rewritten([nil, nil]), old) == ["a", "b"])
        #expect(try rewritten([nil, future]) == nil)
        #expect(try Self.fields(rewritten([nil, future]) { _ in .never }, old) == ["a", "b"])
        #expect(try Self.fields(rewritten([nil, past, nil]), old) == ["a", "c"])
    }

    @Test func `deadlines of fields go from Redis to Valkey and back`() throws {
        let redis = PayloadFormat(engine: .redis, rdbVersion: 12)
        let valkey = PayloadFormat(engine: .valkey, rdbVersion: 80)
        let deadlines = [nil, Self.now.rawValue + 5, Self.now.rawValue + 9]
        let there = try PayloadRewriter(redis).rewrite(
            Self.table(deadlines),
            type: 24,
            as: .valkeyFieldTable,
            now: Self.now
        ) { .at($0) }
        let expected = ["a", "b \(Self.now.rawValue + 5)", "c \(Self.now.rawValue + 9)"]
        #expect(try Self.fields(there, valkey) == expected)
        let back = try PayloadRewriter(valkey).rewrite(
            #require(there).body,
            type: 22,
            as: .redisFieldTable,
            now: Self.now
        ) { .at($0) }
        #expect(try Self.fields(back, redis) == expected)
        #expect(back?.body == Self.table(deadlines))
    }

    // MARK: Streams

    @Test func `what an older stream has no place for is told`() throws {
        func losses(_ type: UInt8, _ body: [UInt8], _ form: PayloadForm) throws -> PayloadLosses? {
            try PayloadRewriter(PayloadFormat(engine: .redis, rdbVersion: 14)).rewrite(
                ByteBuffer(bytes: body),
                type: type,
                as: form,
                now: Self.now
            ) { .at($0) }?.losses
        }
        // No nodes, length 0, last id 7-1, first id, greatest deleted id, entries added, groups.
        #expect(try losses(19, [0, 0, 7, 1, 0, 0, 0, 0, 0, 0], .stream1) == [])
        #expect(try losses(19, [0, 0, 7, 1, 0, 0, 0, 0, 1, 0], .stream1) == .streamCounters)
        #expect(try losses(19, [0, 0, 7, 1, 0, 0, 7, 1, 0, 0], .stream1) == .streamCounters)
        let consumer: [UInt8] = [1, 0x63] + [UInt8](repeating: 0, count: 16)
        let group: [UInt8] = [1, 0x67, 0, 0, 3]
        let head: [UInt8] = [0, 0, 7, 1, 0, 0, 0, 0, 0, 1]
        #expect(try losses(21, head + group + [0, 1] + consumer + [0], .stream2) == .consumerTimes)
        #expect(try losses(21, head + group + [0, 0], .stream1) == .streamCounters)
        let producers: [UInt8] = [1, 1, 1, 1, 0x70, 1, 1, 0x6D, 7, 1, 0, 0]
        #expect(try losses(26, head + group + [0, 0] + producers, .stream3) == .producers)
        #expect(try losses(26, head + group + [0, 0] + [1, 1, 0, 0, 0], .stream3) == [])
    }

    @Test func `a pending entry that nobody owns stays out, as a server would break of it`() throws {
        func id(_ number: UInt8) -> [UInt8] {
            [UInt8](repeating: 0, count: 7) + [number] + [UInt8](repeating: 0, count: 8)
        }
        let delivery = [UInt8](repeating: 0, count: 8) + [1]
        let head: [UInt8] = [0, 0, 7, 1, 0, 0, 0, 0, 0, 1, 1, 0x67, 0, 0, 3]
        let consumer: [UInt8] = [1, 0x63] + [UInt8](repeating: 0, count: 16) + [1] + id(1)
        let body = head + [2] + id(1) + delivery + id(2) + delivery + [1] + consumer + [1] + id(2) + [1, 1, 0, 0, 0]
        let format = PayloadFormat(engine: .redis, rdbVersion: 14)
        let rewritten = try PayloadRewriter(format).rewrite(
            ByteBuffer(bytes: body),
            type: 27,
            as: .stream3,
            now: Self.now
        ) { .at($0) }
        let payload = try #require(rewritten)
        #expect(payload.losses == .unownedEntries)
        let old = PayloadFormat(engine: .redis, rdbVersion: 11)
        var pending: [StreamValue.PendingEntry] = []
        if case .stream(let stream) = try RDBValueDecoder.decode(payload.body, type: 21, format: old) {
            pending = stream.groups[0].pending
        }
        #expect(pending.map(\.id.milliseconds) == [1])
    }

    @Test func `a body that is not as its type says is an error, at every length`() async throws {
        for original in try await Self.originals() where original.body.readableBytes < 3000 {
            guard
                case .rewrite(let form) = PayloadRoute(
                    type: original.type,
                    from: original.format,
                    to: PayloadFormat(engine: .redis, rdbVersion: 9)
                )
            else { continue }
            for length in stride(from: 0, to: original.body.readableBytes, by: 7) {
                let cut = try #require(original.body.getSlice(at: original.body.readerIndex, length: length))
                #expect(throws: RDBError.self) {
                    _ = try PayloadRewriter(original.format).rewrite(cut, type: original.type, as: form, now: Self.now)
                    {
                        .at($0)
                    }
                }
            }
        }
    }
}
