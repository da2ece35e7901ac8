import ByteCoding
import Capture
import NIOCore
import ObjectStorage
import SnapshotModel
import TestSupport
import Testing

/// RDB files: whole, damaged, strange, and built byte by byte.
struct FileCaptureTests {
    /// An RDB file of strings in database 0; `keys` in the order of the file.
    private static func rdb(_ keys: [(String, String)], creation: Int64? = nil) -> [UInt8] {
        var bytes = Array("REDIS0010".utf8)
        func string(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
        if let creation { bytes += [0xFA] + string("ctime") + string("\(creation)") }
        if !keys.isEmpty { bytes += [0xFE, 0] }
        for (key, value) in keys { bytes += [0] + string(key) + string(value) }
        bytes.append(0xFF)
        let checksum = bytes.withUnsafeBytes { CRC64.of($0) }
        return bytes + (0..<8).map { UInt8(truncatingIfNeeded: checksum >> (8 * UInt64($0))) }
    }

    private static func capture(_ bytes: [UInt8], takenAt: UnixMilliseconds? = nil) async throws -> CapturedArchive {
        let directory = try TemporaryDirectory()
        let path = directory.path("dump.rdb")
        try RawFile.write(bytes, to: path)
        let session = try await FileCapture.open(
            path: path,
            takenAt: takenAt,
            now: UnixMilliseconds(42),
            spillingTo: .init(directory: directory.path)
        )
        return try await CapturedArchive.take(session, in: directory)
    }

    @Test("the instant is what the user says, else what the file says, else its last change with a warning")
    func instants() async throws {
        let dated = Self.rdb([("a", "1")], creation: 1_700_000_000)
        let told = try await Self.capture(dated, takenAt: UnixMilliseconds(99))
        #expect(told.opening.instant == UnixMilliseconds(99))
        let own = try await Self.capture(dated)
        #expect(own.opening.instant == UnixMilliseconds(1_700_000_000_000))
        #expect(own.opening.warnings.isEmpty)
        let undated = try await Self.capture(Self.rdb([("a", "1")]))
        #expect(undated.opening.instant > UnixMilliseconds(1_700_000_000_000))
        #expect(undated.opening.warnings.count == 1)
    }

    @Test("of a key that a file holds twice the last one counts, with a warning")
    func duplicates() async throws {
        let archive = try await Self.capture(
            Self.rdb([("a", "1"), ("b", "2"), ("a", "33")], creation: 1_700_000_000)
        )
        #expect(archive.keys.map { $0.body } == [[1, UInt8(ascii: "2")], [2, UInt8(ascii: "3"), UInt8(ascii: "3")]])
        #expect(archive.result.consistency.duplicateKeyCount == 1)
        #expect(archive.result.statistics.keyCount == 2)
        #expect(archive.result.warnings.contains { $0.contains("more than once") })
    }

    @Test("bytes after the end are ignored with a warning, as servers ignore them")
    func trailingBytes() async throws {
        let archive = try await Self.capture(Self.rdb([("a", "1")], creation: 1_700_000_000) + [1, 2, 3])
        #expect(archive.keys.count == 1)
        #expect(archive.result.warnings.contains { $0.contains("after its end") })
    }

    @Test("a file without a checksum is taken with a warning")
    func missingChecksum() async throws {
        let bytes = Self.rdb([("a", "1")], creation: 1_700_000_000).dropLast(8) + [UInt8](repeating: 0, count: 8)
        let archive = try await Self.capture(Array(bytes))
        #expect(archive.keys.count == 1)
        #expect(archive.result.warnings.contains { $0.contains("no checksum") })
    }

    @Test("a file cut at any length is damaged")
    func truncation() async throws {
        let bytes = Self.rdb([("a", "1"), ("key", "value")], creation: 1_700_000_000)
        for length in 0..<bytes.count {
            await #expect(
                performing: {
                    _ = try await Self.capture(Array(bytes[..<length]))
                },
                throws: { ($0 as? CaptureError)?.code == .damaged }
            )
        }
    }

    @Test("a file with any one bit flipped is damaged, or refused as something unknown")
    func bitFlips() async throws {
        let bytes = Self.rdb([("a", "1"), ("key", "value")], creation: 1_700_000_000)
        // From the version on; a flip in it may make a version that has no checksum, which is told as a warning.
        for index in 9..<bytes.count {
            var flipped = bytes
            flipped[index] ^= 1 << (index % 8)
            await #expect(
                performing: {
                    _ = try await Self.capture(flipped)
                },
                throws: { ($0 as? CaptureError)?.code == .damaged }
            )
        }
    }

    @Test("a directory, a missing file and a text are refused by name")
    func unreadable() async throws {
        let directory = try TemporaryDirectory()
        for path in [directory.path, directory.path("missing")] {
            await #expect(
                performing: {
                    _ = try await FileCapture.open(
                        path: path,
                        takenAt: nil,
                        now: UnixMilliseconds(0),
                        spillingTo: .init(directory: directory.path)
                    )
                },
                throws: { error in
                    (error as? CaptureError)?.code == .unreadable && "\(error)".contains(path)
                }
            )
        }
        await #expect(
            performing: {
                _ = try await Self.capture(Array("a text is no RDB file".utf8))
            },
            throws: { ($0 as? CaptureError)?.code == .damaged }
        )
    }
}
