import ArchiveFormat
import Catalog
import Foundation
import SnapshotModel
import TestSupport
import Testing
import Transport

@testable import Operations

/// Drills of snapshots of Memcached: the scratch server, the comparison, and each kind of planted damage.
@Suite(.serialized)
struct MemcachedDrillTests {
    /// A snapshot of a server that was filled, and drills of it.
    private struct MemcachedDrillBench {
        let directory: TemporaryDirectory
        let snapshot: SnapshotID

        init(writesSentinel: Bool = false, _ fill: (MemcachedTestClient) throws -> Void) async throws {
            directory = try TemporaryDirectory()
            let source = try await MemcachedServer.start(.init(arguments: ["-m", "256", "-I", "8m"]))
            try fill(try source.client())
            let request = SnapshotRequest(
                connection: ConnectionOptions(url: try NodeURL(source.url)),
                sourceName: "cache",
                codec: .zstd(level: 1),
                policy: "cache",
                writesSentinel: writesSentinel
            )
            snapshot = try await SnapshotOperation(request).run(DrillBench.context(directory)).manifest.id
        }

        var context: OperationContext { DrillBench.context(directory) }

        var request: DrillRequest {
            var request = DrillRequest(.query(SnapshotQuery(snapshot.text)))
            request.availableMemory = { nil }
            return request
        }

        func drill(
            _ request: DrillRequest? = nil,
            damage: (@Sendable (MemcachedTestClient) throws -> Void)? = nil
        ) async throws -> DrillOutcome {
            try await DrillOperation(request ?? self.request).run(context) { connection in
                guard case .unixSocket(let path) = connection.url.endpoint else { return }
                try damage?(try MemcachedTestClient(unixSocket: path))
            }
        }
    }

    /// What is broken, how the drill calls it, of which key, and what the report says of it.
    private struct Damage: Sendable {
        let name: String
        let kind: DrillDifferenceKind
        let key: String
        var detail = ""
        /// Commands, each of which is answered by nothing.
        let commands: String
    }

    private static let damages: [Damage] = [
        .init(name: "an item lost", kind: .missing, key: "plain", commands: "md plain q\r\n"),
        .init(name: "an item added", kind: .extra, key: "intruder", commands: "ms intruder 1 q\r\nx\r\n"),
        .init(
            name: "an item added where another is lost",
            kind: .extra,
            key: "intruder",
            commands: "md plain q\r\nms intruder 1 q\r\nx\r\n"
        ),
        .init(
            name: "a byte of a value",
            kind: .value,
            key: "plain",
            detail: "1 byte of 11 changed, the first at 4",
            commands: "ms plain 11 F3 q\r\nhell0 world\r\n"
        ),
        .init(
            name: "a value cut",
            kind: .value,
            key: "plain",
            detail: "11 bytes became 0",
            commands: "ms plain 0 F3 q\r\n\r\n"
        ),
        .init(
            name: "client flags",
            kind: .flags,
            key: "plain",
            detail: "client flags 3 became 2",
            commands: "ms plain 11 F2 q\r\nhello world\r\n"
        ),
        .init(
            name: "a deadline dropped",
            kind: .deadline,
            key: "expiring",
            detail: "it has lost its deadline",
            commands: "mg expiring T0 q\r\n"
        ),
        .init(
            name: "a deadline added",
            kind: .deadline,
            key: "plain",
            detail: "it expires, and should not",
            commands: "mg plain T99999 q\r\n"
        ),
        .init(name: "a byte of an item in chunks", kind: .value, key: "large", commands: "ms large 3 q\r\nxyz\r\n"),
        .init(
            name: "the value of a binary key",
            kind: .value,
            key: "two words",
            commands: "ms dHdvIHdvcmRz 1 b q\r\nx\r\n"
        ),
    ]

    private static func fill(_ client: MemcachedTestClient) throws {
        let now = try client.time()
        var generator = MemcachedItems(seed: 0x44, now: now)
        try client.store((0..<2000).map { generator.ordinary($0) })
        try client.store([
            .init("plain", "hello world", clientFlags: 3), .init("expiring", "x", exptime: now + 6000),
            .init(key: Array("two words".utf8), isBinary: true, value: [1, 2]), .init("soon", "x", exptime: 2),
            .init(key: Array("large".utf8), value: [UInt8](repeating: 7, count: 3_000_000)),
        ])
    }

    @Test func `each kind of damage fails the drill and is named in the report`() async throws {
        let bench = try await MemcachedDrillBench(Self.fill)
        for damage in Self.damages {
            let outcome = try await bench.drill { client in
                try client.send(damage.commands + "mn\r\n")
                while try client.line() != "MN" {}
            }
            let reason = String(describing: outcome.record.reason)
            #expect(outcome.record.result == .difference, "\(damage.name): \(reason)")
            #expect(outcome.failure?.kind == .integrity, "\(damage.name)")
            let found = outcome.findings?.differences.filter {
                $0.kind == damage.kind && String(decoding: $0.key, as: UTF8.self) == damage.key
            }
            #expect(found?.count == 1, "\(damage.name): \(outcome.findings?.differences ?? [])")
            #expect(damage.detail.isEmpty || found?.first?.detail == damage.detail, "\(damage.name): \(found ?? [])")
            let report = try String(contentsOfFile: try #require(outcome.reportPath), encoding: .utf8)
            #expect(report.contains("\"kind\" : \"\(damage.kind.rawValue)\""), "\(damage.name)")
        }
        // Undamaged, the same snapshot passes, every deadline to the second.
        let outcome = try await bench.drill()
        #expect(outcome.record.result == .pass, "\(String(describing: outcome.record.reason))")
        #expect(outcome.record.engine == .memcached)
        #expect(outcome.record.largestDeadlineErrorMilliseconds == 0)
        #expect(outcome.record.comparedKeyCount >= 2004)
        // What is known beforehand is a note of the report and no warning: cron would mail it each night.
        #expect(outcome.warnings == [])
        #expect(outcome.findings?.notCompared.contains { $0.contains("CAS") } == true)
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: bench.directory.path)
        #expect(!leftovers.contains { $0.hasPrefix("rewarm-drill-") })
    }

    @Test func `a deadline that is off by two seconds is named`() async throws {
        let bench = try await MemcachedDrillBench { client in
            try client.store([.init("expiring", "x", exptime: try client.time() + 6000)])
        }
        for shift: Int64 in [-5, 2, 1, 0] {
            let outcome = try await bench.drill { client in
                let left = try #require(try client.read(Array("expiring".utf8), isBinary: false)?.remainingSeconds)
                // The absolute form, so that no tick of the clock in between changes it.
                let deadline = try client.time() + left + shift
                try client.store([.init("expiring", "x", exptime: deadline)])
            }
            let isNamed = outcome.findings?.counts == [.deadline: 1]
            #expect(isNamed == (shift.magnitude > 1), "\(shift): \(String(describing: outcome.record.reason))")
        }
    }

    @Test func `a sentinel is looked for in archive and node`() async throws {
        let bench = try await MemcachedDrillBench(writesSentinel: true) { try $0.store([.init("a", "1")]) }
        let manifest = try await bench.context.openRepositoryForReading().manifest(bench.snapshot)
        let sentinel = try #require(manifest.sentinel)
        let passed = try await bench.drill()
        #expect(passed.record.sentinel == .archiveAndNode)
        let lost = try await bench.drill { client in
            try client.send("md \(sentinel.key)\r\n")
            _ = try client.line()
        }
        #expect(lost.record.sentinel == .archiveOnly && lost.record.result == .difference)
    }

    @Test func `a sample is compared, and the number of all others`() async throws {
        let bench = try await MemcachedDrillBench(Self.fill)
        var request = bench.request
        request.sampleCount = 100
        let outcome = try await bench.drill(request)
        #expect(outcome.record.result == .pass, "\(String(describing: outcome.record.reason))")
        #expect(outcome.record.comparedKeyCount <= 100)
        let damaged = try await bench.drill(request) { client in
            try client.send("ms intruder 1 q\r\nx\r\nmn\r\n")
            while try client.line() != "MN" {}
        }
        #expect(damaged.findings?.counts == [.extra: 1])
    }

    @Test func `a node of one's own is drilled, too`() async throws {
        let bench = try await MemcachedDrillBench(Self.fill)
        let target = try await MemcachedServer.start(.init(arguments: ["-m", "256", "-I", "8m"]))
        var request = bench.request
        request.place = .target(ConnectionOptions(url: try NodeURL(target.url)), flush: false)
        let outcome = try await bench.drill(request)
        #expect(outcome.record.result == .pass, "\(String(describing: outcome.record.reason))")
        #expect(try target.client().stats()["curr_items"] == "\(outcome.record.restoredKeyCount)")
        let redis = try await RedisServer.start()
        request.place = .target(ConnectionOptions(url: try NodeURL(redis.url)), flush: false)
        await #expect {
            _ = try await bench.drill(request)
        } throws: { ($0 as? OperationError)?.kind == .usage }
    }

    @Test func `without the program the drill is inconclusive and says what to install`() async throws {
        let bench = try await MemcachedDrillBench { try $0.store([.init("a", "1")]) }
        var context = bench.context
        context.directories = DrillBench.directories(bench.directory, path: bench.directory.path)
        let outcome = try await DrillOperation(bench.request).run(context)
        #expect(outcome.record.result == .inconclusive)
        #expect(outcome.record.reason?.contains("memcached is not on the search path") == true)
    }

    @Test func `the programs tell what they are`() {
        #expect(ServerProgram.parse("memcached 1.6.18\n")?.engine == .memcached)
        #expect(ServerProgram.parse("memcached 1.6.18\n")?.version == "1.6.18")
        #expect(ServerProgram.parse("memcached") == nil)
        #expect(ServerProgram.parse("Redis server v=7.0.15 sha=0")?.engine == .redis)
    }
}
