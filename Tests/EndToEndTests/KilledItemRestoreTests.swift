import Foundation
import TestSupport
import Testing

/// kill -9 at random moments of restores of a Memcached snapshot, each followed by `--resume` and a comparison of every
/// item by the test's own client.
@Suite(.serialized, .enabled(if: MemcachedServer.isInstalled))
struct KilledItemRestoreTests {
    /// Two hundred with REWARM_SOAK=1, a few otherwise.
    private static let killCount = TestExtent.count(bounded: 8, whole: 200)
    private static let itemCount = 5000

    /// What was snapshotted, and the clock of its server when it was stored.
    private struct Source {
        let items: [MemcachedItems.Item]
        let storedAt: ClosedRange<Int64>
        let scenario: Scenario
        let id: String
    }

    private static func source(_ seed: UInt64) async throws -> Source {
        let server = try await MemcachedServer.start(.init(arguments: ["-m", "256"]))
        let client = try server.client()
        let before = try client.time()
        var generator = MemcachedItems(seed: seed, now: before)
        let items = generator.special(largestValue: 950_000) + (0..<itemCount).map { generator.ordinary($0) }
        try client.store(items)
        let storedAt = before...(try client.time())
        let scenario = try Scenario(inMemory: true)
        let taken = try await scenario.run("snapshot", ["--source", server.url, "--create", "--json"])
        try #require(taken.exitCode == 0, "\(taken)")
        let id = try #require(taken.summary["snapshot"].text)
        return Source(items: items, storedAt: storedAt, scenario: scenario, id: id)
    }

    private static func words(_ source: Source, _ target: String, _ options: [String]) -> [String] {
        ["restore", source.id, "--target", target, "--json"] + options
            + ["--repository", source.scenario.rewarm.repository]
    }

    private static func journals(_ source: Source) -> [String] {
        let path = source.scenario.rewarm.directory.path("state/rewarm/restores")
        return (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    /// Kills one restore and continues it; true if it was killed before its end.
    private static func kill(
        _ source: Source,
        _ target: String,
        _ options: [String],
        _ kill: inout RandomKill,
        _ random: inout SeededGenerator,
        _ comment: String
    ) async throws -> Bool {
        let process = try source.scenario.rewarm.start(words(source, target, options))
        let result = await kill.wait(for: process, &random)
        guard result.termination == .signalled(SIGKILL) else {
            #expect(result.exitCode == 0, "\(comment): \(result)")
            return false
        }
        let hadJournal = !journals(source).isEmpty
        let next = try await source.scenario.rewarm.run(words(source, target, ["--resume"] + options))
        // Killed behind its last step, it has left nothing to continue.
        let wasDone = next.exitCode == 14 && !hadJournal
        #expect(next.exitCode == 0 || wasDone, "\(comment): \(next)")
        #expect(wasDone || next.summary["isBalanced"].boolean == true, "\(comment): \(next)")
        #expect(journals(source) == [], "\(comment)")
        return true
    }

    @Test func `a killed restore into Memcached is continued and ends as if it had not been`() async throws {
        var random = SeededGenerator.fromEnvironment("killed restores of items", fallback: 71)
        let source = try await Self.source(random.seed)
        let first = try await MemcachedServer.start(.init(arguments: ["-m", "256"]))
        let start = ContinuousClock.now
        let whole = try await source.scenario.rewarm.run(Self.words(source, first.url, []))
        try #require(whole.exitCode == 0, "\(whole)")
        var kill = RandomKill(lifetime: ContinuousClock.now - start)
        #expect(try Self.differences(source, first) == [])
        for round in 1...Self.killCount {
            let target = try await MemcachedServer.start(.init(arguments: ["-m", "256"]))
            let options = round % 4 == 0 ? ["--connections", "1"] : []
            let comment = "round \(round), seed \(random.seed)"
            _ = try await Self.kill(source, target.url, options, &kill, &random, comment)
            let differences = try Self.differences(source, target)
            #expect(differences == [], "\(comment)")
        }
        print("killed \(kill.killedCount) of \(Self.killCount) restores into Memcached")
        #expect(kill.killedCount > 0)
        try await source.scenario.expectSound()
    }

    @Test func `a killed restore into Redis keeps the flags of every item in their hash`() async throws {
        var random = SeededGenerator.fromEnvironment("killed restores of flags", fallback: 72)
        let source = try await Self.source(random.seed)
        let options = ["--flags-hash", "client flags"]
        let first = try await RedisServer.start()
        let start = ContinuousClock.now
        let whole = try await source.scenario.rewarm.run(Self.words(source, first.url, options))
        try #require(whole.exitCode == 0, "\(whole)")
        var kill = RandomKill(lifetime: ContinuousClock.now - start)
        for round in 1...Self.killCount {
            let comment = "round \(round), seed \(random.seed)"
            let client = try first.client()
            try client.command("FLUSHALL")
            _ = try await Self.kill(source, first.url, options, &kill, &random, comment)
            #expect(try client.command("DBSIZE").integer == Int64(source.items.count) + 1, "\(comment)")
            let flagged = source.items.filter { $0.clientFlags > 0 }
            #expect(try client.command("HLEN", "client flags").integer == Int64(flagged.count), "\(comment)")
            let found = try client.pipeline(flagged.map { ["HGET", "client flags", RedisArgument($0.key)] })
            let differing = zip(flagged, found).filter { $0.1.text != "\($0.0.clientFlags)" }
            #expect(differing.count == 0, "\(comment)")
        }
        #expect(kill.killedCount > 0)
    }

    /// The first differences between the items and what a server has, as sentences.
    private static func differences(_ source: Source, _ target: MemcachedServer) throws -> [String] {
        let client = try target.client()
        var differences: [String] = []
        for item in source.items {
            let name = String(decoding: item.key.prefix(30), as: UTF8.self)
            let before = try client.time()
            guard let found = try client.read(item.key, isBinary: item.isBinary) else {
                differences.append("\(name) is missing")
                continue
            }
            if found.value != item.value || found.clientFlags != UInt64(item.clientFlags) {
                differences.append("\(name) differs")
            }
            let isAbsolute = item.exptime > 2_592_000
            let deadlines =
                isAbsolute
                ? item.exptime...item.exptime
                : source.storedAt.lowerBound + item.exptime...source.storedAt.upperBound + item.exptime
            if let left = found.remainingSeconds {
                // The clock may go on between the questions.
                let told = before + left - 1...(try client.time()) + left + 1
                if item.exptime == 0 || !told.overlaps(deadlines) { differences.append("\(name) ends at \(told)") }
            } else if item.exptime != 0 {
                differences.append("\(name) never ends")
            }
        }
        return Array(differences.prefix(5))
    }
}
