import ArchiveFormat
import ArchiveIO
import ByteCoding
import NIOCore
import RDB
import RESP
package import SnapshotModel
package import Transport

/// Measures how fast a target takes records of a snapshot, without storing one.
///
/// A RESTORE whose deadline lies in 1970 is checked and decoded like any other, answered with OK, and leaves nothing. What
/// is not in the figure: the room for keys in the target's tables, and whatever its memory's growth costs.
package struct LoadTrial: Sendable {
    /// So long is measured at most.
    private static let budget = Duration.milliseconds(100)
    private static let recordLimit = 4000
    private static let batchByteLimit = 256 << 10
    /// Larger records are left out: one of them would be the whole measurement.
    private static let largestRecordByteCount = 64 << 10
    /// From so many places of each archive.
    private static let blocksPerPart = 4

    private let manifest: Manifest
    private let parts: [RestorePart]
    private let key: String
    private let rdbVersion: Int

    /// `key` is a name whose slot the target has.
    package init(_ manifest: Manifest, parts: [RestorePart], key: String, rdbVersion: UInt16) {
        self.manifest = manifest
        self.parts = parts
        self.key = key
        self.rdbVersion = Int(rdbVersion)
    }

    /// nil if there is nothing to measure with, or the target refuses the records.
    package func run(_ connection: NodeConnection) async throws -> LoadRate? {
        var measured = LoadRate(recordCount: 0, byteCount: 0, duration: .zero)
        let end = ContinuousClock.now.advanced(by: Self.budget)
        for batch in try await batches() {
            let begin = ContinuousClock.now
            guard begin < end else { break }
            let replies = try await connection.pipeline(batch.bytes, replyCount: batch.recordCount)
            measured.duration += begin.duration(to: .now)
            measured.recordCount += UInt64(replies.count { $0.isOK })
            measured.byteCount += UInt64(batch.bytes.readableBytes)
            // What is refused costs the target less than what it takes.
            guard replies.allSatisfy(\.isOK) else { return nil }
        }
        return measured.recordCount > 0 ? measured : nil
    }

    private struct Batch {
        var bytes = ByteBuffer()
        var recordCount = 0
    }

    /// Records from several places of the archives, as commands.
    private func batches() async throws -> [Batch] {
        var batches: [Batch] = []
        var recordCount = 0
        for part in parts {
            let numbers = part.blockNumbers
            let step = max(1, numbers.count / Self.blocksPerPart)
            for index in stride(from: 0, to: numbers.count, by: step).prefix(Self.blocksPerPart) {
                guard recordCount < Self.recordLimit else { return batches }
                let places = min(Self.blocksPerPart, numbers.count)
                let limit = min(Self.recordLimit - recordCount, Self.recordLimit / places)
                let batch = try await self.batch(of: part.reader.block(numbers[index]), limit: limit)
                guard batch.recordCount > 0 else { continue }
                recordCount += batch.recordCount
                batches.append(batch)
            }
        }
        return batches
    }

    private func batch(of block: DecodedBlock, limit: Int) throws -> Batch {
        var batch = Batch()
        var cursor = block.records()
        while batch.recordCount < limit, batch.bytes.readableBytes < Self.batchByteLimit, let layout = try cursor.next()
        {
            guard layout.kind == .key, layout.chunk == nil, layout.bodyRange.count <= Self.largestRecordByteCount else {
                continue
            }
            var payload = ByteBuffer()
            layout.body(in: block.bytes).withUnsafeReadableBytes {
                DumpPayload.write(type: layout.type, body: $0, rdbVersion: rdbVersion, into: &payload)
            }
            batch.bytes.writeCommand("RESTORE", .text(key), 1, .bytes(payload), "ABSTTL")
            batch.recordCount += 1
        }
        return batch
    }
}
