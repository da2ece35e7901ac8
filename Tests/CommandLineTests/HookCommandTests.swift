import Foundation
import TestSupport
import Testing

/// Hooks and metrics of `snapshot --policy`, as the operator's programs see them.
struct HookCommandTests {
    /// A policy over a source with a password; `directory` is where its hooks write.
    private static func policy(_ bench: Bench, _ source: RedisServer, _ hooks: String) throws -> String {
        let text = """
            name: web
            source: {name: bench, url: '\(source.url)'}
            repository: repository
            retention: {last: 3, apply: true}
            metrics: {textfile: web.prom}
            hooks:
            \(hooks)
            """
        return try bench.rewarm.directory.write(text, to: "web.yaml")
    }

    private static func text(_ bench: Bench, _ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: bench.rewarm.directory.path(name))), as: UTF8.self)
    }

    private static let password = ["REWARM_SOURCE_PASSWORD": Bench.password]

    @Test func `hooks of a good run get its JSON and no password`() async throws {
        let source = try await Bench.source(.init(password: Bench.password))
        let bench = try Bench()
        let hooks = """
              before: ['cat >before.json; env >before.env']
              after-success: ['cat >success.json; env >success.env']
              after-failure: ['touch failed']
              always: ['cat >always.json', 'exit 7']
            """
        let policy = try Self.policy(bench, source, hooks)
        let outcome = try await bench.rewarm.run(
            ["snapshot", "--policy", policy, "--create", "--json"],
            environment: Self.password
        )
        #expect(outcome.exitCode == 0, "a hook that fails never spoils a good backup: \(outcome)")
        #expect(outcome.summary["failedHookCount"].integer == 1)
        #expect(outcome.lines.contains { $0["message"].text == "hook always 2 (exit) ended with exit code 7" })
        let id = try #require(outcome.summary["snapshot"].text)
        #expect(try Self.text(bench, "success.json").contains("\"snapshot\":\"\(id)\""))
        #expect(try Self.text(bench, "success.env").contains("REWARM_HOOK_SNAPSHOT=\(id)\n"))
        #expect(try Self.text(bench, "before.json").contains("\"status\":\"running\""))
        for name in ["before.env", "success.env", "before.json", "success.json", "always.json"] {
            #expect(!(try Self.text(bench, name)).contains(Bench.password), "\(name)")
        }
        #expect(!FileManager.default.fileExists(atPath: bench.rewarm.directory.path("failed")))
        #expect(
            try Self.text(bench, "web.prom").contains(
                "rewarm_last_attempt_success{policy=\"web\",source=\"bench\"} 1\n"
            )
        )
    }

    @Test func `hooks and metrics tell of a repository that is not there`() async throws {
        let bench = try Bench()
        let hooks = """
              after-success: ['touch good']
              after-failure: ['echo "$REWARM_HOOK_STATUS $REWARM_HOOK_EXIT_CODE" >failed']
              always: ['touch always']
            """
        let policy = try Self.policy(bench, try await Bench.source(), hooks)
        let outcome = try await bench.rewarm.run(["snapshot", "--policy", policy])
        #expect(outcome.exitCode == 10, "\(outcome)")
        #expect(try Self.text(bench, "failed") == "failure 10\n")
        #expect(FileManager.default.fileExists(atPath: bench.rewarm.directory.path("always")))
        #expect(!FileManager.default.fileExists(atPath: bench.rewarm.directory.path("good")))
        #expect(
            try Self.text(bench, "web.prom").contains(
                "rewarm_last_attempt_exit_code{policy=\"web\",source=\"bench\"} 10\n"
            )
        )
    }

    @Test func `a run that a signal ends calls its hooks and writes its metrics with the signal's code`() async throws {
        let source = try await Bench.source()
        let bench = try Bench()
        let hooks = """
              after-failure: ['echo "$REWARM_HOOK_EXIT_CODE" >failed']
            """
        let policy = try Self.policy(bench, source, hooks)
        let client = try source.client()
        try client.command("CONFIG", "SET", "rdb-key-save-delay", "60000000")
        let process = try bench.rewarm.start(["snapshot", "--policy", policy, "--create"])
        while try client.info("replication", "connected_slaves") == "0", process.isRunning {
            try await Task.sleep(for: .milliseconds(5))
        }
        process.send(signal: SIGTERM)
        let result = await process.wait(atMost: .seconds(60))
        #expect(result.exitCode == 143, "\(result)")
        #expect(try Self.text(bench, "failed") == "143\n")
        #expect(
            try Self.text(bench, "web.prom").contains(
                "rewarm_last_attempt_exit_code{policy=\"web\",source=\"bench\"} 143\n"
            )
        )
    }

    @Test func `a child that a hook leaves behind keeps no lock`() async throws {
        let bench = try Bench()
        let gate = bench.rewarm.directory.path("gate")
        #expect(mkfifo(gate, 0o600) == 0)
        let hooks = """
              before: ['(read line <gate; touch released) >/dev/null 2>&1 &']
            """
        let source = try await Bench.source()
        let policy = try Self.policy(bench, source, hooks)
        let first = try await bench.rewarm.run(["snapshot", "--policy", policy, "--create", "--quiet"])
        #expect(first.exitCode == 0, "\(first)")
        // It needs the repository for itself alone.
        withExtendedLifetime(source) {}
        let purge = try await bench.rewarm.run(["purge", "--repository", "repository"])
        #expect(purge.exitCode == 0, "\(purge)")
        let writer = open(gate, O_WRONLY)
        #expect(writer >= 0, "the child is alive")
        close(writer)
    }
}
