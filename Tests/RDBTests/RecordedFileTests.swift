import Foundation
import NIOCore
import RDB
import SnapshotModel
import TestSupport
import Testing

@Suite("Files that newer servers saved", .serialized)
struct RecordedFileTests {
    private func records(_ name: String) throws -> [String: SkimmedRecord] {
        let file = try #require(RecordedFile.all.first { $0.name == name })
        let records = try Skimming(pieces: [7]).records(try file.read()).filter { $0.kind == .key }
        return Dictionary(uniqueKeysWithValues: records.map { (String(decoding: $0.key, as: UTF8.self), $0) })
    }

    private static let formats: [String: PayloadFormat] = [
        "redis-7.2": .init(engine: .redis, rdbVersion: 11), "redis-7.4": .init(engine: .redis, rdbVersion: 12),
        "redis-8.6": .init(engine: .redis, rdbVersion: 13), "redis-8.6-cluster": .init(engine: .redis, rdbVersion: 13),
        "valkey-8.1": .init(engine: .valkey, rdbVersion: 11), "valkey-9.1": .init(engine: .valkey, rdbVersion: 80),
    ]

    @Test("are read whole, with the checksum right, and are small", arguments: RecordedFile.all)
    func whole(_ file: RecordedFile) async throws {
        if ProcessInfo.processInfo.environment["REWARM_RECORD_FIXTURES"] != nil { try await file.record() }
        let bytes = try file.read()
        #expect(bytes.count < 1000)
        let items = try Skimming().items(bytes)
        guard case .end(.verified) = items.last else {
            Issue.record("\(file): the end is \(String(describing: items.last))")
            return
        }
        let version = items.compactMap { item -> PayloadFormat? in
            if case .header(let format) = item { format } else { nil }
        }
        #expect(version.first?.rdbVersion == Self.formats[file.name]?.rdbVersion)
        let isOfValkey = items.contains { item in
            if case .auxiliary(name: "valkey-ver", _) = item { true } else { false }
        }
        #expect(isOfValkey == file.isValkey)
    }

    @Test(
        "hold hashes whose fields have the deadlines that they were given",
        arguments: ["redis-7.4", "redis-8.6", "valkey-9.1"]
    )
    func hashes(name: String) throws {
        let format = try #require(Self.formats[name])
        let records = try records(name)
        let types: [String: UInt8] =
            format.engine == .valkey
            ? ["small": 22, "large": 22, "persisted": 4] : ["small": 25, "large": 24, "persisted": 25]
        let deadline = RecordedFile.deadline
        let expected: [String: [String: Int64?]] = [
            "small": ["a": nil, "b": deadline + 5, "c": deadline], "large": ["long field": nil, "f": deadline + 7],
            "persisted": ["f": nil],
        ]
        for (key, fields) in expected {
            let record = try #require(records[key])
            #expect(record.type == types[key], "\(name), \(key)")
            let body = ByteBuffer(bytes: record.body)
            guard case .hash(let found) = try RDBValueDecoder.decode(body, type: record.type, format: format) else {
                Issue.record("\(name), \(key) is no hash")
                continue
            }
            let deadlines = found.map { field -> (String, Int64?) in
                let instant: Int64? = if case .at(let instant) = field.expiry { instant.rawValue } else { nil }
                return (String(buffer: field.field), instant)
            }
            #expect(Dictionary(uniqueKeysWithValues: deadlines) == fields, "\(name), \(key)")
        }
        #expect(records["persisted"]?.expiry == .at(UnixMilliseconds(deadline + 9)))
    }

    @Test("hold sets and streams in the forms of their versions")
    func collections() throws {
        for name in ["redis-7.2", "valkey-8.1", "valkey-9.1"] {
            let records = try records(name)
            #expect(records["set"]?.type == 20)
            let stream = try #require(records["stream"])
            #expect(stream.type == 21)
            let format = try #require(Self.formats[name])
            let value = try RDBValueDecoder.decode(ByteBuffer(bytes: stream.body), type: 21, format: format)
            guard case .stream(let decoded) = value else {
                Issue.record("\(name): no stream")
                continue
            }
            #expect(decoded.entries.map { "\($0.id)" } == ["1-1", "2-1"])
            #expect(decoded.groups.map { $0.pending.map { "\($0.id)" } } == [["1-1"]])
        }
        let newest = try records("redis-8.6")
        #expect(newest["stream"]?.type == 26)
        #expect(newest["stream"]?.typeName == "stream")
        #expect(newest["vectors"]?.type == 7)
        let vectors = ByteBuffer(bytes: try #require(newest["vectors"]).body)
        let format = PayloadFormat(engine: .redis, rdbVersion: 13)
        #expect(RDBValueTypes.userName(type: 7, body: vectors, format: format) == "module:vectorset")
    }

    @Test("of a node in a cluster tell the sizes of its slots, which are passed over")
    func slots() throws {
        let records = try records("redis-8.6-cluster")
        #expect(Set(records.keys) == ["a", "b"])
    }

    @Test("are refused at every truncation and never trap", arguments: RecordedFile.all)
    func truncations(_ file: RecordedFile) throws {
        let bytes = try file.read()
        for count in 0..<bytes.count {
            #expect(throws: RDBError.self) { try Skimming().items(Array(bytes[..<count])) }
        }
    }
}
