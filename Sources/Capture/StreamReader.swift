import ArchiveFormat
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel

/// Takes the records out of an RDB stream, from a node or a file, and notes what the stream says about itself.
///
///     feed bytes -> .needsInput: give more; .blockFull: flush the sink; .ended: all was read and the checksum is right
struct StreamReader: ~Copyable {
    enum Pause {
        case needsInput
        case blockFull
        case ended(RDBChecksum)
    }

    private var skimmer = RDBSkimmer(mode: .stream)
    private(set) var fields = StreamFields()
    var sink: RecordSink

    init(sink: consuming RecordSink) {
        self.sink = sink
    }

    /// How the payloads are to be read; known once a record has come.
    var format: PayloadFormat { fields.format(ofHeader: skimmer.format) }

    /// Bytes of the stream read so far.
    var offset: UInt64 { skimmer.offset }

    mutating func advance(_ input: inout ByteBuffer) throws -> Pause {
        while true {
            let event = try skimmer.next(
                &input,
                into: &sink.blocks.builder.buffer,
                outputLimit: sink.bodyLimit
            )
            switch event {
            case .beginRecord(let head): try sink.begin(head)
            case .endRecord:
                try sink.end(valueType: skimmer.valueTypeNumber, module: skimmer.moduleID)
                if sink.needsFlush { return .blockFull }
            case .needsInput: return .needsInput
            case .outputFull: return .blockFull
            case .auxiliary(let name, let value): fields.note(name: String(buffer: name), value: value)
            case .end(let checksum): return .ended(checksum)
            case .information(.slotImport): fields.hasSlotImport = true
            case .header, .selectDatabase, .information: break
            }
        }
    }

    /// The end of the input: throws unless the stream ended before.
    mutating func finish() throws(RDBError) {
        try skimmer.finish()
    }
}

/// The auxiliary fields of an RDB stream that a snapshot records.
struct StreamFields: Sendable {
    /// `redis-ver` or `valkey-ver`.
    var serverVersion: String?
    /// `valkey-ver` was there: a Valkey before 9.0 writes Redis' magic.
    var isValkey = false
    /// `ctime`, to the second: when the server began to write.
    var createdAt: UnixMilliseconds?
    /// `repl-stream-db`, `repl-id` and `repl-offset`.
    var replicationDatabase: Int?
    var replicationID: String?
    var replicationOffset: Int64?
    /// The server was taking slots over from another node.
    var hasSlotImport = false

    mutating func note(name: String, value: ByteBuffer) {
        let text = String(buffer: value)
        switch name {
        case "redis-ver": serverVersion = serverVersion ?? text
        case "valkey-ver":
            serverVersion = text
            isValkey = true
        case "ctime": createdAt = Int64(text).flatMap { $0 > 0 ? UnixMilliseconds($0 &* 1000) : nil }
        case "repl-stream-db": replicationDatabase = Int(text).flatMap { $0 >= 0 ? $0 : nil }
        case "repl-id": replicationID = text
        case "repl-offset": replicationOffset = Int64(text)
        default: break
        }
    }

    func format(ofHeader header: PayloadFormat) -> PayloadFormat {
        PayloadFormat(engine: isValkey ? .valkey : header.engine, rdbVersion: header.rdbVersion)
    }
}

extension StreamReader {
    /// Reads the whole stream; bytes behind its end stay in `input`.
    ///
    /// `next` takes the buffer that is used up, and gives the bytes after it.
    mutating func readAll(
        _ input: inout ByteBuffer,
        expectedKeyCount: UInt64?,
        _ progress: (CaptureProgress) -> Void,
        next: (_ used: consuming ByteBuffer) async throws -> ByteBuffer?
    ) async throws -> RDBChecksum {
        while true {
            switch try advance(&input) {
            case .needsInput:
                var used = ByteBuffer()
                swap(&used, &input)
                guard let bytes = try await next(consume used) else {
                    try finish()
                    throw RDBError.truncated(offset: offset)
                }
                input = bytes
            case .blockFull:
                try await sink.flush()
                progress(sink.progress(of: expectedKeyCount))
            case .ended(let checksum):
                try await sink.flushAll()
                return checksum
            }
        }
    }

    /// The counts under the names that users know.
    var statistics: SnapshotStatistics {
        let format = format
        return sink.statistics.statistics { type in
            RDBValueTypes.row(type: type, format: format)?.name ?? "type \(type)"
        }
    }
}
