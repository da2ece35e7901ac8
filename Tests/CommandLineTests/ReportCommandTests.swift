import Foundation
import TestSupport
import Testing

/// `report` as an operator runs it.
struct ReportCommandTests {
    private static func bench(_ more: String = "") async throws -> (bench: Bench, id: String, policy: String) {
        let bench = try Bench()
        let source = try await Bench.source()
        try await bench.snapshot(source)
        let id = try await bench.snapshot(source)
        let text = "source: {name: bench, url: 'redis://127.0.0.1:1'}\n" + more
        return (bench, id, try bench.rewarm.directory.write(text, to: "web.yaml"))
    }

    @Test func `the page goes to a file or to standard output, and tells what retention keeps`() async throws {
        let more = "retention: {last: 1, time-zone: Europe/Rome}\ncheck: {drilled-within: 1d}\nschedule: {every: day}\n"
        let (bench, id, policy) = try await Self.bench(more)
        let file = bench.rewarm.directory.path("report.html")
        let written = try await bench.run("report", ["--policy", policy, "--output", file])
        #expect(written.exitCode == 0 && written.output == "wrote \(file)\n" && written.errors.isEmpty, "\(written)")
        let page = try String(contentsOfFile: file, encoding: .utf8)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
        for text in [
            id, "Attention", "Never drilled.", "last 1/1", "Snapshots are due every day at 03:30.",
            "All times in Europe/Rome.", "Retention would keep 1 and delete 1",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        let printed = try await bench.run("report", ["--policy", policy])
        #expect(printed.exitCode == 0 && printed.output.hasPrefix("<!DOCTYPE html>"), "\(printed)")
        let whole = try await bench.run("report")
        #expect(whole.exitCode == 0 && whole.output.contains("Not judged"), "\(whole)")
    }

    @Test func `the data is the page's, and the exit code is no judgement`() async throws {
        let (bench, id, policy) = try await Self.bench("guards: {min-keys: 8}\nretention: {last: 1}\n")
        let outcome = try await bench.run("report", ["--policy", policy, "--json"])
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.summary["status"].text == "critical")
        #expect(outcome.summary["snapshotCount"].integer == 2)
        let snapshots = outcome.items.filter { $0["kind"].text == "snapshot" }
        #expect(snapshots.first?["id"].text == id && snapshots.first?["decision"].text == "keep")
        #expect(snapshots.last?["decision"].text == "delete")
        let findings = outcome.items.filter { $0["kind"].text == "finding" }
        #expect(findings.map { $0["severity"].text } == ["critical"])
        let last = outcome.items.first { $0["kind"].text == "rule" && $0["name"].text == "last" }
        #expect(last?["keptCount"].integer == 1 && last?["setting"].text == "1")
    }

    @Test func `a damaged catalog and a repository that cannot be written are no obstacle`() async throws {
        let (bench, id, policy) = try await Self.bench("retention: {last: 1}\n")
        try Data("no database".utf8).write(to: URL(fileURLWithPath: bench.rewarm.repository + "/catalog.sqlite"))
        let damaged = try await bench.run("report", ["--policy", policy])
        #expect(
            damaged.exitCode == 0 && damaged.output.contains(id) && damaged.output.contains("last 1/1"),
            "\(damaged)"
        )
        #expect(damaged.errors.hasPrefix("warning: "), "\(damaged)")
        let before = bench.files
        let absent = try await bench.rewarm.run(["report", "--repository", bench.rewarm.directory.path("none")])
        #expect(absent.exitCode == 10, "\(absent)")
        #expect(bench.files == before, "nothing is written")
    }

    @Test func `a repository on a read-only mount is told of as any other, and keeps its bytes`() async throws {
        let (bench, id, policy) = try await Self.bench("retention: {last: 1}\n")
        let confinement = Confinement.readOnlyMount(of: bench.rewarm.repository)
        guard try await confinement.isPossible() else { return }
        let before = bench.files
        for options in [["--policy", policy], []] {
            let outcome = try await bench.rewarm.run(
                ["report", "--repository", bench.rewarm.repository] + options,
                confinement: confinement
            )
            #expect(outcome.exitCode == 0 && outcome.output.contains(id), "\(outcome)")
            #expect(outcome.output.hasSuffix("</html>\n"), "\(outcome)")
        }
        #expect(bench.files == before)
    }

    @Test func `a terminal gets no page of HTML, but a hint where to have it`() async throws {
        let (bench, _, _) = try await Self.bench()
        let repository = ["--repository", bench.rewarm.repository]
        let file = bench.rewarm.directory.path("report.html")
        let run = { (options: [String]) in
            try await PseudoTerminal.run(
                RewarmCommand.path,
                ["report"] + options + repository,
                columnCount: 80,
                environment: bench.rewarm.environment.merging(["TERM": "xterm"]) { $1 }
            )
        }
        let (code, transcript) = try await run([])
        #expect(code == 2 && transcript.contains("--output") && !transcript.contains("<html"), "\(transcript)")
        let (written, words) = try await run(["--output", file])
        #expect(written == 0 && words.contains("wrote \(file)"), "\(words)")
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasSuffix("</html>\n"))
        let (json, lines) = try await run(["--json"])
        #expect(json == 0 && lines.contains("\"type\":\"summary\"") && !lines.contains("<html"), "\(lines)")
    }

    @Test func `a file that cannot be written is a failure`() async throws {
        let (bench, _, _) = try await Self.bench()
        let outcome = try await bench.run("report", ["--output", "/nonexistent/report.html"])
        #expect(outcome.exitCode == 1 && outcome.errors.contains("'/nonexistent/report.html'"), "\(outcome)")
    }
}
