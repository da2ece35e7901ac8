import ArchiveFormat
import ArchiveIO
import NIOCore
import ObjectStorage
import SnapshotModel
import TestSupport
import Testing

@Suite("Writing archives")
struct ArchiveWriterTests {
    static let codecs = ["none", "zlib", "zlib:9", "zstd:1", "zstd:19"].compactMap { BlockCodec($0) }

    @Test("what is written is read again, in order, by every codec", arguments: codecs)
    func roundTrip(_ codec: BlockCodec) async throws {
        var random = SeededGenerator.fromEnvironment("round trip", fallback: 1)
        var records = SampleRecord.some(500, using: &random)
        records[100].body = random.bytes(10_000)
        records[101].body = random.bytes(1601)
        let archive = try await SampleArchive.make(records, codec: codec, parallelism: 3)
        #expect(archive.summary.recordCount == 500)
        #expect(archive.summary.storedByteCount == UInt64(archive.bytes.readableBytes))
        let reader = try await ArchiveReader.open(archive.reader)
        #expect(try await reader.sampleRecords() == records)
        #expect(reader.chains.values.map(\.totalByteCount).sorted() == [1601, 10_000])
        let closing = try #require(try await reader.closing())
        #expect(closing.statistics == SnapshotStatistics(records))
        #expect(closing.description == reader.header.description)
        let verification = try await ArchiveVerifier().verify(archive.reader, expecting: archive.part)
        #expect(verification.problems == [])
        #expect(verification.sha256 == archive.summary.sha256)
        #expect(verification.intactRecordCount == 500)
    }

    @Test("the bytes do not depend on how many cores compress")
    func isDeterministic() async throws {
        var random = SeededGenerator(seed: 2)
        let records = SampleRecord.some(300, using: &random)
        let one = try await SampleArchive.make(records, codec: .zlib(level: 1), parallelism: 1)
        let four = try await SampleArchive.make(records, codec: .zlib(level: 1), parallelism: 4)
        #expect(one.bytes == four.bytes)
    }

    @Test("an archive without records is whole")
    func empty() async throws {
        let archive = try await SampleArchive.make([])
        let verification = try await ArchiveVerifier().verify(archive.reader, expecting: archive.part)
        #expect(verification.problems == [])
        #expect(try await ArchiveReader.open(archive.reader).sampleRecords() == [])
    }

    @Test("superseded records are kept out of what is read")
    func superseded() async throws {
        var random = SeededGenerator(seed: 3)
        var records = SampleRecord.some(60, using: &random)
        for index in [3, 17, 59] { records[index].kind = .key }
        let archive = try await SampleArchive.make(records, superseded: [3, 17, 59])
        let reader = try await ArchiveReader.open(archive.reader)
        #expect(reader.superseded.count == 3)
        #expect(try await reader.sampleRecords() == archive.records)
        #expect(try await ArchiveVerifier().verify(archive.reader, expecting: archive.part).problems == [])
    }

    @Test("more filters, chains and superseded places than one block holds make several blocks")
    func manySections() async throws {
        let records = (0..<60_000).map { SampleRecord(key: Array("\($0)".utf8), body: []) }
        let archive = try await SampleArchive.make(records, targetByteCount: 4096, superseded: Set(0..<40_000))
        let reader = try await ArchiveReader.open(archive.reader)
        #expect(reader.superseded.count == 40_000)
        #expect(reader.index.others(of: .superseded).count == 2)
        let found = try await reader.lookup(database: 0, key: ByteBuffer(string: "59999"))
        #expect(found != nil)
        #expect(try await reader.lookup(database: 0, key: ByteBuffer(string: "17")) == nil)
        #expect(try await ArchiveVerifier().verify(archive.reader, expecting: archive.part).problems == [])
    }

    @Test("a byte that changes on its way to the disk is found before the archive counts as written")
    func readBackFindsDamage() async throws {
        var random = SeededGenerator(seed: 4)
        let records = SampleRecord.some(40, using: &random)
        let callCount = try await Self.write(records, to: MemoryObject()).appendCount
        for call in 0..<callCount {
            for isWriting in [true, false] {
                let damage: MemoryObject.Step = { bytes, number throws(ObjectStoreError) in
                    guard number == call else { return bytes }
                    var bytes = bytes
                    let last = bytes.writerIndex - 1
                    bytes.setInteger((bytes.getInteger(at: last, as: UInt8.self) ?? 0) ^ 0x10, at: last)
                    return bytes
                }
                let object =
                    isWriting ? MemoryObject(onAppend: damage) : MemoryObject(onReadBack: damage)
                await #expect(throws: (any Error).self, "call \(call)") { try await Self.write(records, to: object) }
            }
        }
    }

    @Test("a store that fails at any append or read-back ends the writing with its error")
    func storeFails() async throws {
        var random = SeededGenerator(seed: 5)
        let records = SampleRecord.some(200, using: &random)
        let callCount = try await Self.write(records, to: MemoryObject()).appendCount
        for call in 0..<callCount {
            let failure: MemoryObject.Step = { bytes, number throws(ObjectStoreError) in
                guard number == call else { return bytes }
                throw ObjectStoreError(.noSpace, "call \(number)")
            }
            for object in [MemoryObject(onAppend: failure), MemoryObject(onReadBack: failure)] {
                let error = await #expect(throws: ObjectStoreError.self) { try await Self.write(records, to: object) }
                #expect(error?.message == "call \(call)")
            }
        }
    }

    @Test("counts that do not fit what was written are an error")
    func wrongStatistics() async throws {
        var random = SeededGenerator(seed: 6)
        let records = SampleRecord.some(20, using: &random)
        await #expect(throws: ArchiveIOError.self) {
            try await Self.write(records, to: MemoryObject(), statistics: SnapshotStatistics(records.dropLast(5)))
        }
    }

    @Test("a body that throws, or ends without finish, ends everything")
    func bodyEndsEarly() async throws {
        struct Stop: Error {}
        await #expect(throws: Stop.self) {
            try await withArchiveWriter(to: MemoryObject()) { writer in
                try await writer.begin(try SampleArchive.description())
                throw Stop()
            }
        }
        await #expect(throws: ArchiveIOError.notFinished) {
            try await withArchiveWriter(to: MemoryObject()) { writer in
                try await writer.begin(try SampleArchive.description())
            }
        }
    }

    @Test("a cancelled writer that waits for its store ends")
    func cancellation() async throws {
        let gate = Gate()
        let object = MemoryObject(onAppend: { bytes, _ throws(ObjectStoreError) in
            await gate.arrive()
            return bytes
        })
        var random = SeededGenerator(seed: 7)
        let records = SampleRecord.some(2000, using: &random)
        let task = Task { try await Self.write(records, to: object) }
        await gate.waitForArrival()
        task.cancel()
        await gate.open()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("the writer waits when its store does, and only a bounded number of blocks is on the way")
    func backPressure() async throws {
        let gate = Gate()
        let object = MemoryObject(onAppend: { bytes, _ throws(ObjectStoreError) in
            await gate.arrive()
            return bytes
        })
        let appended = Counter()
        let task = Task {
            try await withArchiveWriter(to: object, codec: .zlib(level: 9), parallelism: 2) { writer in
                try await writer.begin(try SampleArchive.description())
                var records: [SampleRecord] = []
                for number in 0..<100 {
                    var builder = writer.makeBuilder(targetByteCount: 100)
                    let record = SampleRecord(key: Array("\(number)".utf8), body: [1])
                    try builder.begin(record.head)
                    builder.buffer.writeBytes(record.body)
                    builder.end()
                    try await writer.append(builder.take())
                    await appended.increment()
                    records.append(record)
                }
                return try await writer.finish(ArchiveEnding(statistics: SnapshotStatistics(records)))
            }
        }
        await gate.waitForArrival()
        // The store holds the header; nothing beyond the named bounds can have been taken. Yielding lets the writer run
        // as far as it can.
        for _ in 0..<1000 { await Task.yield() }
        #expect(await appended.value < 12)
        await gate.open()
        let summary = try await task.value
        #expect(summary.recordCount == 100)
        #expect(summary.waitedDuration > .zero)
        // Before the source has to wait, the level drops.
        #expect(summary.hurriedBlockCount > 0)
    }

    @Test("blocks are made in memory that is used again", arguments: Self.codecs)
    func memoryIsReused(_ codec: BlockCodec) async throws {
        var random = SeededGenerator(seed: 8)
        let records = SampleRecord.some(4000, using: &random)
        let allocationCount = try await withArchiveWriter(to: MemoryObject(), codec: .fixed(codec), parallelism: 2) {
            writer in
            try await writer.begin(try SampleArchive.description())
            try await SampleArchive.append(records, to: writer, targetByteCount: 1000)
            let ending = ArchiveEnding(statistics: SnapshotStatistics(records))
            #expect(try await writer.finish(ending).blockCount > 150)
            return writer.pool.allocationCount
        }
        // Of each kind of buffer as many as can be under way at once, those that wait to be compared among them; a few more
        // where one grew or was still held. Without reuse it would be several for each of the 150 blocks.
        #expect(allocationCount < 90)
    }

    @discardableResult
    private static func write(
        _ records: [SampleRecord],
        to object: MemoryObject,
        statistics: SnapshotStatistics? = nil
    ) async throws -> MemoryObject {
        _ = try await withArchiveWriter(to: object, codec: .zlib(level: 1), parallelism: 2) { writer in
            try await writer.begin(try SampleArchive.description())
            try await SampleArchive.append(records, to: writer, targetByteCount: 400)
            return try await writer.finish(ArchiveEnding(statistics: statistics ?? SnapshotStatistics(records)))
        }
        return object
    }
}

/// Holds whoever arrives until it is opened.
private actor Gate {
    private var isOpen = false
    private var hasArrived = false
    private var held: [CheckedContinuation<Void, Never>] = []
    private var watchers: [CheckedContinuation<Void, Never>] = []

    func arrive() async {
        hasArrived = true
        for watcher in watchers { watcher.resume() }
        watchers = []
        guard !isOpen else { return }
        await withCheckedContinuation { held.append($0) }
    }

    func waitForArrival() async {
        guard !hasArrived else { return }
        await withCheckedContinuation { watchers.append($0) }
    }

    func open() {
        isOpen = true
        for continuation in held { continuation.resume() }
        held = []
    }
}

private actor Counter {
    private(set) var value = 0

    func increment() {
        value += 1
    }
}
