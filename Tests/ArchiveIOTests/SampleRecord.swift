import ArchiveFormat
import ArchiveIO
import NIOCore
import SnapshotModel
import TestSupport

/// A record of a test archive, in a form that can be compared.
struct SampleRecord: Hashable, Sendable {
    var kind = RecordKind.key
    var database: UInt32 = 0
    var type: UInt8 = 0
    var expiry = Expiry.never
    var access = AccessData.none
    var key: [UInt8]
    var body: [UInt8]

    var head: RecordHead {
        RecordHead(
            kind: kind,
            database: database,
            type: type,
            expiry: expiry,
            access: access,
            key: ByteBuffer(bytes: key)
        )
    }

    /// `count` records of every kind, with empty and binary keys and bodies, no key twice.
    static func some(_ count: Int, using random: inout SeededGenerator, bodyByteCount: Int = 40) -> [Self] {
        (0..<count).map { number in
            var record = Self(key: Array("key:\(number):".utf8), body: [])
            switch Int.random(in: 0..<20, using: &random) {
            case 0: record.kind = .functionLibrary
            case 1: record.kind = .moduleAuxiliary
            default: record.key += random.bytes(Int.random(in: 0..<12, using: &random))
            }
            if record.kind != .key { record.key = [] }
            record.database = [0, 0, 0, 1, 15, .max].randomElement(using: &random) ?? 0
            record.type = UInt8.random(in: 0...30, using: &random)
            if record.kind == .key {
                let deadlines: [Int64] = [.min, -1, 0, 1_795_244_700_123, 253_402_300_799_999, .max]
                if random.chance(68) {
                    record.expiry = .at(UnixMilliseconds(deadlines.randomElement(using: &random) ?? 0))
                }
                record.access =
                    [.none, .idle(seconds: 0), .idle(seconds: .max), .frequency(255)].randomElement(using: &random)
                    ?? .none
            }
            let text = Array("the quick brown fox ".utf8)
            let size = Int.random(in: 0...bodyByteCount, using: &random)
            record.body = random.chance(50) ? random.bytes(size) : (0..<size).map { text[$0 % text.count] }
            return record
        }
    }
}

extension SnapshotStatistics {
    /// What a capture would count of these records, but for their encodings, which no reader of archives looks at.
    init(_ records: some Sequence<SampleRecord>) {
        self.init()
        encodings = nil
        for record in records {
            switch record.kind {
            case .functionLibrary: functionLibraryCount += 1
            case .moduleAuxiliary: moduleAuxiliaryCount += 1
            case .key:
                databases[Int(record.database), default: .init()].keyCount += 1
                if record.expiry != .never {
                    databases[Int(record.database), default: .init()].expiringKeyCount += 1
                }
            }
        }
    }
}

extension ArchiveReader {
    /// Every record that can be read whole and is not superseded, in the order of the archive.
    func sampleRecords(parallelism: Int = 2) async throws -> [SampleRecord] {
        try await withBlocks(parallelism: parallelism) { blocks in
            var collector = SampleCollector(chains: chains, superseded: superseded)
            while let block = try await blocks.next() { try collector.add(block) }
            return collector.records
        }
    }
}

/// Puts records together from blocks.
private struct SampleCollector {
    let chains: [UInt32: ValueChain]
    let superseded: SupersededRecords
    var records: [SampleRecord] = []
    private var open: SampleRecord?

    init(chains: [UInt32: ValueChain], superseded: SupersededRecords) {
        self.chains = chains
        self.superseded = superseded
    }

    mutating func add(_ block: DecodedBlock) throws {
        var cursor = block.records()
        while let layout = try cursor.next() {
            let body = Array(layout.body(in: block.bytes).readableBytesView)
            guard let chunk = layout.chunk else {
                guard !superseded.contains(RecordPlace(block: block.header.number, ordinal: layout.ordinal)) else {
                    continue
                }
                records.append(SampleRecord(layout, in: block, body: body))
                continue
            }
            if chunk.isFirst {
                open = chains[block.header.number].map { _ in SampleRecord(layout, in: block, body: []) }
            }
            open?.body += body
            if chunk.isLast, let record = open.take() { records.append(record) }
        }
    }
}

extension SampleRecord {
    fileprivate init(_ layout: RecordLayout, in block: DecodedBlock, body: [UInt8]) {
        self.init(
            kind: layout.kind,
            database: layout.database,
            type: layout.type,
            expiry: layout.expiry,
            access: layout.access,
            key: Array(layout.key(in: block.bytes).readableBytesView),
            body: body
        )
    }
}
