import Foundation
import NIOCore
import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// Values that no single command can carry, on real servers with lowered limits.
@Suite(.serialized) struct LargeValueTests {
    private typealias Record = ArchiveFixture.Record

    private static func fixture(
        _ server: RedisServer,
        format: PayloadFormat = PayloadFormat(engine: .redis, rdbVersion: 10),
        _ isWanted: (Record) -> Bool = { _ in true }
    ) async throws -> ArchiveFixture {
        let records = try Record.all(of: server).filter(isWanted)
        let instant = try LargeValues.now(server)
        return try await ArchiveFixture.make(records, format: format, instant: instant, blockByteCount: 64 << 10)
    }

    /// A list of 8 MB, which takes a while to be built.
    private static func list(_ key: String = "list", expiry: Expiry = .never) -> Record {
        let item: [UInt8] = [0x43, 0xE8] + Array(repeating: 0x61, count: 1000)
        let body: [UInt8] = [0x80, 0, 0, 0x20, 0] + (0..<8192).flatMap { _ in item }
        return Record(type: 1, expiry: expiry, key: Array(key.utf8), body: body)
    }

    private static func fixture(_ records: [Record], instant: UnixMilliseconds = .now) async throws -> ArchiveFixture {
        try await ArchiveFixture.make(records, instant: instant, blockByteCount: 64 << 10)
    }

    @Test(arguments: [64 << 10, 1 << 20])
    func `every type comes back piece by piece, with its deadline`(blockByteCount: Int) async throws {
        let source = try await RedisServer.start()
        try LargeValues.fill(source)
        let records = try Record.all(of: source)
        let fixture = try await ArchiveFixture.make(
            records,
            instant: try LargeValues.now(source),
            blockByteCount: blockByteCount
        )
        let target = try await RedisServer.start(.init(lines: LargeValues.limits))
        let report = try await RestoreHarness(fixture).run(target)
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.counts == ["restored": 6])
        #expect(report.result.piecewiseKeyCount == 5)
        let differences = try PortableContents.read(target).differences(from: try PortableContents.read(source))
        #expect(differences == [])
    }

    @Test func `a string beyond the query buffer comes back, one beyond the longest string does not`() async throws {
        let target = try await RedisServer.start(
            .init(lines: ["proto-max-bulk-len 4mb", "client-query-buffer-limit 1mb"])
        )
        var random = SeededGenerator(seed: 4)
        let text = (0..<3_000_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        func body(_ bytes: [UInt8]) -> [UInt8] {
            [0x80] + withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
        }
        let records = [
            Record(expiry: .at(UnixMilliseconds(4_000_000_000_000)), key: Array("long".utf8), body: body(text)),
            Record(key: Array("too long".utf8), body: body(text + text)),
        ]
        let report = try await RestoreHarness(try await Self.fixture(records)).run(target)
        #expect(report.counts == ["restored": 1, "unsupported": 1], "\(report.summary)")
        #expect(report.accounting.reasons[.unsupported] == ["tooLarge:string": 1])
        let client = try target.client()
        #expect(try client.command("GET", "long").bytes == text)
        #expect(try client.command("PEXPIRETIME", "long").integer == 4_000_000_000_000)
        #expect(try client.command("DBSIZE").integer == 1)
    }

    @Test func `a key that the target has stays or is replaced, as asked for`() async throws {
        let target = try await RedisServer.start(.init(lines: LargeValues.limits))
        let client = try target.client()
        let fixture = try await Self.fixture([Self.list(expiry: .at(UnixMilliseconds(4_000_000_000_000)))])
        try client.command("SET", "list", "of a user")
        let skipped = try await RestoreHarness(fixture).run(target) { $0.existing = .skip }
        #expect(skipped.counts == ["existing": 1], "\(skipped.summary)")
        #expect(try client.command("GET", "list").text == "of a user")
        #expect(try LargeValues.temporaryKeys(target) == [])
        let replaced = try await RestoreHarness(fixture).run(target) { $0.existing = .replace }
        #expect(replaced.counts == ["restored": 1], "\(replaced.summary)")
        #expect(try client.command("LLEN", "list").integer == 8192)
        #expect(try client.command("PEXPIRETIME", "list").integer == 4_000_000_000_000)
        #expect(try LargeValues.temporaryKeys(target) == [])
    }

    @Test func `a key that a client makes meanwhile stays, and the temporary one goes`() async throws {
        let target = try await RedisServer.start(.init(lines: LargeValues.limits))
        let fixture = try await Self.fixture([Self.list()])
        let (report, hasSeen) = try await LargeValues.atFirstTemporaryKey(target) { client, name in
            #expect(try client.command("PTTL", RedisArgument(name)).integer ?? 0 > 86_000_000)
            try client.command("SET", "list", "of a user")
        } during: { url in
            try await RestoreHarness(fixture).run(url: url)
        }
        #expect(hasSeen)
        #expect(report.counts == ["existing": 1], "\(report.summary)")
        #expect(try target.client().command("GET", "list").text == "of a user")
        #expect(try LargeValues.temporaryKeys(target) == [])
    }

    @Test(arguments: [["UNLINK"], ["FLUSHALL"], ["RPUSH", "more"], ["PERSIST"]])
    func `a value whose temporary key somebody touches is not given its name`(command: [String]) async throws {
        let target = try await RedisServer.start(.init(lines: LargeValues.limits))
        let fixture = try await Self.fixture([Self.list()])
        let (report, hasSeen) = try await LargeValues.atFirstTemporaryKey(target) { client, name in
            let isOfKey = command[0] != "FLUSHALL"
            let rest = (isOfKey ? [name] : []) + command.dropFirst()
            try client.command(([command[0]] + rest).map { RedisArgument($0) })
        } during: { url in
            try await RestoreHarness(fixture).run(url: url)
        }
        #expect(hasSeen)
        #expect(report.counts == ["failed": 1], "\(report.summary)")
        #expect(report.accounting.reasons[.failed] == ["temporaryKeyLost": 1])
        #expect(try target.client().command("DBSIZE").integer == 0)
    }

    /// On a machine that is busy a short life may end before the value is begun: then a longer one is tried.
    @Test func `a deadline that passes while the value is built counts as expired`() async throws {
        let target = try await RedisServer.start(.init(lines: LargeValues.limits))
        var hasSeen = false
        for life: Int64 in [4000, 20_000, 60_000] where !hasSeen {
            let now = UnixMilliseconds.now
            let fixture = try await Self.fixture(
                [Self.list(expiry: .at(now.advanced(byMilliseconds: life)))],
                instant: now
            )
            let (report, isSeen) = try await LargeValues.atFirstTemporaryKey(target) { client, _ in
                try client.command("CLIENT", "PAUSE", RedisArgument(life + 200))
            } during: { url in
                try await RestoreHarness(fixture).run(url: url) { $0.deadlineMode = .remaining }
            }
            hasSeen = isSeen
            #expect(report.counts == ["expired": 1], "\(report.summary)")
            #expect(report.failure == nil)
        }
        #expect(hasSeen)
        #expect(try target.client().command("DBSIZE").integer == 0)
    }

    @Test(arguments: ["rpush", "renamenx", "watch", "setname"])
    func `a right that is missing for it costs the value, not the run`(command: String) async throws {
        let rule = command == "setname" ? "-client|setname" : "-" + command
        let target = try await RedisServer.start(
            .init(lines: LargeValues.limits, users: ["weak on >secret-of-weak ~* &* +@all \(rule)"])
        )
        let fixture = try await Self.fixture([Self.list(), .string("small", "value")])
        let report = try await RestoreHarness(fixture).run(url: target.url(user: "weak:secret-of-weak"))
        if command == "setname" {
            #expect(report.counts == ["restored": 2], "\(report.summary)")
        } else {
            #expect(report.counts == ["restored": 1, "failed": 1], "\(report.summary)")
            #expect(report.accounting.reasons[.failed] == ["notPermitted": 1])
        }
        #expect(try LargeValues.temporaryKeys(target) == [])
    }

    @Test func `without memory the value is given up, its temporary key goes, and the run ends`() async throws {
        let target = try await RedisServer.start(.init(lines: LargeValues.limits + ["maxmemory 5mb"]))
        let fixture = try await Self.fixture([.string("small", "value"), Self.list()])
        let report = try await RestoreHarness(fixture).run(target) { $0.match = [GlobPattern("*")] }
        #expect(report.counts == ["restored": 1, "failed": 1], "\(report.summary)")
        #expect(report.accounting.reasons[.failed] == ["outOfMemory": 1])
        #expect(try target.client().command("KEYS", "*").array?.compactMap(\.text) == ["small"])
    }

    @Test(arguments: [false, true])
    func `never half of a value whose later blocks are damaged`(salvage: Bool) async throws {
        let fixture = try await Self.fixture([.string("small", "value"), Self.list()])
        let file = URL(fileURLWithPath: fixture.archivePath)
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count / 2] ^= 0x10
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: fixture.archivePath)
        try bytes.write(to: file)
        let target = try await RedisServer.start(.init(lines: LargeValues.limits))
        let report = try await RestoreHarness(fixture).run(target) { $0.salvage = salvage }
        #expect(report.accounting.isBalanced, "\(report.summary)")
        if salvage { #expect(report.counts == ["restored": 1, "lostBlock": 1], "\(report.summary)") }
        #expect(report.failure?.kind == (salvage ? .partial : .integrity))
        #expect(try target.client().command("EXISTS", "list").integer == 0)
        #expect(try LargeValues.temporaryKeys(target) == [])
    }

    @Test(
        arguments: try await ServerMatrix.present().filter { $0.knows(.fieldDeadlines) },
        [DeadlineMode.deadline, .remaining, .persist]
    )
    func `deadlines of fields in a value over many blocks follow the mode`(
        binary: ServerBinary,
        mode: DeadlineMode
    ) async throws {
        let source = try await RedisServer.start(.init(binary: binary))
        let client = try source.client()
        try client.command("CONFIG", "SET", "rdbcompression", "no")
        let now = try LargeValues.now(source)
        let (near, far) = (now.rawValue + 3_000_000, now.rawValue + 5_000_000)
        for start in stride(from: 0, to: 9000, by: 100) {
            let names = (start..<start + 100).map { RedisArgument("field \($0)") }
            let deadline = RedisArgument(start % 300 == 0 ? near : far)
            try client.command(["HSET", "hash"] + names.flatMap { [$0, "value"] })
            if start % 200 == 0 { try client.command(["HPEXPIREAT", "hash", deadline, "FIELDS", "100"] + names) }
        }
        let dump = try client.command("DUMP", "hash").bytes ?? []
        let format = PayloadFormat(
            engine: binary.isValkey ? .valkey : .redis,
            rdbVersion: Int(dump[dump.count - 10])
        )
        // The snapshot is a thousand seconds old: what is left then begins again now.
        let age: Int64 = 1_000_000
        let fixture = try await ArchiveFixture.make(
            try Record.all(of: source),
            format: format,
            instant: now.advanced(byMilliseconds: -age),
            blockByteCount: 16 << 10
        )
        let target = try await RedisServer.start(.init(binary: binary))
        let report = try await RestoreHarness(fixture).run(target) { $0.deadlineMode = mode }
        #expect(report.failure == nil, "\(report.summary)")
        #expect(report.result.piecewiseKeyCount == (mode == .deadline ? 0 : 1))
        let (mine, theirs) = (try PortableContents.read(target), try PortableContents.read(source))
        let place = PortableContents.Place(database: 0, key: Array("hash".utf8))
        let (restored, original) = (try #require(mine.entries[place]), try #require(theirs.entries[place]))
        #expect(restored.elements == original.elements)
        let shifts = original.fieldDeadlines.map { field, deadline in
            (restored.fieldDeadlines[field] ?? -1) - deadline
        }
        switch mode {
        case .deadline: #expect(restored.fieldDeadlines == original.fieldDeadlines)
        case .persist: #expect(restored.fieldDeadlines == [:])
        case .remaining:
            #expect(shifts.count == 4500 && Set(shifts).count == 1, "\(Set(shifts))")
            #expect((age...age + 60_000).contains(shifts.first ?? 0), "\(shifts.first ?? 0)")
        }
    }

    @Test func `a node of a cluster takes values piece by piece in every slot`() async throws {
        let target = try await RedisServer.start(.init(lines: LargeValues.limits + ["cluster-enabled yes"]))
        let client = try target.client()
        try client.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        while try client.command("CLUSTER", "INFO").text?.contains("cluster_state:ok") != true { await Task.yield() }
        let keys = ["a", "{user}:1", "x{", "}{", "{}y", ""]
        let item: [UInt8] = [0x43, 0xE8] + Array(repeating: 0x61, count: 1000)
        let body: [UInt8] = [0x80, 0, 0, 0x06, 0] + (0..<1536).flatMap { _ in item }
        let records = keys.map { Record(type: 1, key: Array($0.utf8), body: body) }
        let report = try await RestoreHarness(try await Self.fixture(records)).run(target)
        #expect(report.counts == ["restored": 6], "\(report.summary)")
        for key in keys { #expect(try client.command("LLEN", RedisArgument(key)).integer == 1536) }
    }
}
