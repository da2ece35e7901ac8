import NIOCore
import RDB
import SnapshotModel

extension FuzzTarget {
    /// A stream: the same events and bodies however it is split.
    static let rdbStream = FuzzTarget(name: "rdb-stream") { bytes in
        try checkSkimming(bytes, .stream)
    }

    /// A value, after a byte for the engine and one for the type: skimmed in any pieces it is the same; unwrapped it
    /// decodes to what it was; deadlines that are put back as they were change nothing.
    static let rdbValue = FuzzTarget(name: "rdb-value") { bytes in
        guard bytes.count >= 2 else { return }
        let format =
            bytes[0] & 1 == 0
            ? PayloadFormat(engine: .redis, rdbVersion: 15) : PayloadFormat(engine: .valkey, rdbVersion: 81)
        let type = bytes[1]
        let stored = Array(bytes.dropFirst(2))
        let mode = RDBSkimmer.Mode.value(format: format, type: type)
        let unwrapped = try checkSkimming(stored, mode).body
        let value = try? RDBValueDecoder.decode(ByteBuffer(bytes: stored), type: type, format: format)
        guard let unwrapped, let value else { return }
        try checkDecoding(unwrapped, value, type, format)
        try checkDeadlines(unwrapped, value, type, format)
    }

    /// A DUMP payload: what is taken apart is put together again as it was.
    static let dumpPayload = FuzzTarget(name: "dump-payload") { bytes in
        let payload = ByteBuffer(bytes: bytes)
        if let parsed = try? DumpPayload.parse(payload) {
            // A checksum of zero says that there is none.
            let hasChecksum = bytes.suffix(8).contains { $0 != 0 }
            var again = ByteBuffer()
            DumpPayload.write(type: parsed.type, body: parsed.body, rdbVersion: parsed.version, into: &again)
            try FuzzFinding.unless(!hasChecksum || again == payload, "put together again it is another")
        }
        guard let type = bytes.first else { return }
        let body = ByteBuffer(bytes: bytes.dropFirst())
        let version = Int(bytes.last ?? 0)
        var written = ByteBuffer()
        DumpPayload.write(type: type, body: body, rdbVersion: version, into: &written)
        let expected = DumpPayload.Parsed(type: type, body: body, version: version)
        try FuzzFinding.unless(try DumpPayload.parse(written) == expected, "taken apart it is another")
    }

    @discardableResult
    private static func checkSkimming(_ bytes: [UInt8], _ mode: RDBSkimmer.Mode) throws -> SkimRun {
        let whole = try SkimRun([bytes[...]], mode: mode, outputLimit: 1 << 20)
        for (index, way) in Splits(bytes).ways.enumerated() {
            let limit = [9, 1 << 20, 31, 1, 100, 3, 2][index % 7]
            let split = try SkimRun(way, mode: mode, outputLimit: limit)
            if let difference = split.difference(from: whole) {
                throw FuzzFinding("split as \(way.map(\.count).prefix(5)), output of \(limit): \(difference)")
            }
        }
        return whole
    }

    private static func checkDecoding(
        _ unwrapped: ByteBuffer,
        _ value: RDBValue,
        _ type: UInt8,
        _ format: PayloadFormat
    ) throws {
        let again = try? RDBValueDecoder.decode(unwrapped, type: type, format: format)
        // By their text: a score may be not a number.
        try FuzzFinding.unless(
            again.map { "\($0)" } == "\(value)",
            "type \(type) unwrapped is \(again.map { "\($0)" } ?? "refused"), was \(value)"
        )
    }

    private static func checkDeadlines(
        _ body: ByteBuffer,
        _ value: RDBValue,
        _ type: UInt8,
        _ format: PayloadFormat
    ) throws {
        guard FieldDeadlines.areIn(type: type, format: format),
            let same = try? FieldDeadlines.rewrite(body: body, type: type, format: format, transform: { .at($0) })
        else { return }
        let twice = try FieldDeadlines.rewrite(body: same, type: type, format: format) { .at($0) }
        try FuzzFinding.unless(twice == same, "deadlines put back twice change the body of type \(type)")
        _ = try FieldDeadlines.earliest(body: same, type: type, format: format)
    }
}
