import Foundation
import TestSupport
import Testing

/// `check` as monitoring calls it.
struct CheckCommandTests {
    /// A bench with one snapshot of the source "bench", and a policy about it.
    private static func bench(_ more: String = "") async throws -> (bench: Bench, policy: String) {
        let bench = try Bench()
        try await bench.snapshot(try await Bench.source())
        return (bench, try policy(bench, more))
    }

    private static func policy(_ bench: Bench, _ more: String) throws -> String {
        let text = "source: {name: bench, url: 'redis://127.0.0.1:1'}\n"
        return try bench.rewarm.directory.write(text + more, to: "web.yaml")
    }

    private static let figures = #"age=\d+s;;;0 keys=7;;;0 raw=\d+B;;;0 stored=\d+B;;;0 free=\d+B;;;0"#

    @Test func `all is well: one line, none with -q, and the figures in JSON`() async throws {
        let (bench, policy) = try await Self.bench("guards: {min-keys: 7}\n")
        let outcome = try await bench.run("check", ["--policy", policy])
        #expect(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome)")
        #expect(outcome.output.wholeMatch(of: /web: snapshot \S+ is .* old and has 7 keys \(.*\); .* free\n/) != nil)
        let quiet = try await bench.run("check", ["--policy", policy, "--quiet"])
        #expect(quiet.exitCode == 0 && quiet.output.isEmpty && quiet.errors.isEmpty, "\(quiet)")
        let json = try await bench.run("check", ["--policy", policy, "--json"])
        #expect(json.exitCode == 0 && json.items.isEmpty, "\(json)")
        #expect(json.summary["status"].text == "ok")
        #expect(json.summary["keyCount"].integer == 7)
        #expect(json.summary["problemCount"].integer == 0)
        #expect((json.summary["ageMilliseconds"].integer ?? -1) >= 0)
    }

    @Test func `problems are exit 16, the worst first, each a line`() async throws {
        let more = "guards: {min-keys: 8}\ncheck: {verified-within: 8d, drilled-within: 35d}\n"
        let (bench, policy) = try await Self.bench(more)
        let outcome = try await bench.run("check", ["--policy", policy])
        #expect(outcome.exitCode == 16, "\(outcome)")
        #expect(outcome.output.isEmpty)
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 3, "\(lines)")
        #expect(lines[0].contains("error: web: snapshot ") && lines[0].hasSuffix(" has 7 keys, fewer than 8"))
        #expect(lines[1] == "  also: no snapshot was ever verified and found good")
        #expect(lines[2] == "  also: never drilled")
        let json = try await bench.run("check", ["--policy", policy, "--json"])
        #expect(json.exitCode == 16)
        #expect(json.items.map { $0["check"].text } == ["size", "verification", "drill"])
        #expect(json.items.map { $0["severity"].text } == ["critical", "warning", "warning"])
        #expect(json.summary["problemCount"].integer == 3)
        #expect(json.summary["status"].text == "critical")
    }

    @Test func `a repository that is not there is exit 16, with the reason`() async throws {
        let bench = try Bench()
        let policy = try Self.policy(bench, "")
        let outcome = try await bench.run("check", ["--policy", policy])
        #expect(outcome.exitCode == 16, "\(outcome)")
        #expect(outcome.errors.contains("is no repository"), "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: bench.rewarm.repository))
    }

    @Test func `a policy that is not there is a usage error`() async throws {
        let outcome = try await Bench().run("check", ["--policy", "absent.yaml"])
        #expect(outcome.exitCode == 2, "\(outcome)")
    }

    // MARK: As a plugin

    private static func plugin(_ bench: Bench, _ options: [String]) async throws -> (code: Int32, line: String) {
        let outcome = try await bench.run("check", options + ["--nagios"])
        #expect(outcome.errors.isEmpty, "\(outcome)")
        #expect(outcome.output.hasSuffix("\n") && outcome.output.count { $0 == "\n" } == 1, "\(outcome)")
        return (outcome.exitCode, String(outcome.output.dropLast()))
    }

    @Test func `OK is 0, with figures`() async throws {
        let (bench, policy) = try await Self.bench()
        let (code, line) = try await Self.plugin(bench, ["--policy", policy])
        #expect(code == 0)
        let parts = line.split(separator: " | ")
        #expect(parts.count == 2 && parts[0].hasPrefix("OK - web: snapshot "), "\(line)")
        #expect(try Regex(Self.figures).wholeMatch(in: parts[1]) != nil, "\(line)")
    }

    @Test func `WARNING is 1`() async throws {
        let (bench, policy) = try await Self.bench("check: {verified-within: 8d}\n")
        let (code, line) = try await Self.plugin(bench, ["--policy", policy])
        #expect(code == 1)
        #expect(line.hasPrefix("WARNING - web: no snapshot was ever verified and found good | age="), "\(line)")
    }

    @Test func `CRITICAL is 2, also for a repository that is not there`() async throws {
        let (bench, policy) = try await Self.bench("guards: {min-bytes: 1GB}\ncheck: {verified-within: 8d}\n")
        let small = try await Self.plugin(bench, ["--policy", policy])
        #expect(small.code == 2)
        #expect(small.line.hasPrefix("CRITICAL - web: snapshot ") && small.line.contains("; no snapshot was ever"))
        let empty = try Bench()
        let absent = try await Self.plugin(empty, ["--policy", try Self.policy(empty, "")])
        #expect(absent.code == 2)
        #expect(absent.line.hasPrefix("CRITICAL - web: the repository cannot be read: "), "\(absent.line)")
        #expect(!absent.line.contains("|"))
    }

    @Test func `UNKNOWN is 3, whatever is wrong with the call`() async throws {
        let bench = try Bench()
        let bad = try Self.policy(bench, "nonsense: true\nmore|: 1\n")
        for options in [
            ["--policy", bad], ["--policy", "absent.yaml"], [], ["--policy", bad, "--json"], ["--nonsense"],
        ] {
            let (code, line) = try await Self.plugin(bench, options)
            #expect(code == 3, "\(options): \(line)")
            #expect(line.hasPrefix("UNKNOWN - ") && !line.contains("|"), "\(options): \(line)")
        }
    }
}
