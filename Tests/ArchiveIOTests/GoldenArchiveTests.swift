import ArchiveFormat
import ArchiveIO
import ByteCoding
import Foundation
import NIOCore
import SnapshotModel
import TestSupport
import Testing

/// Row 14 of the fault tests: archives that an earlier program wrote are read for ever.
///
/// `REWARM_RECORD=1` writes the fixtures of the current version anew; those of older versions stay as they are.
@Suite("Golden archives")
struct GoldenArchiveTests {
    private static let directory = ProjectFile.root + "/Tests/ArchiveFormatTests/Fixtures/"
    private static let fixtures = [
        "archive_v1_none.rewarm", "archive_v1_zlib.rewarm", "archive_v1_zstd.rewarm",
    ]
    private static let expected = "archive_v1_records.txt"
    private static let isRecording = ProcessInfo.processInfo.environment["REWARM_RECORD"] == "1"

    private static func archive(_ fixture: String) async throws -> SampleArchive {
        var random = SeededGenerator(seed: 51)
        var records = SampleRecord.some(24, using: &random)
        for index in [2, 5] { records[index].kind = .key }
        records[7] = SampleRecord(key: Array("long".utf8), body: random.bytes(1100))
        let codec =
            fixture.contains("zlib") ? BlockCodec.zlib(level: 1) : fixture.contains("zstd") ? .zstd(level: 1) : .none
        return try await SampleArchive.make(records, codec: codec, targetByteCount: 300, superseded: [2, 5])
    }

    @Test("an archive of format version 1 is read as it was written", arguments: fixtures)
    func reads(_ fixture: String) async throws {
        if Self.isRecording {
            let archive = try await Self.archive(fixture)
            try Data(archive.bytes.readableBytesView).write(to: URL(filePath: Self.directory + fixture))
            let text = archive.records.map(\.line).joined()
            try Data(text.utf8).write(to: URL(filePath: Self.directory + Self.expected))
        }
        let bytes = ByteBuffer(bytes: try Data(contentsOf: URL(filePath: Self.directory + fixture)))
        let expected = String(
            decoding: try Data(contentsOf: URL(filePath: Self.directory + Self.expected)),
            as: UTF8.self
        )
        #expect(try await ArchiveVerifier().verify(MemoryObject(bytes)).problems == [])
        let reader = try await ArchiveReader.open(MemoryObject(bytes))
        #expect(try await reader.sampleRecords().map(\.line).joined() == expected)
        #expect(reader.header.description.snapshot.text == "20261121T070500Z-4f9c2a")
        #expect(reader.chains.count == 1)
        #expect(reader.superseded.count == 2)
    }

    @Test("what is written today has the same bytes")
    func writes() async throws {
        let fixture = "archive_v1_none.rewarm"
        let bytes = try Data(contentsOf: URL(filePath: Self.directory + fixture))
        #expect(Data(try await Self.archive(fixture).bytes.readableBytesView) == bytes)
    }

    @Test("a newer minor version and an unknown optional feature are read")
    func newerMinor() async throws {
        let bytes = try await Self.archive("none").bytes
        for (field, byte) in [
            (ArchiveHeader.Layout.minorVersion, 9), (ArchiveHeader.Layout.optionalFeatures + 7, 0x80),
        ] {
            let changed = try bytes.changingHeader(at: field, to: UInt8(byte))
            #expect(try await ArchiveVerifier().verify(MemoryObject(changed)).problems == [])
        }
    }

    @Test("a newer major version is refused by every way in")
    func newerMajor() async throws {
        let bytes = try await Self.archive("none").bytes.changingHeader(at: ArchiveHeader.Layout.majorVersion, to: 2)
        let refusal = ArchiveError.unsupportedVersion(found: 2, newest: 1)
        try await Self.expectRefused(bytes, refusal)
    }

    @Test("every unknown required feature is refused by every way in", arguments: 0..<64)
    func requiredFeatures(_ bit: Int) async throws {
        let field = ArchiveHeader.Layout.requiredFeatures + bit / 8
        let bytes = try await Self.archive("none").bytes.changingHeader(at: field, to: 1 << UInt8(bit % 8))
        try await Self.expectRefused(bytes, .unsupportedFeatures(bits: 1 << UInt64(bit)))
    }

    private static func expectRefused(_ bytes: ByteBuffer, _ refusal: ArchiveError) async throws {
        await #expect(throws: refusal) { try await ArchiveReader.open(MemoryObject(bytes)) }
        await #expect(throws: refusal) { try await ArchiveSalvage.open(MemoryObject(bytes)) }
        await #expect(throws: refusal) { try await ArchiveVerifier().verify(MemoryObject(bytes)) }
    }
}

extension SampleRecord {
    /// The record as a line of text.
    fileprivate var line: String {
        let deadline =
            switch expiry {
            case .never: "never"
            case .at(let instant): String(instant.rawValue)
            }
        let parts = [
            "\(kind)", "\(database)", "\(type)", deadline, "\(access)", Hexadecimal.encode(key),
            Hexadecimal.encode(body),
        ]
        return parts.joined(separator: " | ") + "\n"
    }
}

extension ByteBuffer {
    /// One byte of the header's preamble changed, its checksum and the archive's digest renewed.
    fileprivate func changingHeader(at offset: Int, to byte: UInt8) throws -> ByteBuffer {
        var copy = self
        copy.setInteger(byte, at: offset)
        let preamble = copy.getSlice(at: 0, length: ArchiveHeader.Layout.preambleChecksum) ?? ByteBuffer()
        copy.setInteger(
            try ForgedArchive.checksum(preamble),
            at: ArchiveHeader.Layout.preambleChecksum,
            endianness: .little
        )
        return try ForgedArchive.resealed(copy)
    }
}
