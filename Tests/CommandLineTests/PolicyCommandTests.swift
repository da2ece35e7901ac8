import Foundation
import TestSupport
import Testing

/// `policy check`, `policy show` and `policy schema`, as a shell sees them.
struct PolicyCommandTests {
    private static let good = """
        source: {url: "redis://backup@cache-1", name: web}
        retention: {daily: 7, min-copies: 2, apply: true}
        """
    private static let bad = """
        source:
          url: redis://u:\(Bench.password)@c1:port
        guards: {min-keys: 010}
        """

    @Test func `a good policy is one line, and nothing with quiet`() async throws {
        let rewarm = try RewarmCommand()
        let file = try rewarm.directory.write(Self.good, to: "web.yaml")
        let outcome = try await rewarm.run("policy", "check", file)
        #expect(outcome.exitCode == 0 && outcome.errors.isEmpty)
        #expect(outcome.output == "\(file): good\n")
        #expect(try await rewarm.run("policy", "check", "-q", file).output.isEmpty)
    }

    @Test func `a bad policy is every problem with its place and exit code 2`() async throws {
        let rewarm = try RewarmCommand()
        try rewarm.directory.write(Self.good, to: "web.yaml")
        try rewarm.directory.write(Self.bad, to: "bad.yaml")
        let outcome = try await rewarm.run("policy", "check", "web.yaml", "bad.yaml")
        #expect(outcome.exitCode == 2)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.first == "web.yaml: good" && lines.last == "bad.yaml: 2 problems", "\(outcome)")
        #expect(lines.contains { $0.hasPrefix("bad.yaml:2:8: source.url '***@c1:port' is not the URL of a node") })
        #expect(lines.contains { $0.hasPrefix("bad.yaml:3:20: guards.min-keys '010' begins with a zero") })
        #expect(!outcome.description.contains(Bench.password))
        #expect(outcome.errors == "error: 2 problems in 1 of 2 policy files\n")
    }

    @Test func `problems are items of the JSON output`() async throws {
        let rewarm = try RewarmCommand()
        try rewarm.directory.write(Self.bad, to: "bad.yaml")
        let outcome = try await rewarm.run("policy", "check", "bad.yaml", "--json")
        #expect(outcome.exitCode == 2 && outcome.errors.isEmpty)
        let item = try #require(outcome.items.last)
        #expect(item["file"].text == "bad.yaml" && item["line"].integer == 3 && item["column"].integer == 20)
        #expect(item["severity"].text == "error" && item["keyPath"].text == "guards.min-keys")
        #expect(item["value"].text == "010" && item["hint"].text == "write 10")
        #expect(outcome.summary["errorCount"].integer == 2 && outcome.summary["fileCount"].integer == 1)
    }

    @Test func `a file that is not there is told`() async throws {
        let outcome = try await RewarmCommand().run("policy", "check", "none.yaml")
        #expect(outcome.exitCode == 2)
        #expect(outcome.errors == "error: cannot read the policy 'none.yaml': No such file or directory\n")
    }

    @Test func `a password file that others can read is a warning`() async throws {
        let rewarm = try RewarmCommand()
        try rewarm.directory.write(Self.good.replacing("name: web", with: "password-file: pw"), to: "web.yaml")
        let password = try rewarm.directory.write("secret\n", to: "pw")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: password)
        let outcome = try await rewarm.run("policy", "check", "web.yaml")
        #expect(outcome.exitCode == 0)
        #expect(outcome.output.contains("web.yaml:1:56: warning: source.password-file '\(password)'"), "\(outcome)")
        #expect(outcome.output.hasSuffix("web.yaml: good, 1 warning\n"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: password)
        #expect(try await rewarm.run("policy", "check", "web.yaml").output == "web.yaml: good\n")
    }

    @Test func `show tells every value and where it comes from`() async throws {
        let rewarm = try RewarmCommand()
        try rewarm.directory.write(Self.good, to: "web.yaml")
        let outcome = try await rewarm.run(
            ["policy", "show", "web.yaml", "--codec", "zstd:3", "--lock-timeout", "2m", "--json"],
            environment: ["REWARM_REPOSITORY": "/r", "REWARM_SOURCE_PASSWORD": Bench.password]
        )
        #expect(outcome.exitCode == 0, "\(outcome)")
        func value(_ keyPath: String) -> JSONTree {
            outcome.items.first { $0["keyPath"].text == keyPath } ?? .null
        }
        for (keyPath, text, origin, name) in [
            ("archive.codec", "zstd:3", "option", "--codec"),
            ("lock-timeout", "2min", "option", "--lock-timeout"),
            ("repository", "/r", "environment", "REWARM_REPOSITORY"),
            ("source.password-file", nil, "environment", "REWARM_SOURCE_PASSWORD"),
            ("source.name", "web", "policy", nil),
            ("retention.daily", "7", "policy", nil),
            ("retention.max-delete", "50%", "default", nil),
            ("name", "web", "default", nil),
        ] {
            let item = value(keyPath)
            #expect(item["value"].text == text && item["origin"].text == origin, "\(keyPath): \(item)")
            #expect(item["originName"].text == name, "\(keyPath): \(item)")
        }
        #expect(value("retention.daily")["line"].integer == 2)
        #expect(!outcome.description.contains(Bench.password))
    }

    @Test func `show of a bad policy prints its problems and exits with 2`() async throws {
        let rewarm = try RewarmCommand()
        try rewarm.directory.write(Self.bad, to: "bad.yaml")
        let outcome = try await rewarm.run("policy", "show", "bad.yaml")
        #expect(outcome.exitCode == 2 && outcome.output.isEmpty)
        #expect(outcome.errors.contains("\nbad.yaml:3:20: guards.min-keys '010'"), "\(outcome)")
        #expect(outcome.errors.contains("next: mend the policy; 'rewarm policy check bad.yaml'"))
    }

    @Test func `without a repository anywhere the standard one is shown`() async throws {
        let rewarm = try RewarmCommand()
        try rewarm.directory.write(Self.good, to: "web.yaml")
        let outcome = try await rewarm.run("policy", "show", "web.yaml")
        let line = outcome.output.split(separator: "\n").first { $0.hasPrefix("repository ") }
        let words = line?.split(separator: " ").map(String.init)
        #expect(words == ["repository", rewarm.directory.path("data/rewarm"), "default"], "\(outcome)")
    }

    @Test func `the schema is JSON`() async throws {
        let outcome = try await RewarmCommand().run("policy", "schema")
        let schema = try JSONDecoder().decode(JSONTree.self, from: Data(outcome.output.utf8))
        #expect(schema["$schema"].text == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["additionalProperties"].boolean == false)
    }
}
