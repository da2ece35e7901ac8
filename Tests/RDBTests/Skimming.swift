import NIOCore
import RDB
import SnapshotModel
import Testing

/// What came out of a skimmer, without where it stopped on the way.
enum SkimItem: Equatable {
    case header(PayloadFormat)
    case auxiliary(name: String, value: String)
    case database(UInt32)
    case record(SkimmedRecord)
    case information(RDBInformation)
    case end(RDBChecksum)
}

struct SkimmedRecord: Equatable {
    var kind: RecordKind
    var database: UInt32
    var type: UInt8
    var expiry: Expiry
    var access: AccessData
    var key: [UInt8]
    var body: [UInt8] = []
    /// `RDBSkimmer.valueTypeName` at the record's end.
    var typeName: String?
}

/// Drives a skimmer over bytes and checks on the way that it keeps its promises about input and output.
struct Skimming {
    /// Lengths of the pieces in which the input is handed over; the last one repeats.
    var pieces = [Int.max]
    var outputLimit = 1 << 20
    /// Called before each piece, and after the last.
    var observe: (inout RDBSkimmer, ByteBuffer) -> Void = { _, _ in }

    func items(_ bytes: [UInt8], mode: RDBSkimmer.Mode = .stream) throws -> [SkimItem] {
        var skimmer = RDBSkimmer(mode: mode)
        return try items(bytes, &skimmer)
    }

    func records(_ bytes: [UInt8]) throws -> [SkimmedRecord] {
        try items(bytes).compactMap { item in
            if case .record(let record) = item { record } else { nil }
        }
    }

    func items(_ bytes: [UInt8], _ skimmer: inout RDBSkimmer) throws -> [SkimItem] {
        var items: [SkimItem] = []
        var record: SkimmedRecord?
        var (input, output) = (ByteBuffer(), ByteBuffer())
        var (position, piece) = (0, 0)
        while true {
            let event = try skimmer.next(&input, into: &output, outputLimit: outputLimit)
            try #require(output.readableBytes <= outputLimit)
            switch event {
            case .needsInput:
                try #require(input.readableBytes == 0, "input is left over")
                try #require(skimmer.offset == UInt64(position))
                observe(&skimmer, output)
                guard position < bytes.count else {
                    try skimmer.finish()
                    return items
                }
                let count = min(pieces[min(piece, pieces.count - 1)], bytes.count - position)
                piece += 1
                // A fresh buffer each time, so that nothing may rely on the one before.
                input = ByteBuffer(bytes: bytes[position..<position + count])
                position += count
            case .outputFull:
                try #require(output.readableBytes == outputLimit, "the output is not full")
                record?.body += output.readableBytesView
                output.clear()
            case .beginRecord(let head):
                record = SkimmedRecord(
                    kind: head.kind,
                    database: head.database,
                    type: head.type,
                    expiry: head.expiry,
                    access: head.access,
                    key: Array(head.key.readableBytesView)
                )
            case .endRecord:
                record?.body += output.readableBytesView
                record?.typeName = skimmer.valueTypeName
                output.clear()
                if let record { items.append(.record(record)) }
                record = nil
            case .header(let format): items.append(.header(format))
            case .auxiliary(let name, let value):
                items.append(.auxiliary(name: String(buffer: name), value: String(buffer: value)))
            case .selectDatabase(let number): items.append(.database(number))
            case .information(let information): items.append(.information(information))
            case .end(let checksum):
                items.append(.end(checksum))
                try skimmer.finish()
                return items
            }
        }
    }

    /// All output of a run over one value.
    func body(of stored: [UInt8], mode: RDBSkimmer.Mode) throws -> [UInt8] {
        var skimmer = RDBSkimmer(mode: mode)
        var (input, output) = (ByteBuffer(), ByteBuffer())
        var body: [UInt8] = []
        var rest = stored[...]
        var piece = 0
        while true {
            let event = try skimmer.next(&input, into: &output, outputLimit: outputLimit)
            body += output.readableBytesView
            output.clear()
            switch event {
            case .needsInput:
                try #require(!rest.isEmpty)
                let count = pieces[min(piece, pieces.count - 1)]
                input = ByteBuffer(bytes: rest.prefix(count))
                rest = rest.dropFirst(count)
                piece += 1
            case .end: return body
            default: continue
            }
        }
    }

    /// The body of one DUMP payload, LZF unwrapped.
    static func body(_ stored: [UInt8], type: UInt8, format: PayloadFormat) throws -> [UInt8] {
        var skimmer = RDBSkimmer(mode: .value(format: format, type: type))
        var (input, output) = (ByteBuffer(bytes: stored), ByteBuffer())
        let event = try skimmer.next(&input, into: &output, outputLimit: 1 << 24)
        guard event == .endRecord else { throw RDBError.truncated(offset: skimmer.offset) }
        #expect(try skimmer.next(&input, into: &output, outputLimit: 1 << 24) == .end(checksum: .absent))
        try skimmer.finish()
        return Array(output.readableBytesView)
    }
}
