import Foundation
import TestSupport
import Testing

/// Standard input as a source, and standard streams that are closed, full or gone.
@Suite(.serialized)
struct StandardStreamTests {
    private static func savedSource(_ seed: UInt64) async throws -> (RedisServer, [UInt8]) {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: 300)
        try source.client().command("SAVE")
        return (source, Array(try Data(contentsOf: URL(fileURLWithPath: source.dumpPath))))
    }

    private static func shell(
        _ scenario: Scenario,
        _ script: String,
        _ argument: String
    ) async throws -> SubprocessResult {
        let bash = try #require(Subprocess.find("bash"))
        return try await Subprocess.run(
            bash,
            ["-c", script, RewarmCommand.path, scenario.rewarm.repository, argument],
            environment: scenario.rewarm.environment
        )
    }

    @Test(arguments: ["file", "pipe"]) func `an RDB file is imported from standard input`(way: String) async throws {
        let (source, _) = try await Self.savedSource(71)
        let scenario = try Scenario()
        let input = way == "file" ? "<\"$2\"" : "< <(cat \"$2\")"
        let script = "\"$0\" import - --source-name web --repository \"$1\" --create \(input)"
        let result = try await Self.shell(scenario, script, source.dumpPath)
        try #require(result.exitCode == 0, "\(result)")
        let target = try await RedisServer.start()
        try await scenario.restore(to: target, ["--source-name", "web"])
        try Scenario.expectEqual(source, target, way)
    }

    @Test func `what is no RDB file on standard input is exit code 13`() async throws {
        let (_, bytes) = try await Self.savedSource(72)
        let scenario = try Scenario()
        for input in [[], Array("hello\n".utf8), Array(bytes.dropLast()), Array(bytes.prefix(bytes.count / 2))] {
            let outcome = try await scenario.rewarm.run(
                ["import", "-", "--create", "--repository", scenario.rewarm.repository],
                input: input
            )
            #expect(outcome.exitCode == 13 && outcome.errors.contains("standard input"), "\(outcome)")
        }
        #expect(try await scenario.run("list", ["--json"]).items.isEmpty)
    }

    @Test func `closed standard streams are never confused with the repository's files`() async throws {
        let (source, _) = try await Self.savedSource(73)
        let scenario = try Scenario()
        // Nothing may be found under the numbers of the streams; the result cannot be written, which is a failure.
        let options = "--repository \"$1\" --create --progress-interval 10ms -v"
        let closed = try await Self.shell(
            scenario,
            "\"$0\" snapshot --source \"$2\" \(options) <&- >&- 2>&-; exit $?",
            source.url
        )
        #expect(closed.exitCode == 1, "\(closed)")
        try await scenario.expectSound()
        #expect(try await scenario.run("list", ["--json"]).items.count == 1)
        let listed = try await Self.shell(scenario, "\"$0\" list --repository \"$1\" >&-", "")
        #expect(listed.exitCode == 1 && listed.errorText.contains("Bad file descriptor"), "\(listed)")
        let imported = try await Self.shell(scenario, "\"$0\" import - --repository \"$1\" <&-", "")
        #expect(imported.exitCode == 1 && imported.errorText.contains("Bad file descriptor"), "\(imported)")
        let full = try await Self.shell(scenario, "\"$0\" list --repository \"$1\" >/dev/full", "")
        #expect(full.exitCode == 1 && full.errorText.contains("No space left on device"), "\(full)")
    }

    @Test func `a second signal ends a command that cannot end by itself`() async throws {
        let source = try await RedisServer.start()
        try source.client().debug("POPULATE", 20_000, "a-key-of-some-length", 10)
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        // A pipe that nobody reads: the command is stuck in a write, where the first signal cannot reach its work.
        let pipe = scenario.rewarm.directory.path("pipe")
        try #require(mkfifo(pipe, 0o600) == 0)
        let descriptor = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        defer { close(descriptor) }
        let process = try Subprocess(
            try #require(Subprocess.find("sh")),
            ["-c", "exec \"$0\" keys \"$1\" --repository \"$2\" >\"$3\""]
                + [RewarmCommand.path, id, scenario.rewarm.repository, pipe],
            environment: scenario.rewarm.environment
        )
        // F_GETPIPE_SZ of Linux; the module of the C library has no name for it.
        let capacity = fcntl(descriptor, 1032)
        try #require(capacity > 0)
        var waiting: Int32 = 0
        while waiting < capacity, process.isRunning {
            try await Task.sleep(for: .milliseconds(5))
            guard ioctl(descriptor, UInt(FIONREAD), &waiting) == 0 else { break }
        }
        process.send(signal: SIGINT)
        while Self.hasPendingSignal(process.processID) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(process.isRunning)
        process.send(signal: SIGTERM)
        let result = await process.wait(atMost: .seconds(60))
        #expect(result.termination == .exited(143), "\(result)")
    }

    /// Whether a signal to the process was not taken yet.
    private static func hasPendingSignal(_ processID: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("ShdPnd:") }
        return line?.dropFirst("ShdPnd:".count).contains { $0 != "0" && $0.isHexDigit } ?? false
    }
}
