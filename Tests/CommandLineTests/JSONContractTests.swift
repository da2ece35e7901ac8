import Foundation
import TestSupport
import Testing

/// What programs may rely on: one object a line, its type, the summary last, and the names of the fields.
struct JSONContractTests {
    private static let types: Set<String> = ["status", "item", "warning", "error", "summary"]

    /// Every command line of the contract, with the exit code that it must have on a bench with one snapshot.
    private static func lines(
        id: String,
        source: RedisServer,
        target: RedisServer,
        policy: String
    ) -> [(String, [String], Int32)] {
        [
            ("snapshot", ["--source", source.url, "--source-name", "bench", "--method", "scan"], 0),
            ("import", [source.dumpPath, "--source-name", "file"], 0),
            ("import", ["/dev/null"], 13), ("list", ["--failed"], 0), ("list", ["--interrupted"], 0),
            ("snapshot", ["--policy", policy], 0), ("expire", ["--policy", policy, "--dry-run"], 0),
            ("expire", ["--policy", policy], 0),
            ("list", [], 0), ("show", [id], 0), ("show", ["latest", "--source-name", "by-policy"], 0),
            ("keys", [id], 0),
            ("get", [id, "greeting"], 0), ("get", [id, "list"], 0), ("get", [id, "hash"], 0),
            ("get", [id, "zset"], 0), ("get", [id, "stream"], 0), ("get", [id, "absent"], 1),
            ("restore", [id, "--target", target.url, "--dry-run"], 0),
            ("restore", [id, "--target", target.url], 0), ("restore", [id, "--target", target.url], 14),
            ("export", [id, "--rdb", source.dumpPath + ".export"], 0),
            ("export", [id, "--rdb", source.dumpPath + ".older", "--rdb-version", "6"], 3),
            ("diff", [id, "--target", target.url], 0), ("diff", [id, id], 2),
            ("verify", [id], 0),
            ("hold add", [id, "--reason", "why", "--until", "2999-01-01"], 0), ("hold list", [], 0),
            ("delete", [id], 1), ("hold remove", [id, "--all"], 0),
            ("delete", [id], 0), ("purge", ["--dry-run"], 0), ("undelete", [id], 0), ("purge", [], 0),
            ("accept", [id], 1), ("catalog check", [], 0), ("catalog rebuild", [], 0),
            ("verify", [], 2),
            ("check", ["--policy", "bench.yaml"], 16),
            ("schedule print", ["--cron", "--policy", "bench.yaml"], 0),
            ("report", ["--policy", policy], 0), ("report", ["--policy", "bench.yaml"], 0), ("report", [], 0),
            ("drill", [id], 0), ("drill", [id, "--server", "/absent"], 17), ("drill", [id, "--max-rpo", "0s"], 15),
            ("show", [id], 0),
        ]
    }

    /// Those about policy files alone, which have no repository.
    private static let policyLines: [(String, [String], Int32)] = [
        ("policy check", ["good.yaml"], 0), ("policy check", ["good.yaml", "bad.yaml"], 2),
        ("policy show", ["good.yaml", "--codec", "none"], 0), ("policy schema", [], 0),
    ]

    @Test func `every command ends with a summary that has its name and exit code`() async throws {
        let (source, target) = (try await Bench.source(), try await RedisServer.start())
        try source.client().command("SAVE")
        let bench = try Bench()
        let id = try await bench.snapshot(source)
        var shapes = ShapeBook()
        try bench.rewarm.directory.write("source: {url: 'redis://c1'}\n", to: "good.yaml")
        let text = "source: {name: bench, url: 'redis://c1'}\ncheck: {drilled-within: 1d}\nschedule: {every: day}\n"
        try bench.rewarm.directory.write(text, to: "bench.yaml")
        try bench.rewarm.directory.write("guards: {min-keys: x}\n", to: "bad.yaml")
        let policy = try bench.policy(
            "source: {name: 'by-policy', url: '\(source.url)', sentinel: true}\nretention: {last: 1, apply: true}"
        )
        let lines = Self.lines(id: id, source: source, target: target, policy: policy)
        for (verb, options, exitCode) in lines + Self.policyLines {
            let isAboutPolicies = verb.hasPrefix("policy ")
            let words = verb.split(separator: " ").map(String.init) + options + ["--json"]
            let outcome =
                try await isAboutPolicies ? bench.rewarm.run(words) : bench.run(verb, options + ["--json"])
            #expect(outcome.exitCode == exitCode, "\(verb) \(options): \(outcome)")
            #expect(outcome.errors.isEmpty, "standard error stays empty: \(outcome)")
            let count = outcome.output.split(separator: "\n").count
            #expect(outcome.lines.count == count && count > 0, "every line is an object: \(outcome)")
            for line in outcome.lines {
                #expect(line["schema"].integer == 1)
                #expect(Self.types.contains(line["type"].text ?? ""), "\(line)")
            }
            #expect(outcome.lines.last?["type"].text == "summary", "\(outcome)")
            #expect(outcome.lines.count { $0["type"].text == "summary" } == 1)
            #expect(outcome.summary["command"].text == verb)
            #expect(outcome.summary["exitCode"].integer == Int64(exitCode))
            if exitCode != 0 { #expect(outcome.lines.contains { $0["type"].text == "error" }, "\(outcome)") }
            shapes.add(outcome.lines, of: verb)
        }
        try shapes.expectGolden()
    }

    @Test func `a warning and a status are lines of their own`() async throws {
        let source = try await Bench.source(.init(password: Bench.password))
        let bench = try Bench()
        let url = source.url.replacing("redis://", with: "redis://:\(Bench.password)@")
        let outcome = try await bench.run("snapshot", ["--source", url, "--create", "--json"])
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.lines.contains { $0["type"].text == "warning" })

        let slow = try await Bench.source()
        try slow.client().command("CONFIG", "SET", "rdb-key-save-delay", "100000")
        let options = ["--source", slow.url, "--json", "--progress-interval", "20ms"]
        let progress = try await bench.run("snapshot", options)
        let status = try #require(progress.lines.first { $0["type"].text == "status" }, "\(progress)")
        #expect(status["phase"].text != nil && status["completedByteCount"].integer != nil, "\(status)")
    }

    @Test func `the exact bytes of a binary key are there in base64`() async throws {
        let source = try await RedisServer.start()
        let key: [UInt8] = [0x00, 0xFF, 0x0A, 0x22]
        try source.client().command("SET", RedisArgument(key), RedisArgument([1, 2, 3]))
        let bench = try Bench()
        let id = try await bench.snapshot(source)
        let item = try #require(try await bench.run("keys", [id, "--json"]).items.first)
        #expect(item["keyBase64"].text == Data(key).base64EncodedString())
        #expect(item["key"].text == #""\x00\xff\n\"""#)
        let encoded = try #require(item["keyBase64"].text)
        let value = try await bench.run("get", [id, "--key-base64", encoded])
        #expect(value.result.output == [1, 2, 3])
    }
}
