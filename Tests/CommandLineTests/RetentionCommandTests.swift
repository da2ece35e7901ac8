import Foundation
import TestSupport
import Testing

/// Retention, guards and policies from the shell.
struct RetentionCommandTests {
    /// A repository with a snapshot on each of the days of November 2026, all of the source "bench".
    private static func bench(days: ClosedRange<Int>) async throws -> (Bench, RedisServer) {
        let (bench, source) = (try Bench(), try await Bench.source())
        try source.client().command("SAVE")
        for day in days {
            let time = "2026-11-\(day < 10 ? "0" : "")\(day)T03:00:00Z"
            let options = [source.dumpPath, "--source-name", "bench", "--taken-at", time, "--create"]
            let outcome = try await bench.run("import", options)
            try #require(outcome.exitCode == 0, "\(outcome)")
        }
        return (bench, source)
    }

    private static func listedCount(_ bench: Bench) async throws -> Int {
        try await bench.run("list", ["--json"]).items.count
    }

    @Test func `4: a brake prints the whole plan, names the way past it, and deletes nothing`() async throws {
        let (bench, _) = try await Self.bench(days: 1...9)
        let policy = try bench.policy("retention: {last: 2}")
        for options in [[], ["--apply"]] {
            let outcome = try await bench.run("expire", ["--policy", policy] + options)
            #expect(outcome.exitCode == 4, "\(outcome)")
            #expect(outcome.output.split(separator: "\n").count { $0.contains("  delete  ") } == 7, "\(outcome)")
            #expect(outcome.errors.contains("--allow-mass-delete"), "\(outcome)")
        }
        let json = try await bench.run("expire", ["--policy", policy, "--apply", "--json"])
        #expect(json.exitCode == 4)
        #expect(json.items.count == 9)
        #expect(json.summary["brakes"].array.map { $0["name"].text } == ["mass-delete"])
        #expect(json.summary["isApplied"].boolean == false)
        #expect(try await Self.listedCount(bench) == 9)
        let past = try await bench.run("expire", ["--policy", policy, "--apply", "--allow-mass-delete", "--quiet"])
        #expect(past.exitCode == 0 && past.output.isEmpty, "\(past)")
        #expect(try await Self.listedCount(bench) == 2)
    }

    @Test func `a plan groups snapshots, explains one, and changes nothing without --apply`() async throws {
        let (bench, _) = try await Self.bench(days: 1...6)
        let policy = try bench.policy("retention: {daily: 4}")
        let plan = try await bench.run("expire", ["--policy", policy])
        #expect(plan.exitCode == 0, "\(plan)")
        #expect(plan.output.hasPrefix("Group source=bench policy=-\nID "), "\(plan)")
        #expect(plan.output.contains("daily 1/4 2026-11-06, min-copies 1/1"), "\(plan)")
        #expect(plan.output.contains("would delete 2 of 6"), "\(plan)")
        let explained = try await bench.run("expire", ["--policy", policy, "--explain", "20261103"])
        #expect(explained.output.contains("because of daily 4/4 2026-11-03"), "\(explained)")
        let unknown = try await bench.run("expire", ["--policy", policy, "--explain", "2025"])
        #expect(unknown.exitCode == 1, "\(unknown)")
        #expect(try await Self.listedCount(bench) == 6)
    }

    @Test func `a policy that says so is carried out without the flag, and --dry-run wins`() async throws {
        let (bench, _) = try await Self.bench(days: 1...5)
        let policy = try bench.policy("retention: {last: 3, apply: true}")
        for options in [["--dry-run"], ["--explain", "20261105"], ["--at", "2027-01-01"]] {
            #expect(try await bench.run("expire", ["--policy", policy] + options).exitCode == 0)
            #expect(try await Self.listedCount(bench) == 5, "\(options)")
        }
        let outcome = try await bench.run("expire", ["--policy", policy])
        #expect(outcome.output.contains("deleted 2 of 5"), "\(outcome)")
        #expect(try await Self.listedCount(bench) == 3)
        let back = try await bench.run("list", ["--all", "--json"]).items.compactMap { $0["id"].text }
        #expect(back.count == 5)
        #expect(try await bench.run("undelete", [back[4]]).exitCode == 0)
        #expect(try await Self.listedCount(bench) == 4)
    }

    @Test func `a list is tried without a repository, and its brakes only show`() async throws {
        let bench = try Bench()
        let policy = try bench.policy("retention: {last: 1}")
        let list = bench.rewarm.directory.path("list.json")
        let elements = (1...8).map { #"{"id":"a\#($0)","takenAt":"2026-11-0\#($0)T00:00:00Z"}"# }
        try "[\(elements.joined(separator: ","))]".write(toFile: list, atomically: false, encoding: .utf8)
        let options = ["--policy", policy, "--what-if", list]
        let outcome = try await bench.run("expire", options + ["--json"])
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.items.map { $0["decision"].text } == ["keep"] + Array(repeating: "delete", count: 7))
        #expect(outcome.items[0]["reasons"].array.map(\.text) == ["last 1/1", "min-copies 1/1"])
        let first = try #require(outcome.output.split(separator: "\n").first)
        let form = #"{"schema":1,"type":"item","id":"a8","decision":"keep","reasons":["last 1/1","min-copies 1/1"],"#
        #expect(first.hasPrefix(form), "\(first)")
        #expect(outcome.summary["brakes"].array.map { $0["name"].text } == ["mass-delete"])
        let text = try await bench.run("expire", options)
        #expect(text.exitCode == 0 && text.output.contains("way past it: "), "\(text)")
        #expect(!FileManager.default.fileExists(atPath: bench.rewarm.repository))
        try "[{}]".write(toFile: list, atomically: false, encoding: .utf8)
        let wrong = try await bench.run("expire", options)
        #expect(wrong.exitCode == 2 && wrong.errors.contains("takenAt"), "\(wrong)")
    }

    @Test func `16: a suspicious snapshot is kept, expires nothing, and is accepted by hand`() async throws {
        let (bench, source) = try await Self.bench(days: 1...3)
        let policy = try bench.policy(
            "source: {name: bench, url: '\(source.url)'}\nguards: {min-keys: 8}\nretention: {last: 2, apply: true}"
        )
        let outcome = try await bench.run("snapshot", ["--policy", policy, "--json"])
        #expect(outcome.exitCode == 16, "\(outcome)")
        let id = try #require(outcome.summary["snapshot"].text)
        #expect(outcome.summary["suspicion"].text == "it has 7 keys, and min-keys is 8")
        #expect(try await Self.listedCount(bench) == 4, "nothing expires")
        let shown = try await bench.run("show", [id])
        #expect(shown.output.contains("suspicious: it has 7 keys"), "\(shown)")
        let newest = try await bench.run("show", ["latest", "--json"]).items.first?["id"].text
        #expect(newest?.hasPrefix("20261103") == true)
        #expect(try await bench.run("accept", [id]).exitCode == 0)
        #expect(try await bench.run("show", ["latest", "--policy", "p", "--json"]).items.first?["id"].text == id)
    }

    @Test func `a drop against the last good snapshots is suspicious, an accepted one is the new measure`() async throws
    {
        let (bench, source) = (try Bench(), try await RedisServer.start())
        let policy = try bench.policy("source: {name: s, url: '\(source.url)'}\nguards: {max-drop: 50%}")
        func fill(_ count: Int) throws {
            let client = try source.client()
            try client.command("FLUSHALL")
            _ = try client.pipeline((0..<count).map { ["SET", RedisArgument("key:\($0)"), "value"] })
        }
        try fill(100)
        for _ in 0..<3 { #expect(try await bench.run("snapshot", ["--policy", policy, "--create"]).exitCode == 0) }
        try fill(40)
        let dropped = try await bench.run("snapshot", ["--policy", policy, "--json"])
        #expect(dropped.exitCode == 16, "\(dropped)")
        #expect(dropped.summary["suspicion"].text?.hasPrefix("it has 40 keys, 60% less than the 100") == true)
        #expect(try await bench.run("snapshot", ["--policy", policy]).exitCode == 16)
        #expect(try await bench.run("accept", [try #require(dropped.summary["snapshot"].text)]).exitCode == 0)
        let next = try await bench.run("snapshot", ["--policy", policy, "--quiet"])
        #expect(next.exitCode == 0 && next.output.isEmpty && next.errors.isEmpty, "\(next)")
    }

    @Test func `a snapshot by policy is one line, expires after success, and tells its hooks`() async throws {
        let (bench, source) = try await Self.bench(days: 1...4)
        let log = bench.rewarm.directory.path("hooks.log")
        let policy = try bench.policy(
            """
            source: {name: bench, url: '\(source.url)'}
            retention: {last: 2, group-by: [source], apply: true}
            hooks:
              before: ["echo before $REWARM_HOOK_STATUS >> \(log)"]
              after-success: ["echo success $REWARM_HOOK_EXIT_CODE >> \(log)", "cat >> \(log)"]
              after-failure: ["echo failure $REWARM_HOOK_EXIT_CODE >> \(log)"]
              always: ["echo always >> \(log)", "exit 7"]
            """
        )
        let absent = try Bench()
        let failed = try await absent.run("snapshot", ["--policy", policy])
        #expect(failed.exitCode == 10, "\(failed)")
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "before running\nfailure 10\nalways\n")
        try FileManager.default.removeItem(atPath: log)

        let outcome = try await bench.run("snapshot", ["--policy", policy])
        #expect(outcome.exitCode == 0, "a failed hook spoils nothing: \(outcome)")
        #expect(
            outcome.output.split(separator: "\n").count == 1 && outcome.output.contains(", expired 3"),
            "\(outcome)"
        )
        #expect(outcome.errors.contains("warning: hook always 2"), "\(outcome)")
        #expect(try await Self.listedCount(bench) == 2)
        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 4 && lines[1] == "success 0" && lines[3] == "always", "\(lines)")
        let told = try JSONDecoder().decode(JSONTree.self, from: Data(lines[2].utf8))
        #expect(told["status"].text == "success" && told["expire"]["deleteCount"].integer == 3, "\(told)")
    }

    @Test func `a brake after a good snapshot is exit 4, and the snapshot stays`() async throws {
        let (bench, source) = try await Self.bench(days: 1...9)
        let policy = try bench.policy(
            "source: {name: bench, url: '\(source.url)'}\nretention: {last: 1, group-by: [source], apply: true}"
        )
        let outcome = try await bench.run("snapshot", ["--policy", policy])
        #expect(outcome.exitCode == 4, "\(outcome)")
        #expect(outcome.errors.contains("is good, but nothing was deleted"), "\(outcome)")
        #expect(try await Self.listedCount(bench) == 10)
    }

    @Test func `failed attempts are listed with their reasons, and those that were locked out are not`() async throws {
        let bench = try Bench()
        let source = try await RedisServer.start(.init(password: Bench.password))
        let policy = try bench.policy("source: {name: s, url: '\(source.url)', password-file: absent}")
        func snapshot(_ options: [String]) async throws -> Int32 {
            try await bench.run("snapshot", options + ["--create"]).exitCode
        }
        #expect(try await snapshot(["--source", source.url, "--source-name", "s"]) == 12)
        let free = try SocketCalls.freeLoopbackPort()
        #expect(try await snapshot(["--source", "redis://127.0.0.1:\(free)", "--source-name", "gone"]) == 20)
        #expect(try await bench.run("import", ["/dev/null", "--source-name", "file"]).exitCode == 13)
        #expect(try await snapshot(["--policy", policy]) == 1)
        let items = try await bench.run("list", ["--failed", "--json"]).items
        #expect(items.map { $0["sourceName"].text } == ["s", "file", "gone", "s"])
        #expect(items.map { $0["kind"].text } == ["failure", "integrity", "unreachable", "denied"])
        #expect(items.first?["policy"].text == "p")
        #expect(items.allSatisfy { $0["reason"].text?.isEmpty == false })
        let text = try await bench.run("list", ["--failed", "--source-name", "gone"])
        #expect(text.output.split(separator: "\n").count == 2 && text.output.contains("refused"), "\(text)")
        #expect(try await bench.run("list", ["--failed", "--all"]).exitCode == 2)
        #expect(try await bench.run("catalog check").exitCode == 0)
    }

    @Test func `a hold binds expire, delete and purge until it has ended or is removed`() async throws {
        let (bench, _) = try await Self.bench(days: 1...4)
        let policy = try bench.policy("retention: {last: 1, grace: 0h, max-delete: 100%}")
        let ids = try await bench.run("list", ["--json"]).items.compactMap { $0["id"].text }
        #expect(try await bench.run("hold add", [ids[3], "--reason", "audit", "--until", "2999-01-01"]).exitCode == 0)
        #expect(try await bench.run("delete", [ids[2]]).exitCode == 0)
        #expect(try await bench.run("undelete", [ids[2]]).exitCode == 0)
        #expect(try await bench.run("hold add", [ids[2], "--reason", "brief"]).exitCode == 0)
        for _ in 0..<2 { #expect(try await bench.run("expire", ["--policy", policy, "--apply"]).exitCode == 0) }
        #expect(try await bench.run("delete", [ids[3]]).exitCode == 1)
        #expect(try await bench.run("purge", ["--grace", "0s"]).exitCode == 0)
        #expect(
            try await bench.run("list", ["--all", "--json"]).items.compactMap { $0["id"].text }
                == [0, 2, 3].map { ids[$0] }
        )
        #expect(try await bench.run("hold remove", [ids[2], "--all"]).exitCode == 0)
        #expect(try await bench.run("expire", ["--policy", policy, "--apply"]).exitCode == 0)
        #expect(try await bench.run("list", ["--json"]).items.compactMap { $0["id"].text } == [ids[0], ids[3]])
    }

    @Test(arguments: [
        ["--apply", "--dry-run"], ["--apply", "--at", "2027-01-01"], ["--apply", "--what-if", "x"],
        ["--apply", "--explain", "2026"], ["--what-if", "/no/such/list"],
    ])
    func `2: options of expire that contradict each other, or a list that is not there`(options: [String]) async throws
    {
        let bench = try Bench()
        let policy = try bench.policy("retention: {last: 1}")
        let outcome = try await bench.run("expire", ["--policy", policy] + options)
        #expect(outcome.exitCode == 2, "\(outcome)")
    }
}

extension Bench {
    /// Writes a policy of the name "p"; its source is "bench" unless the text says something else.
    func policy(_ text: String) throws -> String {
        let path = rewarm.directory.path("p.yaml")
        let source = text.contains("source: {") ? "" : "source: {name: bench}\n"
        try (source + text + "\n").write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }
}
