package import Capture
package import NIOCore
import ObjectStorage
package import RDB
import SnapshotModel

/// What a scan reads of a live node, as entries of a comparison.
///
/// In a walk they go to a side; keys that are read once more are kept one by one.
package struct NodeEntries: ScanReceiver, ~Copyable {
    /// What a second look at a key found; nil if it is gone.
    package typealias Looks = [ByteBuffer: ComparisonEntry?]

    package var scope: ValueFingerprinter.Scope
    /// Keys that passed the filter.
    package private(set) var keyCount: UInt64 = 0
    private var side: ComparisonSide?
    private var looks: Looks = [:]
    private var dumps: DumpReader
    private let address: String
    private let options: ComparisonOptions
    private let progress: @Sendable (UInt64) -> Void
    private var database: UInt32 = 0
    private var large: LargeValue?

    /// A large payload under way.
    private struct LargeValue {
        var payload: LargePayload
        var body: BodyFingerprinter?
        /// The first bytes, for the name of a module.
        var start = ByteBuffer()
    }

    /// The walk's entries go to `side`.
    package init(
        side: consuming ComparisonSide,
        dumps: DumpReader,
        address: String,
        options: ComparisonOptions,
        scope: ValueFingerprinter.Scope,
        progress: @escaping @Sendable (_ keyCount: UInt64) -> Void = { _ in }
    ) {
        self.side = consume side
        self.dumps = dumps
        self.address = address
        self.options = options
        self.scope = scope
        self.progress = progress
    }

    /// Ends the walk: gives the side away; from now on entries are kept for `takeLooks`.
    package mutating func takeSide() -> ComparisonSide? { side.take() }

    /// What was read since the last call.
    package mutating func takeLooks() -> Looks {
        defer { looks = [:] }
        return looks
    }

    package mutating func begin(database: UInt32) {
        self.database = database
    }

    package mutating func vanished(_ key: ByteBuffer) {
        if side == nil { looks[key] = .some(nil) }
    }

    package mutating func take(_ reading: KeyReading, payload: ByteBuffer) async throws {
        guard wants(reading) else { return }
        let (type, body) = try CaptureError.damaged(address) { () throws in try dumps.open(payload) }
        var entry = entry(reading, type: type, body: body)
        let (format, scope) = (dumps.format, scope)
        entry.take(
            try CaptureError.damaged(address) { () throws in
                try BodyFingerprinter.of(body: body, type: type, format: format, scope: scope)
            }
        )
        try add(entry)
    }

    package mutating func begin(_ reading: KeyReading, payloadByteCount: Int) {
        guard wants(reading) else { return }
        large = LargeValue(payload: LargePayload(reading, byteCount: payloadByteCount))
    }

    package mutating func take(piece: ByteBuffer, isLast: Bool) async throws {
        guard var value = large.take() else { return }
        let isFirst = value.payload.type == nil
        var body = value.payload.take(piece)
        if let type = value.payload.type {
            if isFirst {
                dumps.begin(type: type)
                value.start = body
                value.body = BodyFingerprinter(type: type, format: dumps.format, scope: scope)
            }
            try CaptureError.damaged(address) { () throws in try skim(&body, into: &value) }
        }
        guard isLast else {
            large = value
            return
        }
        let version = try CaptureError.damaged(address) { () throws in
            try dumps.finish()
            return try value.payload.finish()
        }
        guard let type = value.payload.type else { return }
        try dumps.confirm(version: version, ofLargeType: type)
        var entry = entry(value.payload.reading, type: type, body: value.start)
        entry.take(try CaptureError.damaged(address) { () throws in try value.body?.finish() })
        try add(entry)
    }

    private mutating func skim(_ body: inout ByteBuffer, into value: inout LargeValue) throws {
        // Unwrapping makes at most 264 bytes of three; pieces are some hundred KiB.
        var plain = ByteBuffer()
        while try !dumps.skim(&body, into: &plain, limit: 1 << 20) {
            try value.body?.append(plain)
            plain.clear()
        }
        try value.body?.append(plain)
    }

    private func wants(_ reading: KeyReading) -> Bool {
        side == nil || reading.key.withUnsafeReadableBytes { options.wants(key: $0) }
    }

    private func entry(_ reading: KeyReading, type: UInt8, body: ByteBuffer) -> ComparisonEntry {
        ComparisonEntry(
            database: database,
            key: reading.key,
            typeName: RDBValueTypes.userName(type: type, body: body, format: dumps.format) ?? "type \(type)",
            expiry: reading.expiry
        )
    }

    private mutating func add(_ entry: ComparisonEntry) throws {
        guard side != nil else {
            looks[entry.key] = .some(entry)
            return
        }
        try side?.append(entry)
        keyCount += 1
        if keyCount.isMultiple(of: 1024) { progress(keyCount) }
    }
}
