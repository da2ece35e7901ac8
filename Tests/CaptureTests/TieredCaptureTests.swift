import ArchiveFormat
import ArchiveIO
import Capture
import NIOCore
import ObjectStorage
import SnapshotModel
import TestSupport
import Testing
import Transport

/// Records in temperature tiers: whole blocks of one tier, every record where its place says.
struct TieredCaptureTests {
    /// A record that went into the sink.
    private struct Reading {
        var head: RecordHead
        var body: [UInt8]
    }

    private static let instant = UnixMilliseconds(1_700_000_000_000)
    private static let bounds = AccessTierBounds(
        basis: .frequency,
        weight: AccessWeight(),
        bounds: [200, 100, 50],
        sampledKeyCount: 9
    )

    /// Reads keys again and again, each time in another tier, with values that are cut, in the order in which SCAN might
    /// report them.
    private static func readings(_ generator: inout SeededGenerator) -> [Reading] {
        (0..<260).map { number in
            let access: AccessData =
                generator.chance(5) ? .none : .frequency(UInt8.random(in: 0...255, using: &generator))
            let isLarge = generator.chance(6)
            let byteCount = Int.random(in: isLarge ? 2_000_000...5_000_000 : 0...150_000, using: &generator)
            let head = RecordHead(
                database: UInt32.random(in: 0...1, using: &generator),
                type: 0,
                access: access,
                key: ByteBuffer(string: "key:\(Int.random(in: 0..<120, using: &generator))")
            )
            // Told apart by their numbers; cheap to compress.
            return Reading(head: head, body: Array(repeating: UInt8(truncatingIfNeeded: number), count: byteCount))
        }
    }

    private static func put(_ reading: Reading, into sink: inout RecordSink) async throws {
        try sink.begin(reading.head)
        var rest = reading.body[...]
        while !rest.isEmpty {
            let room = sink.bodyLimit - sink.blocks.builder.buffer.readableBytes
            if room <= 0 {
                try await sink.flush()
                continue
            }
            sink.blocks.builder.buffer.writeBytes(rest.prefix(room))
            rest = rest.dropFirst(room)
        }
        try sink.end()
        if sink.needsFlush { try await sink.flush() }
    }

    private static func description(tiers: AccessTierBounds?) -> ArchiveDescription {
        ArchiveDescription(
            snapshot: SnapshotID(instant: instant, random: 1),
            part: 0,
            source: SourceDescriptor(name: "test", engine: .redis, serverVersion: "7.0.15", address: "test"),
            method: .scan,
            format: PayloadFormat(engine: .redis, rdbVersion: 10),
            instant: instant,
            startedAt: instant,
            clocks: nil,
            consistency: Consistency(isPointInTime: true, from: instant, to: instant),
            codec: .zstd(level: 1),
            toolVersion: "test",
            accessTiers: tiers
        )
    }

    @Test(arguments: [nil, bounds])
    func `the last reading of every key is live, in a block of its tier, and whole`(
        tiers: AccessTierBounds?
    ) async throws {
        var generator = SeededGenerator.fromEnvironment("TieredCaptureTests", fallback: 0x7137)
        let readings = Self.readings(&generator)
        let directory = try TemporaryDirectory()
        let store = LocalObjectStore(root: directory.path, fileSystem: PosixFileSystem())
        let upload = try await store.beginUpload(ObjectKey("part-0.rewarm"))
        let statistics = try await withArchiveWriter(to: upload, codec: .zstd(level: 1)) { writer in
            try await writer.begin(Self.description(tiers: tiers))
            var sink = RecordSink(
                writer: writer,
                instant: Self.instant,
                tiers: tiers,
                duplicates: DuplicateResolver(spillingTo: .init(directory: directory.path))
            )
            for reading in readings { try await Self.put(reading, into: &sink) }
            try await sink.flushAll()
            let superseded = try sink.resolveDuplicates()
            let statistics = sink.statistics.statistics { "type \($0)" }
            // Everything is read back and checked here, the chains of cut values and the counts among it.
            _ = try await writer.finish(
                ArchiveEnding(statistics: statistics, superseded: SupersededRecords(superseded))
            )
            return statistics
        }
        try await upload.finish()

        var expected: [String: Reading] = [:]
        for reading in readings { expected[Self.name(reading.head.database, reading.head.key)] = reading }
        let reader = try await ArchiveReader.open(try await store.openReader(ObjectKey("part-0.rewarm")))
        let seed = generator.seed
        #expect(reader.header.optionalFeatures.contains(.temperatureTiers) == (tiers != nil))
        #expect(reader.superseded.count == readings.count - expected.count, "seed \(seed)")
        #expect(reader.chains.count > 5)
        try await Self.compare(reader, expected, tiers: tiers, seed: seed)
        let counts = Self.counts(expected, reader.index, tiers: tiers)
        #expect(statistics.accessTiers?.tiers.map(\.keyCount) == counts?.map(\.keyCount), "seed \(seed)")
        #expect(statistics.accessTiers?.tiers.map(\.bodyByteCount) == counts?.map(\.bodyByteCount), "seed \(seed)")
        #expect(statistics.accessTiers?.tiers.map(\.blockCount) == counts?.map(\.blockCount), "seed \(seed)")
        await reader.close()
    }

    private static func name(_ database: UInt32, _ key: ByteBuffer) -> String { "\(database)/\(String(buffer: key))" }

    /// Every live record of the archive against the model.
    private static func compare(
        _ reader: ArchiveReader,
        _ expected: [String: Reading],
        tiers: AccessTierBounds?,
        seed: UInt64
    ) async throws {
        var found: Set<String> = []
        for entry in reader.index.records {
            let block = try await reader.block(entry.header.number)
            var cursor = block.records()
            while let layout = try cursor.next() {
                let place = RecordPlace(block: entry.header.number, ordinal: layout.ordinal)
                guard !layout.isContinuation, !reader.superseded.contains(place) else { continue }
                let key = layout.key(in: block.bytes)
                let name = Self.name(layout.database, key)
                let reading = try #require(expected[name])
                #expect(found.insert(name).inserted, "\(name) is live twice, seed \(seed)")
                #expect(Int(entry.header.tier) == tiers?.tier(of: reading.head.access) ?? 0, "\(name), seed \(seed)")
                var body = Array(layout.body(in: block.bytes).readableBytesView)
                if layout.chunk != nil {
                    let chain = try #require(reader.chains[entry.header.number])
                    var chunks = reader.chunks(of: chain)
                    body = []
                    while let chunk = try await chunks.next() { body += Array(chunk.readableBytesView) }
                }
                #expect(body == reading.body, "\(name), seed \(seed)")
            }
        }
        #expect(found.count == expected.count, "seed \(seed)")
    }

    private static func counts(
        _ expected: [String: Reading],
        _ index: ArchiveIndex,
        tiers: AccessTierBounds?
    ) -> [AccessTiers.Tier]? {
        guard let tiers else { return nil }
        var counts = AccessTiers(bounds: tiers).tiers
        for reading in expected.values {
            let tier = tiers.tier(of: reading.head.access)
            counts[tier].keyCount += 1
            counts[tier].bodyByteCount += UInt64(reading.body.count)
        }
        for entry in index.records { counts[Int(entry.header.tier)].blockCount += 1 }
        return counts
    }

    @Test(arguments: [CaptureWay.diskless, .scan], [("allkeys-lfu", "FREQ"), ("allkeys-lru", "IDLETIME")])
    func `a source under such a policy gives tiers`(
        way: CaptureWay,
        kind: (policy: String, option: String)
    ) async throws {
        let server = try await RedisServer.start(.init(lines: ["maxmemory-policy \(kind.policy)", "lfu-decay-time 0"]))
        try Self.fill(server, option: kind.option)
        let directory = try TemporaryDirectory()
        let archive = try await CapturedArchive.take(way.open(server, spillingTo: directory), in: directory)
        let access = try #require(archive.result.statistics.accessTiers)
        #expect(access.tiers.count == 2 && archive.opening.accessTiers == access.bounds)
        #expect(access.tiers.map(\.keyCount) == [30, 570], "\(access)")
        #expect(access.bounds.sampledKeyCount == 600)
        #expect(access.tiers[0].weight > access.tiers[1].weight)
        #expect(archive.keys.count == 600)
    }

    @Test(arguments: [CaptureWay.diskless, .scan], ["noeviction", "allkeys-random"])
    func `a source without access data gives none`(way: CaptureWay, policy: String) async throws {
        let server = try await RedisServer.start(.init(lines: ["maxmemory-policy \(policy)"]))
        try server.client().command("SET", "a", "1")
        let directory = try TemporaryDirectory()
        let archive = try await CapturedArchive.take(way.open(server, spillingTo: directory), in: directory)
        #expect(archive.result.statistics.accessTiers == nil && archive.opening.accessTiers == nil)
    }

    @Test func `a user that may not ask for the last use gets one tier and a warning`() async throws {
        let rule = "backup on >secret ~* &* +@all -object -debug"
        let server = try await RedisServer.start(.init(lines: ["maxmemory-policy allkeys-lfu"], users: [rule]))
        try server.client().command("SET", "a", "1")
        let options = ConnectionOptions(url: try NodeURL(server.url(user: "backup")), password: Secret("secret"))
        let session = try await ReplicationCapture.open(options, transfer: .diskless)
        #expect(session.opening.accessTiers == nil)
        #expect(session.opening.warnings.contains { $0.contains("hot keys first") }, "\(session.opening.warnings)")
        await session.close()
    }

    @Test func `where RANDOMKEY is withheld SCAN gives the sample`() async throws {
        let lines = ["maxmemory-policy allkeys-lfu", "lfu-decay-time 0"]
        let server = try await RedisServer.start(.init(lines: lines, withheldCommands: ["RANDOMKEY"]))
        try Self.fill(server, option: "FREQ")
        let directory = try TemporaryDirectory()
        let archive = try await CapturedArchive.take(
            CaptureWay.scan.open(server, spillingTo: directory),
            in: directory
        )
        #expect(archive.result.statistics.accessTiers?.tiers.map(\.keyCount) == [30, 570])
    }

    /// 30 keys that are used much or of late, and 570 others.
    private static func fill(_ server: RedisServer, option: String) throws {
        let client = try server.client()
        try client.command("SET", "model", "value")
        let payload = try #require(try client.command("DUMP", "model").bytes)
        try client.command("DEL", "model")
        for index in 0..<600 {
            let isHot = index % 20 == 0
            let value: Int64 = option == "FREQ" ? (isHot ? 100 : 5) : (isHot ? 10 : 2_000_000)
            let words: [RedisArgument] = ["RESTORE", "key:\(index)", 0, RedisArgument(payload), RedisArgument(option)]
            try client.command(words + [RedisArgument(value)])
        }
    }
}
