import Foundation
import TestSupport
import Testing

/// `rewarm drill` as cron runs it: killed, on a full disk, on a read-only repository.
@Suite(.serialized)
struct DrillEndToEndTests {
    private static let killCount = TestExtent.count(bounded: 12, whole: 1000)

    private static func scenario(keyCount: Int = 300, inMemory: Bool = false) async throws -> Scenario {
        let source = try await RedisServer.start(.init(lines: ["repl-diskless-sync-delay 0"]))
        try KeyspaceGenerator.fill(source, seed: 5, keyCount: keyCount)
        let scenario = try Scenario(inMemory: inMemory)
        try await scenario.snapshot(source)
        return scenario
    }

    /// What a drill leaves in the directory for temporary files.
    private static func leftovers(_ scenario: Scenario) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scenario.rewarm.directory.path)
            .filter { $0.hasPrefix("rewarm-drill-") }
    }

    /// Processes that work in a directory below that of the scenario.
    private static func servers(_ scenario: Scenario) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            guard Int(name) != nil else { return false }
            let directory = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")
            return directory?.hasPrefix(scenario.rewarm.directory.path + "/rewarm-drill-") ?? false
        }
    }

    @Test func `a drill that is killed at any moment leaves nothing behind the next one`() async throws {
        var random = SeededGenerator.fromEnvironment("killed drills", fallback: 41)
        let scenario = try await Self.scenario()
        let start = ContinuousClock.now
        let first = try await scenario.run("drill", ["--json"])
        try #require(first.exitCode == 0, "\(first)")
        var kill = RandomKill(lifetime: ContinuousClock.now - start)
        let command = ["drill", "--repository", scenario.rewarm.repository]
        var foundCount = 0
        for round in 1...Self.killCount {
            _ = await kill.wait(for: try scenario.rewarm.start(command), &random)
            guard round % 4 == 0 else { continue }
            foundCount += try Self.leftovers(scenario).count
            let outcome = try await scenario.run("drill", ["--json"])
            #expect(outcome.summary["result"].text == "pass", "round \(round), seed \(random.seed): \(outcome)")
            #expect(try Self.leftovers(scenario) == [], "round \(round), seed \(random.seed)")
            #expect(try Self.servers(scenario) == [], "round \(round), seed \(random.seed)")
        }
        print("killed \(kill.killedCount) of \(Self.killCount) drills; \(foundCount) left a directory")
        #expect(kill.killedCount > 0)
        try await scenario.expectSound()
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func `a signal ends a drill and its server, and nothing is put on record`(
        signal: (Int32, Int32)
    ) async throws {
        let scenario = try await Self.scenario(keyCount: 3000)
        let process = try scenario.rewarm.start(["drill", "--repository", scenario.rewarm.repository])
        while try Self.servers(scenario).isEmpty, process.isRunning { await Task.yield() }
        process.send(signal: signal.0)
        let result = await process.wait(atMost: .seconds(60))
        #expect(result.exitCode == signal.1, "\(result)")
        #expect(try Self.leftovers(scenario) == [])
        #expect(try Self.servers(scenario) == [])
        let shown = try await scenario.run("show", ["latest", "--json"])
        #expect(shown.exitCode == 0 && shown.items.first?["standing"]["drills"] == .array([]), "\(shown)")
    }

    @Test func `a scratch server runs elsewhere where TMPDIR cannot be written`() async throws {
        let scenario = try await Self.scenario()
        let directory = scenario.rewarm.directory.path("full")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let confinement = Confinement.readOnlyMount(of: directory)
        guard try await confinement.isPossible() else { return }
        // The second place for such directories is the system's own, which this cannot take away: only that it is used.
        let outcome = try await scenario.rewarm.run(
            ["drill", "--repository", scenario.rewarm.repository, "--json"],
            environment: ["TMPDIR": directory],
            confinement: confinement
        )
        #expect(outcome.summary["result"].text == "pass", "\(outcome)")
    }

    @Test func `a pass that cannot be put on record is inconclusive`() async throws {
        let scenario = try await Self.scenario()
        let reports = scenario.rewarm.directory.path("reports")
        try FileManager.default.createDirectory(atPath: reports, withIntermediateDirectories: true)
        let confinement = Confinement.smallDisk(at: reports, byteCount: 4096)
        guard try await confinement.isPossible() else { return }
        // tmpfs has whole pages, and the directory itself takes none: a first file fills it.
        let script =
            "head -c 4096 /dev/zero >\"$0/filler\"; exec \"$REWARM\" drill --repository \"$REPOSITORY\" "
            + "--report-directory \"$0\" --json"
        let result = try await confinement.runScript(
            script,
            reports,
            environment: scenario.rewarm.environment.merging(
                ["REWARM": RewarmCommand.path, "REPOSITORY": scenario.rewarm.repository]
            ) { $1 }
        )
        let outcome = RewarmCommand.Outcome(result)
        #expect(outcome.exitCode == 17, "\(outcome)")
        #expect(outcome.summary["reason"].text?.contains("the report could not be written") == true, "\(outcome)")
        #expect(outcome.summary["fact"].text != nil, "\(outcome)")
    }

    @Test func `a drill runs on a read-only repository, and says that it is not on record there`() async throws {
        let scenario = try await Self.scenario()
        let confinement = Confinement.readOnlyMount(of: scenario.rewarm.repository)
        guard try await confinement.isPossible() else { return }
        let outcome = try await scenario.rewarm.run(
            ["drill", "--repository", scenario.rewarm.repository, "--json"],
            confinement: confinement
        )
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.summary["fact"].text == nil)
        #expect(outcome.lines.contains { $0["message"].text?.contains("not put on record") == true }, "\(outcome)")
    }

    @Test func `a policy names server and objectives, and its newest snapshot is drilled`() async throws {
        let scenario = try await Self.scenario()
        let source = try await RedisServer.start()
        try source.client().command("SET", "a", "1")
        let text = "source: {name: other, url: '\(source.url)'}\nrepository: \(scenario.rewarm.repository)\n"
        let policy = try scenario.rewarm.directory.write(text + "drill: {max-rto: 1ms}\n", to: "other.yaml")
        let taken = try await scenario.rewarm.run("snapshot", "--policy", policy, "--json")
        #expect(taken.exitCode == 0, "\(taken)")
        let outcome = try await scenario.rewarm.run("drill", "--policy", policy, "--json")
        #expect(outcome.exitCode == 15, "\(outcome)")
        #expect(outcome.summary["snapshot"].text == taken.summary["snapshot"].text)
        #expect(outcome.summary["policy"].text == "other")
        #expect(outcome.summary["result"].text == "objectiveMissed")
        let page = try String(contentsOfFile: try #require(outcome.summary["pagePath"].text), encoding: .utf8)
        #expect(page.hasPrefix("<!DOCTYPE html>") && !page.contains("<script"))
    }
}
