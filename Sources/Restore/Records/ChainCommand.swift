import ArchiveFormat
import NIOCore
import RDB

/// The command around a value that is streamed: SET for a plain string where it can say all of the record, else RESTORE.
struct ChainCommand {
    /// What the first chunk decided.
    private enum Form {
        case undecided
        case set
        case restore(DumpPayloadWriter)
    }

    private let encoder: RecordEncoder
    private let record: RecordLayout
    private let deadline: Int64?
    private let rdbVersion: UInt16
    private var form = Form.undecided

    /// `record` is that of the first chunk, `deadline` is in Unix milliseconds, nil for none, and `rdbVersion` is what the
    /// payload is stamped with.
    init(_ encoder: RecordEncoder, _ record: RecordLayout, deadline: Int64?, rdbVersion: UInt16) {
        self.encoder = encoder
        self.rdbVersion = rdbVersion
        self.record = record
        self.deadline = deadline
    }

    /// What to send for the next chunk of the body; before the first one the start of the command.
    mutating func parts(of chunk: ByteBuffer, key: ByteBuffer, bodyByteCount: UInt64) -> [ByteBuffer] {
        switch form {
        case .undecided: return start(chunk, key, bodyByteCount)
        case .set: return [chunk]
        case .restore(var payload):
            chunk.withUnsafeReadableBytes { payload.account(for: $0) }
            form = .restore(payload)
            return [chunk]
        }
    }

    private mutating func start(_ chunk: ByteBuffer, _ key: ByteBuffer, _ bodyByteCount: UInt64) -> [ByteBuffer] {
        var start = ByteBuffer()
        let skipped = encoder.lengthToSkip(
            type: record.type,
            start: chunk,
            bodyByteCount: bodyByteCount,
            deadline: deadline,
            access: record.access
        )
        if let skipped {
            form = .set
            key.withUnsafeReadableBytes {
                encoder.writeSetStart(
                    key: $0,
                    stringByteCount: Int(bodyByteCount) - skipped,
                    deadline: deadline,
                    into: &start
                )
            }
            var rest = chunk
            rest.moveReaderIndex(forwardBy: skipped)
            return [start, rest]
        }
        var payload = key.withUnsafeReadableBytes {
            encoder.writeChainStart(
                key: $0,
                type: record.type,
                bodyByteCount: Int(bodyByteCount),
                deadline: deadline,
                access: record.access,
                into: &start
            )
        }
        chunk.withUnsafeReadableBytes { payload.account(for: $0) }
        form = .restore(payload)
        return [start, chunk]
    }

    /// What follows the last chunk.
    func end() -> ByteBuffer {
        var end = ByteBuffer()
        switch form {
        case .undecided: break
        case .set: encoder.writeSetEnd(deadline: deadline, into: &end)
        case .restore(let payload):
            encoder.writeChainEnd(payload, access: record.access, rdbVersion: rdbVersion, into: &end)
        }
        return end
    }
}
