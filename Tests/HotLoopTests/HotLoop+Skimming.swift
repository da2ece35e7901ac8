import Capture
import NIOCore
import RDB
import SnapshotModel
import TestSupport

extension HotLoop {
    /// An RDB stream in pieces of a socket's size, as a replication gives it.
    static func skimStream(_ itemCount: Int) throws -> Run {
        var writer = RDBStreamWriter(RDBConversion(from: SampleRecord.format, to: SampleRecord.format))
        writer.select(0, size: nil)
        for record in SampleRecord.some(itemCount) {
            try record.withBytes { key, body in
                let access = record.head.access
                try writer.writeKey(key, type: record.head.type, body: body, deadline: record.deadline, access: access)
            }
        }
        writer.end()
        let pieces = writer.take().pieces()
        return { try skim(pieces, recordCount: itemCount) }
    }

    private static func skim(_ pieces: [ByteBuffer], recordCount: Int) throws {
        var skimmer = RDBSkimmer(mode: .stream)
        var output = ByteBuffer()
        output.reserveCapacity(1 << 20)
        var count = 0
        for piece in pieces {
            var input = piece
            reading: while true {
                switch try skimmer.next(&input, into: &output, outputLimit: 1 << 20) {
                case .endRecord: count += 1
                case .outputFull: output.clear()
                case .needsInput, .end: break reading
                default: break
                }
            }
        }
        try expect(count, of: recordCount, "the skimmer")
    }

    /// Answers of DUMP, checked and skimmed.
    static func skimPayloads(_ itemCount: Int) throws -> Run {
        let payloads = SampleRecord.some(itemCount).map { record in
            var payload = ByteBuffer()
            DumpPayload.write(type: record.head.type, body: record.body, rdbVersion: 10, into: &payload)
            return payload
        }
        return {
            var reader = DumpReader(expecting: SampleRecord.format, address: "test")
            var output = ByteBuffer()
            output.reserveCapacity(1 << 20)
            for payload in payloads {
                var (type, body) = try reader.open(payload)
                reader.begin(type: type)
                while !(try reader.skim(&body, into: &output, limit: 1 << 20)) { output.clear() }
                try reader.finish()
            }
        }
    }

    static func expect(_ count: Int, of expected: Int, _ who: String) throws {
        guard count == expected else { throw TestEnvironmentError.failed(who, "\(count) items of \(expected)") }
    }
}
