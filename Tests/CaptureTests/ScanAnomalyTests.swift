import Capture
import NIOCore
import ObjectStorage
import SnapshotModel
import TestSupport
import Testing
import Transport

/// What a scan may meet and real servers show rarely: each on demand, from a scripted server.
struct ScanAnomalyTests {
    private static func capture(_ source: ScriptedSource) async throws -> CapturedArchive {
        let server = try source.start()
        let directory = try TemporaryDirectory()
        let session = try await ScanCapture.open(
            ConnectionOptions(url: try NodeURL(server.url)),
            ScanOptions(scanCount: 10, batchKeyCount: 2),
            spillingTo: .init(directory: directory.path)
        )
        return try await CapturedArchive.take(session, in: directory)
    }

    private static func values(_ archive: CapturedArchive) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: archive.keys.map {
                (String(decoding: $0.key, as: UTF8.self), String(decoding: $0.body.dropFirst(), as: UTF8.self))
            }
        )
    }

    @Test("a key that SCAN reports several times is in the archive once, as it was read last")
    func duplicates() async throws {
        let archive = try await Self.capture(
            ScriptedSource(
                scans: [["a", "b", "a"], [], ["a", "c"], ["b"]],
                readings: [
                    "a": [.init(value: "a1"), .init(value: "a2", expiry: 5), .init(value: "a3", expiry: 9)],
                    "b": [.init(value: "b1", expiry: 7), .init(value: "b2")],
                    "c": [.init(value: "c1")],
                ]
            )
        )
        #expect(Self.values(archive) == ["a": "a3", "b": "b2", "c": "c1"])
        #expect(archive.result.consistency.duplicateKeyCount == 3)
        #expect(archive.result.superseded.count == 3)
        #expect(archive.result.statistics.keyCount == 3)
        #expect(archive.result.statistics.expiringKeyCount == 1)
        #expect(archive.result.statistics.types["string"]?.bodyByteCount == 9)
    }

    @Test("a key that is gone when it is read is counted and in no archive")
    func vanishedKeys() async throws {
        let archive = try await Self.capture(
            ScriptedSource(
                scans: [["a", "gone", "b"]],
                readings: ["a": [.init(value: "1")], "b": [.init(value: "2")]]
            )
        )
        #expect(Self.values(archive) == ["a": "1", "b": "2"])
        #expect(archive.result.consistency.vanishedKeyCount == 1)
        #expect(archive.result.consistency.rereadKeyCount == 0)
    }

    @Test("a value without a deadline, or a deadline without a value, is read again until both belong together")
    func inconsistentPairs() async throws {
        let archive = try await Self.capture(
            ScriptedSource(
                scans: [["a", "b", "c"]],
                readings: [
                    // -2 with a value: never stored without its deadline.
                    "a": [.init(value: "1", expiry: -2), .init(value: "1", expiry: -2), .init(value: "2", expiry: 77)],
                    // A deadline without a value, then gone.
                    "b": [.init(value: nil, expiry: 55), .init(value: nil, expiry: -2)],
                    "c": [.init(value: nil, expiry: -1), .init(value: "3", expiry: -1)],
                ]
            )
        )
        #expect(Self.values(archive) == ["a": "2", "c": "3"])
        #expect(archive.keys.first { $0.key == Array("a".utf8) }?.expiry == .at(UnixMilliseconds(77)))
        #expect(archive.result.consistency.rereadKeyCount == 4)
        #expect(archive.result.consistency.vanishedKeyCount == 1)
        #expect(archive.result.consistency.duplicateKeyCount == 0)
    }

    @Test("a pair that stays inconsistent ends the run as unstable")
    func neverConsistent() async throws {
        await #expect(
            performing: {
                _ = try await Self.capture(
                    ScriptedSource(scans: [["a"]], readings: ["a": [.init(value: "1", expiry: -2)]])
                )
            },
            throws: { ($0 as? CaptureError)?.code == .unstable }
        )
    }

    @Test(
        "before PEXPIRETIME the deadline is the server's own time plus what is left",
        arguments: [-1, 1_700_000_000_124, 1_800_000_000_000] as [Int64]
    )
    func remainingTime(expiry: Int64) async throws {
        let archive = try await Self.capture(
            ScriptedSource(
                scans: [["a"]],
                readings: ["a": [.init(value: "1", expiry: expiry)]],
                knowsPEXPIRETIME: false
            )
        )
        #expect(archive.keys.map(\.expiry) == [expiry < 0 ? .never : .at(UnixMilliseconds(expiry))])
    }

    @Test("a payload whose checksum is wrong ends the run as damaged")
    func damagedPayload() async throws {
        await #expect(
            performing: {
                _ = try await Self.capture(
                    ScriptedSource(
                        scans: [["a", "b"]],
                        readings: ["a": [.init(value: "1")], "b": [.init(value: "2", hasDamage: true)]]
                    )
                )
            },
            throws: { ($0 as? CaptureError)?.code == .damaged }
        )
    }

    @Test("payloads of two RDB versions end the run: another server answers there now")
    func changedVersion() async throws {
        await #expect(
            performing: {
                _ = try await Self.capture(
                    ScriptedSource(
                        scans: [["a", "b"]],
                        readings: ["a": [.init(value: "1")], "b": [.init(value: "2", rdbVersion: 9)]]
                    )
                )
            },
            throws: { ($0 as? CaptureError)?.code == .unstable }
        )
    }

    @Test("a connection that ends after any number of bytes is an error and leaves no object")
    func cutConnection() async throws {
        var source = ScriptedSource(
            scans: [["a", "b", "gone"], ["a"]],
            readings: ["a": [.init(value: "1")], "b": [.init(value: "22", expiry: 5)]]
        )
        var completed = false
        var cut = 0
        while !completed {
            source.cutAfter = cut
            let server = try source.start()
            let directory = try TemporaryDirectory()
            do {
                let session = try await ScanCapture.open(
                    ConnectionOptions(url: try NodeURL(server.url)),
                    spillingTo: .init(directory: directory.path)
                )
                _ = try await CapturedArchive.take(session, in: directory)
                completed = true
            } catch {
                #expect(error is TransportError, "cut after \(cut) bytes: \(error)")
                #expect(try PosixFileSystemNames.visible(in: directory.path) == [], "cut after \(cut) bytes")
            }
            cut += 7
        }
        #expect(cut > 300)
    }
}
