import Foundation
import TestSupport
import Testing

/// kill -9 at random moments: whatever was running, what is in the repository afterwards is whole.
@Suite(.serialized)
struct KillLoopTests {
    /// A thousand of each with REWARM_SOAK=1, a few otherwise.
    private static let killCount = TestExtent.count(bounded: 25, whole: 1000)
    private static let keyCount = 600

    /// How long a run takes that nobody kills.
    private static func uninterrupted(_ body: () async throws -> Void) async throws -> Duration {
        let start = ContinuousClock.now
        try await body()
        return ContinuousClock.now - start
    }

    /// What `list` shows, by their ids.
    private static func listed(_ scenario: Scenario) async throws -> [String] {
        let outcome = try await scenario.run("list", ["--json"])
        try #require(outcome.exitCode == 0, "\(outcome)")
        return outcome.items.compactMap { $0["id"].text }
    }

    /// Purges all snapshots but the newest three: verifying every one again and again would take most of the time.
    private static func keepNewest(of scenario: Scenario) async throws {
        let older = try await listed(scenario).dropFirst(3)
        if !older.isEmpty {
            let outcome = try await scenario.run("delete", Array(older))
            #expect(outcome.exitCode == 0, "\(outcome)")
        }
        let outcome = try await scenario.run("purge", ["--grace", "0s"])
        #expect(outcome.exitCode == 0, "\(outcome)")
    }

    @Test(arguments: ["replication", "scan"])
    func `a killed snapshot leaves a sound repository`(method: String) async throws {
        var random = SeededGenerator.fromEnvironment("killed snapshots by \(method)", fallback: 31)
        let source = try await RedisServer.start()
        let target = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: random.seed, keyCount: Self.keyCount)
        let contents = try KeyspaceContents.read(source)
        let scenario = try Scenario()
        let lifetime = try await Self.uninterrupted { try await scenario.snapshot(source, ["--method", method]) }
        let command =
            ["snapshot"] + Scenario.node("source", source) + ["--method", method]
            + ["--repository", scenario.rewarm.repository]
        var kill = RandomKill(lifetime: lifetime)
        for round in 1...Self.killCount {
            _ = await kill.wait(for: try scenario.rewarm.start(command), &random)
            if round % 5 == 0 { try await scenario.expectSound() }
            if round % 25 == 0 { try await Self.keepNewest(of: scenario) }
        }
        print("killed \(kill.killedCount) of \(Self.killCount) snapshots by \(method)")
        #expect(kill.killedCount > 0)
        // A later run works as if nothing had happened, and sweeps what the dead ones left.
        let last = try await scenario.snapshot(source, ["--method", method])
        try await scenario.expectSound()
        #expect(try await Self.listed(scenario).first == last)
        let remains =
            FileManager.default.enumerator(atPath: scenario.rewarm.repository)?
            .compactMap { $0 as? String }.filter { $0.contains("tmp") || $0.contains("temporary") } ?? []
        #expect(remains == [])
        // Every snapshot that is listed restores, not only the newest.
        for id in try await Self.listed(scenario).prefix(3) {
            try await scenario.restore(id, to: target, ["--flush-target"])
            #expect(try KeyspaceContents.read(target).differences(from: contents) == [], "snapshot \(id)")
        }
    }

    @Test func `a killed restore is repeated and ends as if it had not been`() async throws {
        var random = SeededGenerator.fromEnvironment("killed restores", fallback: 32)
        let source = try await RedisServer.start()
        let target = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: random.seed, keyCount: Self.keyCount)
        let contents = try KeyspaceContents.read(source)
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        var kill = RandomKill(lifetime: try await Self.uninterrupted { try await scenario.restore(id, to: target) })
        for round in 1...Self.killCount {
            try target.client().command("FLUSHALL")
            try target.client().command("FUNCTION", "FLUSH")
            let command =
                ["restore", id] + Scenario.node("target", target) + ["--repository", scenario.rewarm.repository]
            _ = await kill.wait(for: try scenario.rewarm.start(command), &random)
            // What did arrive is right in value and deadline: a key is written in one command.
            let partial = try KeyspaceContents.read(target).entries
            for (place, entry) in partial where contents.entries[place] != entry {
                Issue.record("after round \(round) of seed \(random.seed): \(place) is not what was captured")
            }
            if round % 5 == 0 {
                try await scenario.restore(id, to: target, ["--existing", round % 10 == 0 ? "replace" : "skip"])
                let differences = try KeyspaceContents.read(target).differences(from: contents)
                #expect(differences == [], "round \(round), seed \(random.seed)")
            }
        }
        print("killed \(kill.killedCount) of \(Self.killCount) restores")
        #expect(kill.killedCount > 0)
        try await scenario.expectSound()
    }

    /// The other commands; snapshots and restores are killed above, many in a row on one repository.
    @Test(arguments: [CommandUnderFault.fileImport, .verify, .delete, .purge, .rebuild, .drill])
    func `a killed command leaves a sound repository`(command: CommandUnderFault) async throws {
        var random = SeededGenerator.fromEnvironment("killed runs of \(command.rawValue)", fallback: 34)
        let bench = try await FaultBench(command, seed: random.seed)
        let first = try bench.fresh()
        let lifetime = try await Self.uninterrupted {
            let outcome = try await first.rewarm.run(bench.arguments(first))
            #expect(outcome.exitCode == 0, "\(outcome)")
        }
        let count = TestExtent.count(bounded: 8, whole: 1000)
        var kill = RandomKill(lifetime: lifetime)
        for round in 1...count {
            let scenario = try bench.fresh()
            let result = await kill.wait(for: try scenario.rewarm.start(bench.arguments(scenario)), &random)
            let isKilled = result.termination == .signalled(SIGKILL)
            try await FaultAftermath(
                bench: bench,
                scenario: scenario,
                outcome: isKilled ? nil : RewarmCommand.Outcome(result),
                comment: "\(command.rawValue), killed in round \(round) of seed \(random.seed)"
            ).check()
        }
        print("killed \(kill.killedCount) of \(count) runs of \(command.rawValue)")
        #expect(kill.killedCount > 0)
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal ends a snapshot with its code and leaves nothing`(signal: Int32) async throws {
        let source = try await RedisServer.start(.init(lines: ["rdb-key-save-delay 2000"]))
        try KeyspaceGenerator.fill(source, seed: 33, keyCount: Self.keyCount)
        let scenario = try Scenario()
        let process = try scenario.rewarm.start(
            ["snapshot"] + Scenario.node("source", source)
                + ["--method", "replication", "--create", "--repository", scenario.rewarm.repository]
        )
        // The server is slow by configuration; when it serves a replica, the command is in the middle of its work.
        let client = try source.client()
        while try client.info("replication", "connected_slaves") == "0", process.isRunning {
            try await Task.sleep(for: .milliseconds(5))
        }
        process.send(signal: signal)
        let result = await process.wait(atMost: .seconds(120))
        #expect(result.termination == .exited(128 + signal), "\(result)")
        #expect(try await Self.listed(scenario) == [])
        try await scenario.expectSound()
    }
}
