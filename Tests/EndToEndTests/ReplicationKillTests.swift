import Foundation
import TestSupport
import Testing

/// Ends of `restore --method replication` that nobody planned: the target is never left attached without a word.
@Suite(.serialized)
struct ReplicationKillTests {
    private static let method = ["--method", "replication"]

    private static func role(_ target: RedisServer) throws -> String? {
        try target.client().info("replication", "role")
    }

    /// Waits until the target has noticed that the killed run's end of the link is closed, and loads nothing any more.
    private static func awaitEnd(of link: RedisServer) async throws {
        let client = try link.client()
        while try client.info("persistence", "loading") != "0"
            || client.info("replication", "master_link_status") == "up"
        {
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// Takes a snapshot, starts its restore and returns when the target, which loads slowly, is attached.
    private static func attached(
        _ scenario: Scenario,
        _ source: RedisServer,
        _ target: RedisServer
    ) async throws -> (id: String, process: Subprocess) {
        let client = try source.client()
        for index in 0..<20 { try client.command("SETRANGE", "key:\(index)", 1_000_000, "end") }
        let id = try await scenario.snapshot(source)
        try target.client().command("CONFIG", "SET", "key-load-delay", "100000")
        let process = try scenario.rewarm.start(
            ["restore", id] + method + Scenario.node("target", target)
                + ["--repository", scenario.rewarm.repository]
        )
        while try role(target) != "slave", process.isRunning { try await Task.sleep(for: .milliseconds(1)) }
        return (id, process)
    }

    @Test func `after kill -9 the next run says what to do, and then restores`() async throws {
        var random = SeededGenerator.fromEnvironment("killed replications", fallback: 35)
        let source = try await RedisServer.start()
        let target = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: random.seed, keyCount: 600)
        let contents = try KeyspaceContents.read(source)
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        let start = ContinuousClock.now
        try await scenario.restore(id, to: target, Self.method)
        let duration = ContinuousClock.now - start
        let command =
            ["restore", id, "--flush-target"] + Self.method + Scenario.node("target", target)
            + ["--repository", scenario.rewarm.repository]
        var (killedCount, attachedCount) = (0, 0)
        for round in 1...TestExtent.count(bounded: 15, whole: 200) {
            let process = try scenario.rewarm.start(command)
            let microseconds = max(1, Int64(duration / .microseconds(1)))
            try await Task.sleep(for: .microseconds(Int64.random(in: 0...microseconds, using: &random)))
            process.send(signal: SIGKILL)
            let result = await process.wait(atMost: .seconds(120))
            if result.termination == .signalled(SIGKILL) { killedCount += 1 }
            guard try Self.role(target) == "slave" else { continue }
            attachedCount += 1
            try await Self.awaitEnd(of: target)
            let next = try await scenario.run("restore", [id] + Scenario.node("target", target) + ["--json"])
            #expect(next.exitCode == 14, "round \(round), seed \(random.seed): \(next)")
            #expect(next.output.contains("REPLICAOF NO ONE"), "round \(round), seed \(random.seed): \(next)")
            #expect(next.output.contains("stillAttached") || next.output.contains("was killed"), "\(next)")
        }
        print("killed \(killedCount) restores by replication, \(attachedCount) of them while attached")
        #expect(killedCount > 0)
        try await scenario.restore(id, to: target, ["--flush-target"] + Self.method)
        #expect(try KeyspaceContents.read(target).differences(from: contents) == [], "seed \(random.seed)")
        #expect(try Self.role(target) == "master")
    }

    @Test(arguments: [SIGTERM: Int32(143), SIGINT: 130])
    func `a signal detaches the target`(signal: Int32, code: Int32) async throws {
        let source = try await RedisServer.start()
        // A target that reads slowly: it is busy for a moment after every few keys.
        let target = try await RedisServer.start(.init(lines: ["key-load-delay 200"]))
        let scenario = try Scenario()
        let (_, process) = try await Self.attached(scenario, source, target)
        process.send(signal: signal)
        let result = await process.wait(atMost: .seconds(120))
        #expect(result.exitCode == code, "\(result)")
        #expect(try Self.role(target) == "master")
        #expect(try Self.setting(target) == "disabled")
        let journal = scenario.rewarm.directory.path("state") + "/rewarm/attached"
        #expect(try FileManager.default.contentsOfDirectory(atPath: journal) == [])
    }

    @Test func `kill -9 while the target loads leaves a journal that the next run reads`() async throws {
        let source = try await RedisServer.start()
        let target = try await RedisServer.start()
        let scenario = try Scenario()
        let (id, process) = try await Self.attached(scenario, source, target)
        process.send(signal: SIGKILL)
        _ = await process.wait(atMost: .seconds(120))
        try target.client().command("CONFIG", "SET", "key-load-delay", "0")
        while try target.client().info("persistence", "loading") != "0" { try await Task.sleep(for: .milliseconds(1)) }
        #expect(try Self.role(target) == "slave")
        // Whatever its snapshot and its method.
        let other = try await scenario.snapshot(source)
        for options in [[id], [other], [id] + Self.method, [other, "--existing", "skip"]] {
            let next = try await scenario.run("restore", options + Scenario.node("target", target))
            #expect(next.exitCode == 14, "\(next)")
            #expect(next.errors.contains("was killed"), "\(next)")
            #expect(next.errors.contains("REPLICAOF NO ONE"), "\(next)")
            #expect(next.errors.contains("CONFIG SET repl-diskless-load disabled"), "\(next)")
        }
        #expect(try Self.role(target) == "slave")
        // Who says that its data may go has it detached.
        let next = try await scenario.restore(id, to: target, ["--flush-target"] + Self.method)
        #expect(next.output.contains("was killed"), "\(next)")
        try Scenario.expectEqual(source, target, "after it was detached")
        #expect(try Self.role(target) == "master")
        #expect(try Self.setting(target) == "disabled")
    }

    @Test func `a setting that a killed run left is put back by the next run`() async throws {
        let source = try await RedisServer.start()
        let target = try await RedisServer.start()
        try source.client().command("SET", "key", "value")
        try target.client().command("CONFIG", "SET", "key-load-delay", "1000000")
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        let process = try scenario.rewarm.start(
            ["restore", id] + Self.method + Scenario.node("target", target)
                + ["--repository", scenario.rewarm.repository]
        )
        while try Self.role(target) != "slave", process.isRunning { try await Task.sleep(for: .milliseconds(1)) }
        process.send(signal: SIGKILL)
        _ = await process.wait(atMost: .seconds(120))
        try target.client().command("CONFIG", "SET", "key-load-delay", "0")
        try await Self.awaitEnd(of: target)
        // The operator did half of what the message says.
        try target.client().command("REPLICAOF", "NO", "ONE")
        #expect(try Self.setting(target) == "on-empty-db")
        let dry = try await scenario.run("restore", [id, "--dry-run"] + Scenario.node("target", target))
        #expect(dry.output.contains("put back to disabled"), "\(dry)")
        #expect(try Self.setting(target) == "on-empty-db")
        try await scenario.restore(id, to: target, ["--flush-target"])
        #expect(try Self.setting(target) == "disabled")
        #expect(try target.client().command("GET", "key").text == "value")
    }

    private static func setting(_ target: RedisServer) throws -> String? {
        try target.client().command("CONFIG", "GET", "repl-diskless-load").array?.last?.text
    }
}
