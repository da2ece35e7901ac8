import ArchiveFormat
import NIOCore
import RDB
import RESP
package import SnapshotModel
import Transport

/// The receiver of a snapshot: turns what a scan reads into records.
struct ScanRecorder: ScanReceiver, ~Copyable {
    var sink: RecordSink
    private(set) var dumps: DumpReader
    private(set) var warnings: [String] = []
    private let address: String
    private let expectedKeyCount: UInt64
    private let sample: AccessSample
    private let progress: @Sendable (CaptureProgress) -> Void
    private var database: UInt32 = 0
    private var largePayload: LargePayload?

    init(
        sink: consuming RecordSink,
        dumps: DumpReader,
        address: String,
        expectedKeyCount: UInt64,
        sample: AccessSample,
        progress: @escaping @Sendable (CaptureProgress) -> Void
    ) {
        self.sink = sink
        self.dumps = dumps
        self.address = address
        self.expectedKeyCount = expectedKeyCount
        self.sample = sample
        self.progress = progress
    }

    mutating func begin(database: UInt32) {
        self.database = database
    }

    mutating func vanished(_ key: ByteBuffer) {}

    mutating func take(_ reading: KeyReading, payload: ByteBuffer) async throws {
        if sink.hasTiers { sink.sampleAge = sample.age }
        var (type, body) = try CaptureError.damaged(address) { () throws in try dumps.open(payload) }
        try sink.begin(head(reading, type: type))
        dumps.begin(type: type)
        try await skim(&body)
        try await end()
    }

    mutating func begin(_ reading: KeyReading, payloadByteCount: Int) {
        if sink.hasTiers { sink.sampleAge = sample.age }
        largePayload = LargePayload(reading, byteCount: payloadByteCount)
    }

    mutating func take(piece: ByteBuffer, isLast: Bool) async throws {
        guard var large = largePayload.take() else { return }
        let isFirst = large.type == nil
        var body = large.take(piece)
        if let type = large.type {
            if isFirst {
                try sink.begin(head(large.reading, type: type))
                dumps.begin(type: type)
            }
            try await skim(&body)
        }
        guard isLast else {
            largePayload = large
            return
        }
        let version = try CaptureError.damaged(address) { () throws in try large.finish() }
        try await end()
        try dumps.confirm(version: version, ofLargeType: large.type)
    }

    private mutating func skim(_ body: inout ByteBuffer) async throws {
        while true {
            let isTaken = try CaptureError.damaged(address) { () throws in
                try dumps.skim(&body, into: &sink.blocks.builder.buffer, limit: sink.bodyLimit)
            }
            if isTaken { return }
            try await flush()
        }
    }

    private mutating func end() async throws {
        try CaptureError.damaged(address) { () throws in try dumps.finish() }
        try sink.end(valueType: dumps.valueType, module: dumps.moduleID)
        if sink.needsFlush { try await flush() }
    }

    private mutating func flush() async throws {
        try await sink.flush()
        progress(sink.progress(of: expectedKeyCount))
    }

    private func head(_ reading: KeyReading, type: UInt8) -> RecordHead {
        RecordHead(database: database, type: type, expiry: reading.expiry, access: reading.access, key: reading.key)
    }

    /// Adds the function libraries, where the server has functions.
    mutating func readFunctions(_ connection: NodeConnection) async throws {
        let reply = try await connection.reply(to: ["FUNCTION", "DUMP"])
        guard let payload = reply.bytes else {
            guard let error = reply.error, !error.isUnknownCommand else { return }
            warnings.append("\(address) did not let its functions be read, so they are missing: \(error.safeText)")
            return
        }
        for library in try FunctionPayload.bodies(of: payload) {
            try sink.begin(RecordHead(kind: .functionLibrary, database: 0, type: 0, key: ByteBuffer()))
            sink.blocks.builder.buffer.writeImmutableBuffer(library)
            try sink.end()
            if sink.needsFlush { try await sink.flush() }
        }
    }
}

extension KeyReading {
    /// Of a key that is there.
    package var expiry: Expiry { if case .at(let deadline) = deadline { .at(deadline) } else { .never } }
}

extension CaptureError {
    /// Names the node whose payload was damaged.
    package static func damaged<Value>(_ address: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as RDBError {
            throw CaptureError(.damaged, "\(address) sent a damaged payload: \(error)", cause: error)
        }
    }
}
