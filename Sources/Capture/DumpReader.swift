import ArchiveFormat
import ByteCoding
package import NIOCore
package import RDB
package import SnapshotModel

/// Checks and skims the payloads that DUMP answers: type, body, two bytes of RDB version, CRC-64 over all before it.
///
/// All payloads of a scan have one version: a server that changes it under way is another server.
package struct DumpReader {
    private let address: String
    /// The version that the source is expected to write, until a footer tells.
    private let expectedFormat: PayloadFormat
    package private(set) var confirmedVersion: Int?
    private var skimmer: RDBSkimmer?

    package init(expecting format: PayloadFormat, address: String) {
        expectedFormat = format
        self.address = address
    }

    /// How the payloads are to be read; version 0 if there was none.
    package var format: PayloadFormat {
        PayloadFormat(engine: expectedFormat.engine, rdbVersion: confirmedVersion ?? 0)
    }

    /// The id of the module that the last value belongs to.
    var moduleID: RDBModuleID? { skimmer?.moduleID }
    /// The type of the last value, below metadata of its key.
    var valueType: UInt8? { skimmer?.valueTypeNumber }

    /// Checks a whole payload.
    package mutating func open(_ payload: ByteBuffer) throws -> (type: UInt8, body: ByteBuffer) {
        let parts = try DumpPayload.parse(payload)
        try confirm(version: parts.version)
        return (parts.type, parts.body)
    }

    /// Begins the body of a value; bytes go to `skim`.
    package mutating func begin(type: UInt8) {
        guard skimmer != nil else {
            let format = confirmedVersion == nil ? expectedFormat : format
            skimmer = RDBSkimmer(mode: .value(format: format, type: type))
            return
        }
        skimmer?.restart(type: type)
    }

    /// Moves body bytes to `output`, LZF strings unwrapped, until all of `input` is used; false if `output` has `limit`
    /// readable bytes and there is more.
    package mutating func skim(
        _ input: inout ByteBuffer,
        into output: inout ByteBuffer,
        limit: Int
    ) throws(RDBError) -> Bool {
        while true {
            let event = try skimmer?.next(&input, into: &output, outputLimit: limit)
            switch event {
            case .outputFull: return false
            case .needsInput, .end, nil: return true
            default: break
            }
        }
    }

    /// The end of the body: throws unless the value ended there.
    package mutating func finish() throws(RDBError) {
        try skimmer?.finish()
    }

    /// Notes the version in a footer.
    mutating func confirm(version: Int) throws(CaptureError) {
        guard let confirmedVersion else {
            self.confirmedVersion = version
            // What a guess has begun goes on; what follows is read as the footer says.
            if skimmer != nil, version != expectedFormat.rdbVersion { skimmer = nil }
            return
        }
        guard confirmedVersion == version else {
            throw CaptureError(
                .unstable,
                "\(address) wrote payloads of RDB version \(confirmedVersion) and then \(version): another server "
                    + "answers there now; take the snapshot again"
            )
        }
    }

    /// Notes the version in the footer of a value that was skimmed before its footer came.
    package mutating func confirm(version: Int, ofLargeType type: UInt8?) throws(CaptureError) {
        guard confirmedVersion != nil || type.map({ isSameLayout(type: $0, version: version) }) ?? true else {
            throw CaptureError(
                .unsupported,
                "\(address) writes payloads of RDB version \(version), which its version does not suggest"
            )
        }
        try confirm(version: version)
    }

    /// Whether a value that was skimmed before any version was known was read as `version` reads it.
    private func isSameLayout(type: UInt8, version: Int) -> Bool {
        let found = PayloadFormat(engine: expectedFormat.engine, rdbVersion: version)
        return RDBValueTypes.row(type: type, format: expectedFormat) == RDBValueTypes.row(type: type, format: found)
    }
}

/// A payload that arrives in pieces: its type, its body and its footer are told apart by their offsets.
package struct LargePayload: Sendable {
    package let reading: KeyReading
    package private(set) var type: UInt8?
    private let byteCount: Int
    /// Bytes before the footer that have not come yet.
    private var contentRemaining: Int
    private var checksum = CRC64()
    private var footer = ByteBuffer()

    package init(_ reading: KeyReading, byteCount: Int) {
        self.reading = reading
        self.byteCount = byteCount
        contentRemaining = byteCount - DumpPayload.footerByteCount
    }

    /// Takes a piece; returns the body's bytes in it.
    package mutating func take(_ piece: ByteBuffer) -> ByteBuffer {
        var piece = piece
        var content = piece.readSlice(length: min(contentRemaining, piece.readableBytes)) ?? ByteBuffer()
        contentRemaining -= content.readableBytes
        content.withUnsafeReadableBytes { checksum.update($0) }
        footer.writeBuffer(&piece)
        if type == nil { type = content.readInteger(as: UInt8.self) }
        return content
    }

    /// The RDB version of the footer; throws unless the checksum is right.
    package mutating func finish() throws(RDBError) -> Int {
        guard let version = footer.getInteger(at: footer.readerIndex, endianness: .little, as: UInt16.self),
            let stored = footer.getInteger(at: footer.readerIndex + 2, endianness: .little, as: UInt64.self)
        else { throw .payloadTooShort(byteCount: footer.readableBytes) }
        footer.withUnsafeReadableBytes { checksum.update(UnsafeRawBufferPointer(rebasing: $0[..<2])) }
        // A server may leave the checksum out.
        guard stored == 0 || stored == checksum.value else {
            throw .checksumMismatch(stored: stored, computed: checksum.value, offset: UInt64(byteCount))
        }
        return Int(version)
    }
}
