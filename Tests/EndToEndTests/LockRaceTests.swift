import Foundation
import TestSupport
import Testing

/// Row 9 of the fault tests on the whole program: races of eight processes, a suspended holder, a dead reader.
@Suite(.serialized)
struct LockRaceTests {
    private static func file(_ scenario: Scenario) async throws -> String {
        let server = try await RedisServer.start()
        try server.client().command("SET", "a", "1")
        try server.client().command("SAVE")
        let path = scenario.rewarm.directory.path("dump.rdb")
        try FileManager.default.copyItem(atPath: server.dumpPath, toPath: path)
        return path
    }

    private static func start(_ scenario: Scenario, _ words: [String]) throws -> Subprocess {
        try scenario.rewarm.start(words + ["--repository", scenario.rewarm.repository])
    }

    @Test func `eight processes that write at once leave eight snapshots in one order`() async throws {
        let scenario = try Scenario()
        let file = try await Self.file(scenario)
        #expect(try await scenario.run("import", [file, "--source-name", "s", "--create"]).exitCode == 0)
        let rounds = TestExtent.count(bounded: 3, whole: 50)
        for round in 0..<rounds {
            let processes = try (0..<8).map { number in
                try Self.start(
                    scenario,
                    ["import", file, "--source-name", "s\(number)", "--lock-timeout", "60s", "--quiet"]
                )
            }
            for process in processes {
                let result = await process.wait(atMost: .seconds(120))
                #expect(result.exitCode == 0, "round \(round): \(result)")
            }
        }
        let items = try await scenario.run("list", ["--json"]).items
        let sequences = items.compactMap { $0["sequence"].integer }
        #expect(sequences.sorted() == Array(1...Int64(1 + 8 * rounds)))
        try await scenario.expectSound()
    }

    @Test func `of eight processes that back up one source one at a time works, the others name it`() async throws {
        let scenario = try Scenario()
        let file = try await Self.file(scenario)
        #expect(try await scenario.run("import", [file, "--source-name", "s", "--create"]).exitCode == 0)
        let processes = try (0..<8).map { _ in try Self.start(scenario, ["import", file, "--source-name", "s"]) }
        var codes: [Int32] = []
        for process in processes {
            let result = await process.wait(atMost: .seconds(120))
            codes.append(result.exitCode)
            if result.exitCode == 11 { #expect(result.errorText.contains("pid "), "\(result)") }
        }
        #expect(codes.contains(0) && codes.allSatisfy { $0 == 0 || $0 == 11 }, "\(codes)")
        let listed = try await scenario.run("list", ["--json"]).items.count
        #expect(listed == 1 + codes.count { $0 == 0 })
        // Being locked out is no failure of the source.
        #expect(try await scenario.run("list", ["--failed", "--json"]).items == [])
        try await scenario.expectSound()
    }

    @Test func `eight processes that expire, hold, delete and purge at once never lose a held snapshot`() async throws {
        var random = SeededGenerator.fromEnvironment("a race of retention", fallback: 91)
        let scenario = try Scenario()
        let file = try await Self.file(scenario)
        for day in 10..<22 {
            let options = [file, "--source-name", "s", "--taken-at", "2026-11-\(day)T03:00:00Z", "--create"]
            #expect(try await scenario.run("import", options).exitCode == 0)
        }
        let policy = scenario.rewarm.directory.path("p.yaml")
        try "name: p\nsource: {name: s}\nretention: {last: 4, max-delete: 100%, grace: 0h}\n"
            .write(toFile: policy, atomically: false, encoding: .utf8)
        let ids = try await scenario.run("list", ["--json"]).items.compactMap { $0["id"].text }
        let held = ids.shuffled(using: &random).prefix(3)
        for id in held { #expect(try await scenario.run("hold add", [id, "--reason", "audit"]).exitCode == 0) }
        for round in 0..<TestExtent.count(bounded: 2, whole: 25) {
            let victim = ids.randomElement(using: &random) ?? ids[0]
            let commands = [
                ["expire", "--policy", policy, "--apply", "--quiet"], ["delete", held[held.startIndex]],
                ["delete", victim], ["purge", "--grace", "0s"], ["expire", "--policy", policy, "--apply", "--quiet"],
                ["hold", "add", victim, "--reason", "race"], ["purge", "--grace", "0s"], ["undelete", victim],
            ]
            let processes = try commands.map { try Self.start(scenario, $0) }
            for (process, command) in zip(processes, commands) {
                let result = await process.wait(atMost: .seconds(120))
                #expect([0, 1, 3, 11].contains(result.exitCode), "round \(round), \(command): \(result)")
            }
            let live = try await scenario.run("list", ["--json"]).items.compactMap { $0["id"].text }
            for id in held { #expect(live.contains(id), "round \(round), seed \(random.seed)") }
        }
        try await scenario.expectSound()
    }

    @Test func `a suspended holder keeps its lock, and a killed one gives it up`() async throws {
        let scenario = try Scenario()
        let source = try await RedisServer.start(.init(lines: ["rdb-key-save-delay 60000000"]))
        try source.client().command("SET", "a", "1")
        let words = ["snapshot", "--source", source.url, "--source-name", "s", "--method", "replication", "--create"]
        let holder = try Self.start(scenario, words)
        let client = try source.client()
        while try client.info("replication", "connected_slaves") == "0", holder.isRunning {
            try await Task.sleep(for: .milliseconds(5))
        }
        holder.send(signal: SIGSTOP)
        for (verb, options) in [("purge", []), ("snapshot", Array(words.dropFirst().dropLast()))] {
            let outcome = try await scenario.run(verb, options)
            #expect(outcome.exitCode == 11, "\(outcome)")
            #expect(outcome.errors.contains("pid \(holder.processID)"), "\(outcome)")
        }
        holder.send(signal: SIGKILL)
        holder.send(signal: SIGCONT)
        _ = await holder.wait(atMost: .seconds(120))
        #expect(try await scenario.run("purge", ["--lock-timeout", "20s"]).exitCode == 0)
        try await scenario.expectSound()
    }
}
