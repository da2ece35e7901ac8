import Foundation
import Operations
import Policy
import TestSupport
import Testing

/// Hooks are real processes of a shell; whatever they do, the run goes on.
struct HookRunnerTests {
    private static let report = HookReport(
        .success,
        exitCode: 0,
        policy: "web",
        sourceName: "cache one",
        repository: "/srv/backups",
        snapshot: "20261121T070500Z-4f9c2a",
        json: #"{"schema":1,"type":"summary","exitCode":0}"#
    )

    /// The environment of a process with secrets, `PATH` included.
    private static let environment = ChildEnvironment([
        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "REWARM_REPOSITORY": "/srv/backups",
        "REWARM_SOURCE_PASSWORD": "hunter-one",
        "REWARM_TARGET_PASSWORD": "hunter-two",
        "REWARM_SOURCE": "redis://backup:hunter-three@cache:6379",
        "REWARM_API_TOKEN": "hunter-four",
        "rewarm_client_secret": "hunter-five",
        "REDISCLI_AUTH": "hunter-six",
        "AWS_SECRET_ACCESS_KEY": "hunter-seven",
        "PROXY": "http://proxy:3128",
    ])

    private static func run(
        _ hooks: [PolicyHook],
        event: HookEvent = .afterSuccess,
        grace: Duration = HookRunner.standardGrace,
        report: HookReport = Self.report
    ) async -> [HookOutcome] {
        var set = PolicyHooks()
        switch event {
        case .before: set.before = hooks
        case .afterSuccess: set.afterSuccess = hooks
        case .afterFailure: set.afterFailure = hooks
        case .always: set.always = hooks
        }
        return await HookRunner(set, environment: Self.environment, grace: grace).run(event, report)
    }

    private static func run(_ line: String) async throws -> HookOutcome {
        try #require(await run([Self.hook(.shell(line))]).first)
    }

    private static func hook(_ command: PolicyHook.Command, timeout: Duration = .seconds(30)) -> PolicyHook {
        var hook = PolicyHook()
        (hook.command, hook.timeout) = (command, timeout)
        return hook
    }

    /// A named pipe: whoever reads it to the end waits until everybody who opened it for writing is gone.
    private static func makeFIFO(_ directory: TemporaryDirectory, _ name: String = "alive") throws -> String {
        let path = directory.path(name)
        try #require(mkfifo(path, 0o600) == 0, "errno \(errno)")
        return path
    }

    // MARK: What a hook gets

    @Test func `a hook reads the run's JSON on its standard input`() async throws {
        let outcome = try await Self.run("cat; cat /dev/stdin")
        #expect(outcome.isSuccess, "\(outcome)")
        // Opened again by its name, the file is read from its beginning.
        #expect(outcome.output == Self.report.json + "\n" + Self.report.json + "\n")
    }

    @Test func `a JSON larger than any pipe gets through`() async throws {
        var report = Self.report
        report.json = "{\"text\":\"" + String(repeating: "x", count: 3 << 20) + "\"}"
        let outcome = try #require(await Self.run([Self.hook(.shell("wc -c"))], report: report).first)
        #expect(outcome.output.contains("\(report.json.utf8.count + 1)"), "\(outcome)")
    }

    @Test func `a hook finds the run in its environment and no secret`() async throws {
        let outcome = try await Self.run("env")
        #expect(outcome.isSuccess)
        let lines = Set(outcome.output.split(separator: "\n").map(String.init))
        let expected = [
            "REWARM_HOOK_EVENT=after-success", "REWARM_HOOK_STATUS=success", "REWARM_HOOK_EXIT_CODE=0",
            "REWARM_HOOK_POLICY=web", "REWARM_HOOK_SOURCE=cache one", "REWARM_HOOK_REPOSITORY=/srv/backups",
            "REWARM_HOOK_SNAPSHOT=20261121T070500Z-4f9c2a", "REWARM_REPOSITORY=/srv/backups",
            "PROXY=http://proxy:3128",
        ]
        for line in expected { #expect(lines.contains(line), "\(line)\n\(outcome.output)") }
        #expect(!outcome.output.contains("hunter"), "\(outcome.output)")
    }

    @Test func `what is not known is not in the environment`() async throws {
        let report = HookReport(.running, json: "{}")
        let outcome = try #require(
            await Self.run([Self.hook(.shell("env | grep ^REWARM_HOOK | sort"))], event: .before, report: report).first
        )
        #expect(outcome.output == "REWARM_HOOK_EVENT=before\nREWARM_HOOK_STATUS=running\n")
    }

    @Test func `a hook gets no descriptor but its three, and no blocked or ignored signal`() async throws {
        let directory = try TemporaryDirectory()
        let inherited = open(directory.path("inherited"), O_RDWR | O_CREAT, 0o600)
        defer { close(inherited) }
        #expect(!(try await Self.run("ls -l /proc/$$/fd").output).contains("inherited"))
        // Not of the shell, which blocks signals itself while it waits for a child.
        let status = try await Self.run("exec grep -E 'Sig(Blk|Ign)' /proc/self/status")
        let masks = status.output.split(separator: "\n").filter { $0.hasPrefix("Sig") }
        #expect(masks.count == 2)
        for mask in masks {
            let number = try #require(mask.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
            // From 32 on they are the C library's own.
            #expect(number & 0x7FFF_FFFF == 0, "\(mask)")
        }
    }

    @Test func `a program with arguments is started without a shell`() async throws {
        let hook = Self.hook(.program(["printf", "%s|", "$HOME", "a b"]))
        let outcome = try #require(await Self.run([hook]).first)
        #expect(outcome.output == "$HOME|a b|")
    }

    // MARK: How a hook ends

    @Test func `the hooks of an event run in their order, also after one that failed`() async throws {
        let outcomes = await Self.run([Self.hook(.shell("echo one; exit 7")), Self.hook(.shell("echo two >&2"))])
        #expect(outcomes.map(\.ending) == [.exited(7), .exited(0)])
        #expect(outcomes.map(\.output) == ["one\n", "two\n"])
        #expect(outcomes[0].problem == "hook after-success 1 (echo) ended with exit code 7")
        #expect(outcomes[0].notice.severity == .warning)
        #expect(outcomes[0].notice.text.hasSuffix(":\none"))
        #expect(outcomes[1].problem == nil)
        #expect(outcomes[1].notice.severity == .detail)
    }

    @Test func `only the hooks of the event run`() async {
        var set = PolicyHooks()
        set.afterFailure = [Self.hook(.shell("echo failure"))]
        set.always = [Self.hook(.shell("echo always"))]
        let runner = HookRunner(set, environment: Self.environment)
        #expect(await runner.run(.afterSuccess, Self.report).isEmpty)
        #expect(await runner.run(.always, Self.report).map(\.output) == ["always\n"])
    }

    @Test func `a message names the program and none of its arguments`() async throws {
        let secret = try await Self.run("/bin/false https://example.com/secret-of-the-hook")
        #expect(secret.problem == "hook after-success 1 (false) ended with exit code 1")
        let assignment = try await Self.run("KEY=secret-of-the-hook false")
        #expect(assignment.problem == "hook after-success 1 (shell line) ended with exit code 1")
    }

    @Test func `a hook that cannot be started says why`() async throws {
        let outcomes = await Self.run([
            Self.hook(.program(["/nonexistent/program"])), Self.hook(.program([])), Self.hook(.program(["/dev/null"])),
        ])
        #expect(outcomes.map(\.isSuccess) == [false, false, false])
        let problems = outcomes.compactMap(\.problem)
        #expect(problems[0].hasSuffix("could not be started: '/nonexistent/program': No such file or directory"))
        #expect(problems[1].hasSuffix("could not be started: no program is named"))
        #expect(problems[2].hasSuffix("could not be started: '/dev/null': Permission denied"))
    }

    @Test func `a hook that is ended by a signal says which`() async throws {
        let outcome = try await Self.run("kill -USR1 $$")
        #expect(outcome.ending == .signalled(SIGUSR1))
    }

    @Test func `a hook that closes its input and output does no harm`() async throws {
        var report = Self.report
        report.json = String(repeating: "x", count: 1 << 20)
        let lines = ["exec <&-", "exec <&- >&- 2>&-", "exec </dev/null"]
        let outcomes = await Self.run(lines.map { Self.hook(.shell($0)) }, report: report)
        #expect(outcomes.map(\.ending) == [.exited(0), .exited(0), .exited(0)])
    }

    @Test func `of ten mebibytes of output the end is kept`() async throws {
        let outcome = try await Self.run("head -c 10485760 /dev/zero | tr '\\0' x; echo the end")
        #expect(outcome.isSuccess)
        #expect(outcome.output.utf8.count == HookRunner.keptOutputByteCount)
        #expect(outcome.output.hasSuffix("xxxthe end\n"))
        let all = UInt64(10_485_760 + 8)
        #expect(outcome.omittedOutputByteCount == all - UInt64(HookRunner.keptOutputByteCount))
    }

    @Test func `output that is no text does no harm`() async throws {
        let outcome = try await Self.run(#"printf '\377\000\033[31m'"#)
        #expect(outcome.isSuccess)
        #expect(outcome.output.unicodeScalars.map(\.value) == [0xFFFD, 0, 0x1B, 0x5B, 0x33, 0x31, 0x6D])
    }

    // MARK: Time-outs

    @Test func `a hook over its time is ended with its children and grandchildren`() async throws {
        let directory = try TemporaryDirectory()
        let alive = try Self.makeFIFO(directory)
        // Each of the three holds the named pipe open for writing for as long as it lives.
        let line = "exec 9>'\(alive)'; sh -c 'sleep 600 & sleep 600 & wait' & echo begun; sleep 600"
        async let outcomes = Self.run([Self.hook(.shell(line), timeout: .milliseconds(500))])
        let reader = try Subprocess("/bin/cat", [alive])
        let outcome = try #require(await outcomes.first)
        #expect(outcome.ending == .timedOut(.milliseconds(500)))
        #expect(outcome.problem == "hook after-success 1 (exec) took longer than 500 ms and was ended")
        #expect(outcome.output == "begun\n")
        #expect(await reader.wait(atMost: .seconds(60)).termination == .exited(0), "a grandchild is alive")
    }

    @Test func `a hook that ignores SIGTERM is killed after the grace time`() async throws {
        let directory = try TemporaryDirectory()
        let alive = try Self.makeFIFO(directory)
        let line = "trap '' TERM; exec 9>'\(alive)'; (trap '' TERM; while :; do sleep 1; done) & wait"
        async let outcomes = Self.run(
            [Self.hook(.shell(line), timeout: .milliseconds(300))],
            grace: .milliseconds(300)
        )
        let reader = try Subprocess("/bin/cat", [alive])
        #expect(await outcomes.first?.ending == .timedOut(.milliseconds(300)))
        #expect(await reader.wait(atMost: .seconds(60)).termination == .exited(0), "a child is alive")
    }

    @Test func `a hook over its time may clean up within the grace time`() async throws {
        let line = "trap 'echo cleaned; exit 0' TERM; echo begun; while :; do sleep 0.05; done"
        let hook = Self.hook(.shell(line), timeout: .milliseconds(500))
        let outcome = try #require(await Self.run([hook], grace: .seconds(60)).first)
        #expect(outcome.ending == .timedOut(.milliseconds(500)))
        #expect(outcome.output.hasPrefix("begun\n") && outcome.output.hasSuffix("cleaned\n"), "\(outcome.output)")
    }

    @Test func `a child that a hook leaves behind keeps nobody waiting`() async throws {
        let directory = try TemporaryDirectory()
        let alive = try Self.makeFIFO(directory)
        // It holds the pipe of the output, and waits until it is told to end.
        let outcome = try await Self.run("(read line <'\(alive)'; echo late) & echo done")
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output == "done\n")
        let release = try Subprocess("/bin/sh", ["-c", "echo go >'\(alive)'"])
        #expect(await release.wait(atMost: .seconds(60)).termination == .exited(0), "it was killed, though it may live")
    }

    @Test func `a cancelled run ends the hooks before it and not those after it`() async throws {
        let directory = try TemporaryDirectory()
        let (alive, started) = (try Self.makeFIFO(directory), try Self.makeFIFO(directory, "started"))
        let line = "exec 9>'\(alive)'; echo go >'\(started)'; sleep 600"
        let task = Task { await Self.run([Self.hook(.shell(line), timeout: .seconds(600))], event: .before) }
        let reader = try Subprocess("/bin/cat", [alive])
        _ = try await Subprocess("/bin/cat", [started]).wait(atMost: .seconds(60))
        task.cancel()
        #expect(await task.value.first?.ending == .cancelled)
        #expect(await reader.wait(atMost: .seconds(60)).termination == .exited(0))

        let after = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await Self.run([Self.hook(.shell("echo told"))], event: .always)
        }
        #expect(await after.value.map(\.output) == ["told\n"])
    }
}
