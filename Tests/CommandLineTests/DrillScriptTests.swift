import Foundation
import TestSupport
import Testing

/// `Scripts/dr-drill` and `Scripts/dr-failover` around a command that tells what it was given.
struct DrillScriptTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path("policies"), withIntermediateDirectories: true)
    }

    private func program(_ script: String) throws -> String {
        let path = try directory.write("#!/bin/sh\n" + script + "\n", to: "rewarm")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        return path
    }

    private func policy(_ name: String) throws {
        try directory.write("source: {url: 'redis://127.0.0.1:1'}\n", to: "policies/" + name)
    }

    private func run(
        _ script: String,
        _ arguments: [String],
        _ environment: [String: String],
        input: String = ""
    ) async throws -> SubprocessResult {
        let process = try Subprocess(
            "/bin/sh",
            ["-c", "exec \"$0\" \"$@\"", ProjectFile.root + "/Scripts/" + script] + arguments,
            environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path].merging(environment) { $1 },
            workingDirectory: directory.path,
            input: Array(input.utf8)
        )
        return await process.wait(atMost: .seconds(60))
    }

    // MARK: dr-drill

    /// A drill whose status is in the policy's name: `a-13.yaml`.
    private static let drill = """
        name=$(basename "$3" .yaml); code=${name##*-}
        echo "$@" >>"$HOME/calls"
        echo "{\\"schema\\":1,\\"type\\":\\"summary\\",\\"command\\":\\"drill\\",\\"exitCode\\":$code,\\
        \\"snapshot\\":\\"S-$name\\",\\"result\\":\\"r$code\\",\\"rtoMilliseconds\\":12,\\"rpoMilliseconds\\":null}"
        exit "$code"
        """

    private static let statuses: [([Int], Int32)] = [
        ([0, 0], 0), ([0, 15], 15), ([17, 15], 17), ([13, 17, 0], 13), ([20, 13], 13), ([20, 17], 20),
    ]

    @Test(arguments: statuses)
    func `every policy is drilled, and the worst status is the script's`(_ codes: [Int], expected: Int32) async throws {
        for (index, code) in codes.enumerated() { try policy("p\(index)-\(code).yaml") }
        try directory.write("no policy", to: "policies/README")
        let result = try await run(
            "dr-drill",
            [directory.path("policies"), "--sample", "5"],
            ["REWARM": try program(Self.drill), "REWARM_DRILL_REPORTS": directory.path("reports/deep")]
        )
        #expect(result.exitCode == expected, "\(result)")
        let lines = codes.enumerated().map { index, code in
            "p\(index)-\(code).yaml  r\(code)  S-p\(index)-\(code)  rto 12 ms\n"
        }
        #expect(result.outputText == lines.joined())
        let calls = try String(contentsOfFile: directory.path("calls"), encoding: .utf8)
        let first = "drill --policy \(directory.path("policies"))/p0-\(codes[0]).yaml --report-directory "
        #expect(calls.hasPrefix(first + directory.path("reports/deep") + " --json --sample 5\n"), "\(calls)")
        #expect(FileManager.default.fileExists(atPath: directory.path("reports/deep")))
    }

    @Test func `a directory without policies, or none, is a wrong call`() async throws {
        let rewarm = try program("exit 0")
        for arguments in [[], [directory.path("policies")], [directory.path("absent")], ["--sample"]] {
            let result = try await run("dr-drill", arguments, ["REWARM": rewarm])
            #expect(result.exitCode == 2, "\(arguments): \(result)")
        }
        try policy("a.yaml")
        let result = try await run("dr-drill", [directory.path("policies")], ["REWARM": directory.path("absent")])
        #expect(result.exitCode == 2 && result.errorText.contains("set REWARM"), "\(result)")
    }

    @Test func `a drill that fails on the real command has its line and its status`() async throws {
        try policy("a.yaml")
        let result = try await run(
            "dr-drill",
            [directory.path("policies"), "--repository", directory.path("absent")],
            ["REWARM": RewarmCommand.path]
        )
        #expect(result.exitCode == 10, "\(result)")
        #expect(result.outputText.hasPrefix("a.yaml  failed  "), "\(result)")
    }

    // MARK: dr-failover

    /// Tells its arguments; `FAIL` names the verb that fails.
    private static let walker = """
        echo "$@" >>"$HOME/calls"
        [ "$1" = show ] && echo '{"schema":1,"type":"item","id":"20261121T070500Z-4f9c2a"}'
        [ "$1" = "${FAIL:-}" ] && exit 14
        exit 0
        """

    private func walk(
        _ arguments: [String],
        input: String = "",
        failing verb: String = ""
    ) async throws -> (result: SubprocessResult, calls: [String]) {
        let environment = ["REWARM": try program(Self.walker), "FAIL": verb]
        let result = try await run(
            "dr-failover",
            ["--target", "redis://new", "--source-name", "web"] + arguments,
            environment,
            input: input
        )
        let calls = (try? String(contentsOfFile: directory.path("calls"), encoding: .utf8)) ?? ""
        return (result, calls.split(separator: "\n").map(String.init))
    }

    private static let id = "20261121T070500Z-4f9c2a"

    @Test func `all steps are walked with --yes, and the options go to the restore`() async throws {
        let (result, calls) = try await walk(["--yes", "--", "--rate", "5"])
        #expect(result.exitCode == 0, "\(result)")
        #expect(
            calls == [
                "show latest --source-name web --json", "verify \(Self.id)",
                "restore \(Self.id) --target redis://new --dry-run --rate 5",
                "restore \(Self.id) --target redis://new --rate 5", "diff \(Self.id) --target redis://new --exit-code",
            ]
        )
        #expect(result.outputText.contains("point the applications at redis://new"))
    }

    @Test func `each step waits for a yes; no answer and no end the walk before it`() async throws {
        let stopped = try await walk([], input: "y\nskip\nn\n")
        #expect(stopped.result.exitCode == 1, "\(stopped.result)")
        #expect(stopped.calls == ["show latest --source-name web --json", "verify \(Self.id)"])
        #expect(stopped.result.errorText.contains("--from 3"))
        let silent = try await walk(["--from", "3"])
        #expect(silent.result.exitCode == 1 && silent.result.errorText.contains("no answer"), "\(silent.result)")
    }

    @Test func `a step that fails ends the walk with its status`() async throws {
        let (result, calls) = try await walk(["--yes", "--from", "2"], failing: "restore")
        #expect(result.exitCode == 14, "\(result)")
        #expect(calls.count == 2 && calls.last?.contains("--dry-run") == true)
        #expect(result.errorText.contains("--from 2"))
    }

    @Test func `a policy is walked through with the real command, from its newest snapshot to the last step`()
        async throws
    {
        let bench = try Bench()
        let (source, other) = (try await Bench.source(), try await Bench.source())
        let target = try await RedisServer.start()
        // Of another source, and newer: the policy's own is meant.
        let policy = try directory.write(
            "source: {name: web, url: '\(source.url)'}\nrepository: \(bench.rewarm.repository)\n",
            to: "web.yaml"
        )
        let taken = try await bench.rewarm.run("snapshot", "--policy", policy, "--create", "--json")
        let id = try #require(taken.summary["snapshot"].text, "\(taken)")
        try other.client().command("SET", "greeting", "of another source")
        let newer = try await bench.snapshot(other)
        let environment = bench.rewarm.environment.merging(["REWARM": RewarmCommand.path]) { $1 }
        let walk = { (more: [String]) in
            try await run("dr-failover", ["--target", target.url, "--policy", policy, "--yes"] + more, environment)
        }
        let result = try await walk([])
        #expect(result.exitCode == 0, "\(result)")
        #expect(
            result.outputText.contains("The newest good snapshot of web is \(id).")
                && !result.outputText.contains(newer)
        )
        for number in 1...5 { #expect(result.outputText.contains("\nStep \(number): "), "\(result)") }
        #expect(try target.client().command("GET", "greeting").text == "hello")
        #expect(try target.client().command("DBSIZE").integer == 7)
        // Again: the target is not empty any more, which the second step finds before anything is written.
        let again = try await walk([])
        #expect(again.exitCode == 14 && again.errorText.contains("--from 2"), "\(again)")
        // The comparison finds what somebody changed.
        try target.client().command("SET", "greeting", "changed")
        let compared = try await walk(["--from", "4"])
        #expect(compared.exitCode != 0 && compared.errorText.contains("--from 4"), "\(compared)")
    }

    @Test(arguments: [
        ["--policy", "a"], ["--target", "x"], ["--target", "x", "--policy", "a", "--source-name", "b"],
        ["--target", "x", "--source-name", "b", "--from", "6"], ["--what"], ["--target"],
    ])
    func `a wrong call is told`(arguments: [String]) async throws {
        let result = try await run("dr-failover", arguments, ["REWARM": try program("exit 0")])
        #expect(result.exitCode == 2, "\(result)")
        #expect(result.errorText.contains("usage:"), "\(result)")
    }
}
