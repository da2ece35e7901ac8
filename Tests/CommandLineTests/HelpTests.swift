import TestSupport
import Testing

/// Help, version, completions and the manual page.
struct HelpTests {
    static let verbs = [
        "", "snapshot", "restore", "import", "export", "list", "show", "keys", "get", "diff", "verify", "hold",
        "hold add", "hold remove", "hold list", "delete", "undelete", "purge", "expire", "accept", "catalog",
        "catalog rebuild",
        "catalog check", "policy", "policy check", "policy show", "policy schema",
        "check", "schedule", "schedule print", "report", "drill",
    ]

    @Test(arguments: verbs) func `the help of a command is as it was`(verb: String) async throws {
        let words = verb.split(separator: " ").map { String($0) }
        let outcome = try await Bench().rewarm.run(words + ["--help"])
        #expect(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome)")
        #expect(!outcome.output.split(separator: "\n").contains { $0.count > 80 }, "\(outcome.output)")
        try Golden.expect(outcome.output, "help" + words.map { "-" + $0 }.joined() + ".txt")
    }

    @Test(arguments: verbs.filter { !["", "hold", "catalog", "policy", "schedule"].contains($0) })
    func `the help of a command has examples and exit codes`(verb: String) async throws {
        let words = verb.split(separator: " ").map { String($0) }
        let output = try await Bench().rewarm.run(words + ["--help"]).output
        #expect(output.contains("EXAMPLES:\n  rewarm \(verb)"), "\(output)")
        #expect(output.contains("EXIT CODES:\n    0  done\n"), "\(output)")
        #expect(output.contains("--json"))
    }

    @Test func `the version is one line`() async throws {
        let outcome = try await Bench().rewarm.run("--version")
        #expect(outcome.exitCode == 0)
        #expect(outcome.output.wholeMatch(of: /rewarm \d+\.\d+\.\d+\n/) != nil, "\(outcome)")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func `completions name every verb`(shell: String) async throws {
        let outcome = try await Bench().rewarm.run("--generate-completion-script", shell)
        #expect(outcome.exitCode == 0)
        for verb in ["snapshot", "restore", "undelete", "catalog"] { #expect(outcome.output.contains(verb)) }
    }

    @Test func `the manual page has every verb and no request by accident`() async throws {
        let outcome = try await Bench().rewarm.run("generate-manual")
        #expect(outcome.exitCode == 0)
        let known = [".\\\"", ".TH", ".SH", ".B", ".nf", ".fi"]
        for line in outcome.output.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
            #expect(known.contains { line == $0 || line.hasPrefix($0 + " ") }, "\(line)")
        }
        for verb in Self.verbs where !["", "hold", "catalog", "policy", "schedule"].contains(verb) {
            #expect(outcome.output.contains(".SH \"REWARM \(verb.uppercased())\""), "\(verb)")
        }
    }
}
