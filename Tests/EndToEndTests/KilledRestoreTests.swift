import Foundation
import TestSupport
import Testing

/// kill -9 at random moments of a restore, each followed by `--resume` and a full comparison.
@Suite(.serialized)
struct KilledRestoreTests {
    /// Two hundred with REWARM_SOAK=1, a few otherwise.
    private static let killCount = TestExtent.count(bounded: 12, whole: 200)
    private static let seed: UInt64 = 35

    /// A source with every type, and enough in bulk for a dozen blocks.
    private static func source() async throws -> RedisServer {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: 400)
        var random = SeededGenerator(seed: seed)
        let client = try source.client()
        let replies = try client.pipeline(
            (0..<6000).map { index in
                ["SET", RedisArgument("bulk:\(index)"), RedisArgument(random.bytes(2000)), "EX", 86_400]
            }
        )
        try #require(replies.allSatisfy { $0 == .status("OK") })
        return source
    }

    private static func words(
        _ id: String,
        _ target: RedisServer,
        _ scenario: Scenario,
        _ options: [String]
    ) -> [String] {
        ["restore", id] + Scenario.node("target", target) + options
            + ["--json", "--repository", scenario.rewarm.repository]
    }

    /// The journals that lie in the state directory.
    private static func journals(_ scenario: Scenario) -> [String] {
        let path = scenario.rewarm.directory.path("state/rewarm/restores")
        return (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    @Test func `a killed restore is continued and ends as if it had not been`() async throws {
        var random = SeededGenerator.fromEnvironment("killed and continued restores", fallback: Self.seed)
        let source = try await Self.source()
        let target = try await RedisServer.start()
        let contents = try KeyspaceContents.read(source)
        let scenario = try Scenario(inMemory: true)
        let id = try await scenario.snapshot(source)
        let start = ContinuousClock.now
        let whole = try await scenario.restore(id, to: target)
        let duration = ContinuousClock.now - start
        let captured = try #require(whole.summary["capturedKeyCount"].integer)
        var killedCount = 0
        var resumedCount = 0
        var earlierCount = 0
        for round in 1...Self.killCount {
            let comment = "round \(round), seed \(random.seed)"
            try target.client().command("FLUSHALL")
            try target.client().command("FUNCTION", "FLUSH")
            let options = round % 4 == 0 ? ["--connections", "1"] : []
            let process = try scenario.rewarm.start(Self.words(id, target, scenario, options))
            let microseconds = Int64(duration / .microseconds(1))
            try await Task.sleep(for: .microseconds(Int64.random(in: 0...microseconds, using: &random)))
            process.send(signal: SIGKILL)
            let result = await process.wait(atMost: .seconds(120))
            guard result.termination == .signalled(SIGKILL) else {
                #expect(result.exitCode == 0, "\(comment): \(result)")
                continue
            }
            killedCount += 1
            let hadJournal = !Self.journals(scenario).isEmpty
            let next = try await scenario.rewarm.run(Self.words(id, target, scenario, ["--resume"] + options))
            // Killed behind its last step, it has left nothing to continue.
            let wasDone = next.exitCode == 14 && !hadJournal
            #expect(next.exitCode == 0 || wasDone, "\(comment): \(next)")
            let differences = try KeyspaceContents.read(target).differences(from: contents)
            #expect(differences == [], "\(comment): \(next)")
            guard !wasDone else { continue }
            let summary = next.summary
            #expect(summary["isBalanced"].boolean == true, "\(comment): \(next)")
            let stored = (summary["restoredKeyCount"].integer ?? 0) + (summary["restoredEarlierKeyCount"].integer ?? 0)
            #expect(stored == captured, "\(comment): \(next)")
            if summary["resumedFrom"]["recordCount"].integer ?? 0 > 0 { resumedCount += 1 }
            if summary["restoredEarlierKeyCount"].integer ?? 0 > 0 { earlierCount += 1 }
            #expect(Self.journals(scenario) == [], "\(comment)")
        }
        print(
            "killed \(killedCount) of \(Self.killCount) restores; \(resumedCount) were continued behind their start, in "
                + "\(earlierCount) keys of the killed one were met"
        )
        #expect(killedCount > Self.killCount / 3)
        #expect(earlierCount > 0)
        try await scenario.expectSound()
    }
}
