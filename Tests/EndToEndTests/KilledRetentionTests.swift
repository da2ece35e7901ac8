import Foundation
import TestSupport
import Testing

/// kill -9 at random moments of expire, delete and purge: what is held is never lost, and doing it again completes it.
@Suite(.serialized)
struct KilledRetentionTests {
    /// A thousand of each with REWARM_SOAK=1, a few otherwise.
    private static let killCount = TestExtent.count(bounded: 10, whole: 1000)

    /// A repository that is filled again and again, with one snapshot that is held.
    private struct Stage {
        let scenario: Scenario
        let file: String
        let policy: String
        var held = ""
        var hour = 0

        init() async throws {
            scenario = try Scenario()
            file = scenario.rewarm.directory.path("dump.rdb")
            policy = scenario.rewarm.directory.path("p.yaml")
            let server = try await RedisServer.start()
            try KeyspaceGenerator.fill(server, seed: 5, keyCount: 50)
            try server.client().command("SAVE")
            try FileManager.default.copyItem(atPath: server.dumpPath, toPath: file)
            try "name: p\nsource: {name: s}\nretention: {last: 3, max-delete: 100%, grace: 0h, last-verified: false}\n"
                .write(toFile: policy, atomically: false, encoding: .utf8)
            held = try await write()
            let hold = try await scenario.run("hold add", [held, "--reason", "audit"])
            try #require(hold.exitCode == 0, "\(hold)")
        }

        /// Another snapshot, an hour younger than the one before.
        mutating func write() async throws -> String {
            hour += 1
            let instant = Date(timeIntervalSince1970: 1_700_000_000 + Double(hour) * 3600).formatted(.iso8601)
            let options = [file, "--source-name", "s", "--taken-at", instant, "--create", "--json"]
            let outcome = try await scenario.run("import", options)
            try #require(outcome.exitCode == 0, "\(outcome)")
            return try #require(outcome.summary["snapshot"].text)
        }

        /// Starts the command, to be killed.
        func start(_ words: [String]) throws -> Subprocess {
            try scenario.rewarm.start(words + ["--repository", scenario.rewarm.repository])
        }

        func live() async throws -> [String] {
            let outcome = try await scenario.run("list", ["--json"])
            try #require(outcome.exitCode == 0, "\(outcome)")
            return outcome.items.compactMap { $0["id"].text }
        }

        func time(_ words: [String]) async throws -> Duration {
            let start = ContinuousClock.now
            _ = try await scenario.rewarm.run(words + ["--repository", scenario.rewarm.repository])
            return ContinuousClock.now - start
        }
    }

    @Test(arguments: ["expire", "delete", "purge"])
    func `a killed command loses nothing that is held and is completed by the next`(verb: String) async throws {
        var random = SeededGenerator.fromEnvironment("killed \(verb)", fallback: 61)
        var stage = try await Stage()
        let scenario = stage.scenario
        let expire = ["expire", "--policy", stage.policy, "--apply", "--quiet"]
        let purge = ["purge", "--grace", "0s", "--quiet"]
        for _ in 0..<3 { _ = try await stage.write() }
        var kill = RandomKill(lifetime: try await stage.time(verb == "purge" ? purge : expire))
        for round in 1...Self.killCount {
            let written = [try await stage.write(), try await stage.write()]
            let words: [String]
            switch verb {
            case "delete": words = ["delete"] + written
            case "purge":
                #expect(try await scenario.run("delete", [written[0]]).exitCode == 0)
                words = purge
            default: words = expire
            }
            _ = await kill.wait(for: try stage.start(words), &random)
            let live = try await stage.live()
            #expect(live.contains(stage.held), "round \(round), seed \(random.seed)")
            if verb != "delete" { #expect(live.contains(written[1]), "the newest was lost in round \(round)") }
            if round % 5 == 0 { try await scenario.expectSound() }
        }
        print("killed \(kill.killedCount) of \(Self.killCount) runs of \(verb)")
        #expect(kill.killedCount > 0)
        let newest = [try await stage.write(), try await stage.write(), try await stage.write()]
        let last = try await scenario.rewarm.run(expire + ["--repository", scenario.rewarm.repository])
        #expect(last.exitCode == 0, "\(last)")
        #expect(try await scenario.run("purge", ["--grace", "0s"]).exitCode == 0)
        #expect(Set(try await stage.live()) == Set(newest + [stage.held]))
        try await scenario.expectSound()
        let left = try FileManager.default.contentsOfDirectory(atPath: scenario.rewarm.repository + "/snapshots")
        #expect(Set(left) == Set(newest + [stage.held, "runs"]), "what was purged left something behind")
    }
}
