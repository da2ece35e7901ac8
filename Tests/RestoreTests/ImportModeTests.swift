import Foundation
import Operations
import Restore
import SnapshotModel
import Synchronization
import TestSupport
import Testing

/// Valkey's import mode: on while a target is loaded, and off afterwards, whatever happened.
@Suite struct ImportModeTests {
    private static func servers() async throws -> [ServerBinary] {
        try await ServerMatrix.present().filter { $0.isValkey && $0.release >= .init(8, 1) }
    }

    private static func fixture() async throws -> ArchiveFixture {
        try await ArchiveFixture.make(
            (0..<2000).map { .string("key:\($0)", "value \($0)") },
            instant: UnixMilliseconds.now
        )
    }

    private static func mode(_ server: RedisServer) throws -> String? {
        try server.client().command("CONFIG", "GET", "import-mode").array?.last?.text
    }

    @Test(arguments: try await servers()) func `is on while keys are written, and off afterwards`(
        _ binary: ServerBinary
    ) async throws {
        let target = try await RedisServer.start(.init(binary: binary))
        let seen = Mutex<[String: Int]>([:])
        let report = try await RestoreHarness(try await Self.fixture()).run(
            target,
            { $0.keysPerSecond = 4000 },
            during: { _ in
                guard let mode = try? Self.mode(target), let client = try? target.client() else { return }
                let list = (try? client.command("CLIENT", "LIST").text) ?? ""
                let sources = list.split(separator: "\n").count { $0.contains(" flags=I") }
                seen.withLock { $0["\(mode) \(sources)", default: 0] += 1 }
            }
        )
        #expect(report.failure == nil, "\(String(describing: report.failure))")
        let expected = "yes \(RestorePlan.standardConnectionCount)"
        #expect(seen.withLock { $0.keys.sorted() } == [expected], "\(seen.withLock { $0 })")
        #expect(try Self.mode(target) == "no")
    }

    @Test(arguments: try await servers()) func `is turned off by a run that did not get through`(
        _ binary: ServerBinary
    ) async throws {
        let target = try await RedisServer.start(.init(lines: ["maxmemory 4mb"], binary: binary))
        let text = String(repeating: "x", count: 2000)
        let fixture = try await ArchiveFixture.make(
            (0..<4000).map { .string("key:\($0)", "\($0) " + text) },
            instant: UnixMilliseconds.now
        )
        let report = try await RestoreHarness(fixture).run(target) { $0.match = [GlobPattern("*")] }
        #expect(report.failure?.kind == .partial)
        #expect(try Self.mode(target) == "no")
    }

    @Test(arguments: try await servers()) func `is turned off by a run that was cancelled`(
        _ binary: ServerBinary
    ) async throws {
        let target = try await RedisServer.start(.init(binary: binary))
        let harness = RestoreHarness(try await Self.fixture())
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        let run = Task {
            try await harness.run(target, { $0.keysPerSecond = 100 }, during: { _ in beginning.yield() })
        }
        var moments = begun.makeAsyncIterator()
        await moments.next()
        #expect(try Self.mode(target) == "yes")
        run.cancel()
        _ = await run.result
        #expect(try Self.mode(target) == "no")
    }

    @Test(arguments: try await servers()) func `that a killed run left on is noticed and turned off`(
        _ binary: ServerBinary
    ) async throws {
        let target = try await RedisServer.start(.init(binary: binary))
        try target.client().command("CONFIG", "SET", "import-mode", "yes")
        let harness = RestoreHarness(try await Self.fixture())
        let report = try await harness.run(target)
        #expect(report.failure == nil)
        #expect(try Self.mode(target) == "no")
        #expect(report.result.notices.contains { $0.contains("interrupted") }, "\(report.result.notices)")
        #expect(harness.notices.contains { $0.text.contains("import mode") }, "\(harness.notices)")
    }

    @Test(arguments: try await servers()) func `that another client imports with stays on`(
        _ binary: ServerBinary
    ) async throws {
        let target = try await RedisServer.start(.init(binary: binary))
        let other = try target.client()
        try other.command("CONFIG", "SET", "import-mode", "yes")
        try other.command("CLIENT", "IMPORT-SOURCE", "ON")
        let report = try await RestoreHarness(try await Self.fixture()).run(target)
        #expect(report.failure == nil)
        #expect(try Self.mode(target) == "yes")
        #expect(report.result.notices.contains { $0.contains("another client") }, "\(report.result.notices)")
    }

    @Test(arguments: try await servers()) func `is not for a target that evicts`(_ binary: ServerBinary) async throws {
        let lines = ["maxmemory 200mb", "maxmemory-policy allkeys-lru"]
        let target = try await RedisServer.start(.init(lines: lines, binary: binary))
        let modes = Mutex<Set<String>>([])
        let report = try await RestoreHarness(try await Self.fixture()).run(
            target,
            during: { _ in if let mode = try? Self.mode(target) { _ = modes.withLock { $0.insert(mode) } } }
        )
        #expect(report.failure == nil)
        #expect(modes.withLock { $0 } == ["no"])
        try target.client().command("CONFIG", "SET", "import-mode", "yes")
        let again = try await RestoreHarness(try await Self.fixture()).run(target) { $0.existing = .replace }
        #expect(again.failure == nil && again.result.notices.count == 1)
        #expect(try Self.mode(target) == "no")
    }
}
