import Foundation
import TestSupport
import Testing

/// `Scripts/cron-backup` around a command that tells what it was given.
struct CronBackupTests {
    private let directory: TemporaryDirectory
    private let policy: String

    init() throws {
        directory = try TemporaryDirectory()
        policy = try directory.write("source: {url: 'redis://127.0.0.1:1'}\n", to: "web.yaml")
    }

    /// A program of the test's directory.
    private func program(_ name: String, _ script: String) throws -> String {
        let path = try directory.write("#!/bin/sh\n" + script + "\n", to: name)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        return path
    }

    private func environmentFile(_ text: String, mode: Int = 0o600, name: String = "web.env") throws -> String {
        let path = try directory.write(text, to: name)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    /// As cron does: hardly any environment.
    private func start(_ arguments: [String], _ environment: [String: String]) throws -> Subprocess {
        try Subprocess(
            "/bin/sh",
            ["-c", "exec \"$0\" \"$@\"", ProjectFile.root + "/Scripts/cron-backup"] + arguments,
            environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path].merging(environment) { $1 },
            workingDirectory: directory.path
        )
    }

    private func run(_ arguments: [String], _ environment: [String: String]) async throws -> SubprocessResult {
        try await start(arguments, environment).wait(atMost: .seconds(60))
    }

    @Test(arguments: [0, 3, 4, 11, 16, 20, 143]) func `the exit status of rewarm is passed on`(code: Int32) async throws
    {
        let rewarm = try program("rewarm", "exit \(code)")
        for log in ["", directory.path("log")] {
            let result = try await run([policy], ["REWARM": rewarm, "REWARM_LOG": log])
            #expect(result.exitCode == code, "\(log): \(result)")
            #expect(result.outputText + result.errorText == "", "\(result)")
        }
    }

    @Test func `rewarm gets the policy, quiet, and the options`() async throws {
        let rewarm = try program("rewarm", "printf '%s\\n' \"$@\"; echo problem >&2")
        let result = try await run([policy, "--tag", "a=b c"], ["REWARM": rewarm])
        #expect(result.outputText == "snapshot\n--policy\n\(policy)\n--quiet\n--tag\na=b c\n")
        #expect(result.errorText == "problem\n")
    }

    @Test func `a run on the real command fails as that does`() async throws {
        let result = try await run([policy, "--repository", directory.path("absent")], ["REWARM": RewarmCommand.path])
        #expect(result.exitCode == 10 || result.exitCode == 20, "\(result)")
        #expect(result.errorText.hasPrefix("error: "), "\(result)")
    }

    @Test func `a private file beside the policy fills the environment, and nothing in it is carried out`() async throws
    {
        let file = try environmentFile(
            """
            # secrets
            REWARM_SOURCE_PASSWORD=a b$(touch carried-out)`touch carried-out`
            export QUOTED="with spaces"
              SINGLE='x'
            EMPTY=
            LAST=1
            """
        )
        let rewarm = try program("rewarm", "env | grep -E '^(REWARM_SOURCE|QUOTED|SINGLE|EMPTY|LAST)' | sort")
        for environment in [[:], ["REWARM_ENV_FILE": file]] {
            let result = try await run([policy], ["REWARM": rewarm].merging(environment) { $1 })
            #expect(result.exitCode == 0, "\(result)")
            #expect(
                result.outputText
                    == "EMPTY=\nLAST=1\nQUOTED=with spaces\n"
                    + "REWARM_SOURCE_PASSWORD=a b$(touch carried-out)`touch carried-out`\nSINGLE=x\n"
            )
        }
        #expect(!FileManager.default.fileExists(atPath: directory.path("carried-out")))
    }

    @Test(arguments: [0o640, 0o604, 0o620]) func `an environment file that others can use is refused`(
        mode: Int
    ) async throws {
        _ = try environmentFile("A=1\n", mode: mode)
        let rewarm = try program("rewarm", "echo ran")
        let result = try await run([policy], ["REWARM": rewarm])
        #expect(result.exitCode == 12, "\(result)")
        #expect(result.outputText.isEmpty)
        #expect(result.errorText.contains("chmod 600"), "\(result)")
    }

    @Test func `what cannot be right is refused before anything runs`() async throws {
        let rewarm = try program("rewarm", "echo ran")
        let bad = try environmentFile("A=1\nnot a line\n", name: "bad.env")
        let calls: [([String], [String: String], Int32)] = [
            ([], [:], 2), (["--policy"], [:], 2), ([directory.path("absent.yaml")], [:], 2),
            ([policy], ["REWARM": "/nonexistent/rewarm"], 2), ([policy], ["REWARM_ENV_FILE": bad], 2),
            ([policy], ["REWARM_ENV_FILE": directory.path("absent.env")], 12),
            ([policy], ["REWARM_LOG": directory.path("absent/log")], 12),
        ]
        for (arguments, environment, code) in calls {
            let result = try await run(arguments, ["REWARM": rewarm].merging(environment) { $1 })
            #expect(result.exitCode == code, "\(arguments) \(environment): \(result)")
            #expect(result.outputText.isEmpty && !result.errorText.isEmpty, "\(result)")
        }
    }

    @Test func `one run at a time, and the lock goes with the run`() async throws {
        let gate = directory.path("gate")
        #expect(mkfifo(gate, 0o600) == 0)
        // The first opens the gate for reading once it holds the lock, and waits there.
        let rewarm = try program("rewarm", "read line <'\(gate)'; exit 5")
        let first = try start([policy], ["REWARM": rewarm])
        let writer = open(gate, O_WRONLY)
        #expect(writer >= 0)
        let second = try await run([policy], ["REWARM": rewarm])
        #expect(second.exitCode == 11, "\(second)")
        #expect(second.errorText.contains("still at work"), "\(second)")
        close(writer)
        #expect(await first.wait(atMost: .seconds(60)).exitCode == 5)
        let quick = try program("quick", "exit 0")
        #expect(try await run([policy], ["REWARM": quick]).exitCode == 0)
    }

    @Test func `a signal meets rewarm itself`() async throws {
        let gate = directory.path("gate")
        #expect(mkfifo(gate, 0o600) == 0)
        let rewarm = try program(
            "rewarm",
            "trap 'echo ended; exit 143' TERM; echo go >'\(gate)'; while :; do sleep 0.05; done"
        )
        let process = try start([policy], ["REWARM": rewarm])
        _ = try await Subprocess("/bin/cat", [gate]).wait(atMost: .seconds(60))
        process.send(signal: SIGTERM)
        let result = await process.wait(atMost: .seconds(60))
        #expect(result.exitCode == 143)
        #expect(result.outputText == "ended\n")
    }

    @Test func `a log is appended to, each line with its time, and only its owner reads it`() async throws {
        let log = directory.path("log")
        let rewarm = try program("rewarm", "echo out; echo err >&2; exit 16")
        for _ in 1...2 {
            let result = try await run([policy], ["REWARM": rewarm, "REWARM_LOG": log])
            #expect(result.exitCode == 16)
            #expect(result.outputText + result.errorText == "", "\(result)")
        }
        let lines = String(decoding: try Data(contentsOf: URL(fileURLWithPath: log)), as: UTF8.self)
            .split(separator: "\n")
        #expect(lines.count == 6, "\(lines)")
        for line in lines { #expect(line.prefixMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ./) != nil, "\(line)") }
        #expect(lines[2].hasSuffix("snapshot by \(policy): exit status 16"))
        let mode = try FileManager.default.attributesOfItem(atPath: log)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `syslog gets what is printed, and the status of a failure`() async throws {
        let seen = directory.path("seen")
        _ = try program(
            "logger",
            "echo \"args: $*\" >>'\(seen)'; case \"$*\" in *--*status*) ;; *) cat >>'\(seen)' ;; esac"
        )
        let rewarm = try program("rewarm", "echo printed; exit 4")
        let path = directory.path + ":/usr/bin:/bin"
        let result = try await run([policy], ["REWARM": rewarm, "REWARM_LOG": "syslog", "PATH": path])
        #expect(result.exitCode == 4, "\(result)")
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: seen)), as: UTF8.self)
        #expect(text.contains("\nprinted\n"), "\(text)")
        #expect(text.contains("--priority daemon.err -- snapshot by \(policy): exit status 4"), "\(text)")
    }
}
