import TestSupport
import Testing

/// What is printed where there is no terminal, and with `-q`.
struct QuietTests {
    @Test func `quiet prints nothing on success but the data that was asked for`() async throws {
        let (source, target) = (try await Bench.source(), try await RedisServer.start())
        let bench = try Bench()
        let silent = [
            ("snapshot", ["--source", source.url, "--source-name", "bench", "--create"]), ("verify", ["--all"]),
            ("restore", ["latest", "--target", target.url]), ("catalog check", []), ("catalog rebuild", []),
            ("hold list", []), ("purge", []),
        ]
        for (verb, options) in silent {
            let outcome = try await bench.run(verb, options + ["-q"])
            #expect(outcome.exitCode == 0 && outcome.output.isEmpty && outcome.errors.isEmpty, "\(verb): \(outcome)")
        }
        #expect(try await bench.run("get", ["latest", "greeting", "-q"]).output == "hello")
        #expect(try await bench.run("keys", ["latest", "-q"]).output.split(separator: "\n").count == 7)
    }

    @Test func `quiet does not hide errors`() async throws {
        let outcome = try await Bench().run("list", ["-q"])
        #expect(outcome.exitCode == 10 && outcome.errors.hasPrefix("error: "), "\(outcome)")
    }

    @Test func `without a terminal there is no progress and no escape sequence`() async throws {
        let source = try await Bench.source()
        try source.client().command("CONFIG", "SET", "rdb-key-save-delay", "100000")
        let bench = try Bench()
        let outcome = try await bench.run("snapshot", ["--source", source.url, "--create"])
        #expect(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome)")
        #expect(outcome.output.split(separator: "\n").count == 1, "\(outcome)")
        let asked = try await bench.run("snapshot", ["--source", source.url, "--progress-interval", "20ms"])
        #expect(!asked.errors.isEmpty, "progress was asked for")
        for text in [outcome.output, asked.output, asked.errors] {
            #expect(!text.contains("\u{1B}") && !text.contains("\r"), "\(text)")
        }
    }

    @Test func `names from a repository cannot steer the terminal`() async throws {
        let source = try await Bench.source()
        let bench = try Bench()
        let name = "evil\u{1B}[2J\rname"
        try source.client().command("SAVE")
        let labels = ["--source-name", name, "--tag", "a=\u{1B}]0;x\u{07}", "--create"]
        let (snapshot, copy) = (["--source", source.url] + labels, [source.dumpPath] + labels)
        #expect(try await bench.run("snapshot", snapshot).exitCode == 2, "a policy cannot have such a name")
        #expect(try await bench.run("import", copy).exitCode == 0)
        let commands = [
            ("list", []), ("show", ["latest"]), ("verify", ["--all"]), ("import", copy), ("snapshot", snapshot),
        ]
        for (verb, options) in commands {
            let outcome = try await bench.run(verb, options)
            #expect(!(outcome.output + outcome.errors).contains { $0 == "\u{1B}" || $0 == "\u{07}" }, "\(verb)")
        }
    }
}
