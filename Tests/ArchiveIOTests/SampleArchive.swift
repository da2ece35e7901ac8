import ArchiveFormat
import ArchiveIO
import NIOCore
import ObjectStorage
import SnapshotModel
import TestSupport

/// A small archive in memory and what it was made of.
struct SampleArchive: Sendable {
    var bytes: ByteBuffer
    var records: [SampleRecord]
    var summary: ArchiveSummary

    var part: PartDescriptor { summary.part(0) }
    var reader: MemoryObject { MemoryObject(bytes) }

    static let tag: UInt64 = 0x1122_3344_5566_7788

    static func description(
        codec: BlockCodec = .none,
        format: PayloadFormat = PayloadFormat(engine: .redis, rdbVersion: 10)
    ) throws -> ArchiveDescription {
        ArchiveDescription(
            snapshot: SnapshotID(instant: UnixMilliseconds(1_795_244_700_000), random: 0x4f9c2a),
            part: 0,
            source: SourceDescriptor(name: "cache", engine: .redis, serverVersion: "7.0.15", address: "127.0.0.1:6379"),
            method: .replication,
            format: format,
            instant: UnixMilliseconds(1_795_244_700_000),
            startedAt: UnixMilliseconds(1_795_244_700_000),
            clocks: nil,
            consistency: Consistency(
                isPointInTime: true,
                from: UnixMilliseconds(1_795_244_700_000),
                to: UnixMilliseconds(1_795_244_700_000)
            ),
            codec: codec,
            toolVersion: "0.1.0"
        )
    }

    /// Writes `records` in blocks of `targetByteCount` bytes; values beyond twice that become chains.
    static func make(
        _ records: [SampleRecord],
        codec: BlockCodec = .none,
        format: PayloadFormat = PayloadFormat(engine: .redis, rdbVersion: 10),
        targetByteCount: Int = 400,
        superseded: Set<Int> = [],
        parallelism: Int = 2,
        tag: UInt64 = Self.tag
    ) async throws -> Self {
        let object = MemoryObject()
        let summary = try await withArchiveWriter(
            to: object,
            codec: .fixed(codec),
            parallelism: parallelism,
            archiveTag: tag
        ) { writer in
            try await writer.begin(try description(codec: codec, format: format))
            let places = try await append(records, to: writer, targetByteCount: targetByteCount)
            let live = records.enumerated().filter { !superseded.contains($0.offset) }.map(\.element)
            return try await writer.finish(
                ArchiveEnding(
                    statistics: SnapshotStatistics(live),
                    format: format,
                    superseded: SupersededRecords(superseded.map { places[$0] })
                )
            )
        }
        let live = records.enumerated().filter { !superseded.contains($0.offset) }.map(\.element)
        return Self(bytes: object.bytes, records: live, summary: summary)
    }

    /// Appends records as a capture does: bodies in pieces, cut where the block's limit is reached.
    @discardableResult
    static func append(
        _ records: [SampleRecord],
        to writer: ArchiveWriter,
        targetByteCount: Int
    ) async throws -> [RecordPlace] {
        var builder = writer.makeBuilder(targetByteCount: targetByteCount)
        var places: [RecordPlace] = []
        for record in records {
            places.append(try builder.begin(record.head))
            var rest = record.body[...]
            while true {
                let room = builder.bodyLimit - builder.buffer.readableBytes
                builder.buffer.writeBytes(rest.prefix(room))
                rest = rest.dropFirst(room)
                guard !rest.isEmpty else { break }
                builder.cut()
                try await writer.append(builder.take())
            }
            builder.end()
            if builder.isFull { try await writer.append(builder.take()) }
        }
        try await writer.append(builder.take())
        return places
    }
}
