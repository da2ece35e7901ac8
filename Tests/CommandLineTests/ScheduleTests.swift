import Foundation
import TestSupport
import Testing

/// Units and crontab lines, checked by systemd's own parser, by a shell, and against each other.
struct ScheduleTests {
    /// Each way to write a schedule.
    private static let schedules = [
        "{every: 15min}", "{every: hour}", "{every: hour, at: ':07', randomized-delay: 2min}", "{every: 6h, at: ':20'}",
        "{every: 12h}", "{every: day}", "{every: day, at: '02:30', randomized-delay: 0s}",
        "{every: week, at: '23:59'}", "{every: week, on: wednesday, at: '00:00'}", "{every: month, on: 28}",
        "{every: month, at: '04:05'}",
    ]

    private static func policy(_ schedule: String = "{every: day}", _ more: String = "") -> String {
        "source: {url: 'redis://127.0.0.1:6379'}\nrepository: /var/backups/rewarm\nretention: {daily: 7}\n"
            + "schedule: \(schedule)\n" + more
    }

    private static func print(_ bench: Bench, _ options: [String]) async throws -> RewarmCommand.Outcome {
        try await bench.rewarm.run(["schedule", "print"] + options)
    }

    /// The lines of a file that are no remarks.
    private static func line(_ prefix: String, in text: String) throws -> String {
        let line = text.split(separator: "\n").first { $0.hasPrefix(prefix) }
        return String(try #require(line, "\(text)").dropFirst(prefix.count))
    }

    private static func crontabLine(_ text: String) throws -> String {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        try #require(lines.count == 1, "\(text)")
        return String(lines[0])
    }

    /// `systemd-analyze`; `Scripts/test` installs it.
    private static func systemdAnalyze(_ arguments: [String]) async throws -> SubprocessResult {
        let path = try #require(Subprocess.find("systemd-analyze"), "install the package systemd")
        return try await Subprocess.run(path, arguments, environment: ["TZ": "UTC", "LC_ALL": "C.UTF-8"])
    }

    @Test(arguments: schedules) func `systemd takes the units as they are printed`(schedule: String) async throws {
        let bench = try Bench()
        let file = try bench.rewarm.directory.write(Self.policy(schedule), to: "web.yaml")
        let units = bench.rewarm.directory.path
        let outcome = try await Self.print(bench, ["--systemd", "--policy", file, "--output", units, "--quiet"])
        #expect(outcome.exitCode == 0, "\(outcome)")
        let names = outcome.output.split(separator: "\n").map(String.init)
        #expect(names == ["web.service", "web.timer", "failure@.service"].map { "\(units)/rewarm-\($0)" })
        let verdict = try await Self.systemdAnalyze(["verify"] + names.prefix(2))
        #expect(verdict.exitCode == 0, "\(verdict)")
        #expect(verdict.outputText + verdict.errorText == "")
    }

    @Test(arguments: schedules) func `cron and systemd mean the same minutes`(schedule: String) async throws {
        let bench = try Bench()
        let file = try bench.rewarm.directory.write(Self.policy(schedule), to: "web.yaml")
        let units = try await Self.print(bench, ["--systemd", "--policy", file]).output
        let calendar = try Self.line("OnCalendar=", in: units)
        let analysis = try await Self.systemdAnalyze([
            "calendar", "--iterations=20", "--base-time=2026-02-20 11:11:11", calendar,
        ])
        let times = analysis.outputText.matches(of: /\w{3} (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) UTC/)
        let found = times.map { "\($0.output.1)-\($0.output.2)-\($0.output.3) \($0.output.4):\($0.output.5)" }
        try #require(found.count == 20, "\(analysis)")
        let crontab = try await Self.print(bench, ["--cron", "--policy", file]).output
        let fields = CronFields(try Self.crontabLine(crontab))
        #expect(fields.minutes(after: "2026-02-20 11:11", count: 20) == found, "\(calendar) \(crontab)")
    }

    @Test func `the service passes the strictest of systemd's own checks`() async throws {
        let bench = try Bench()
        let file = try bench.rewarm.directory.write(Self.policy(), to: "web.yaml")
        let options = ["--systemd", "--policy", file, "--output", bench.rewarm.directory.path, "--user", "nobody"]
        let names = try await Self.print(bench, options).output.split(separator: "\n").map(String.init)
        // The figure is ten times the exposure that is allowed; 10.0 is that of a service without any sandbox.
        let verdict = try await Self.systemdAnalyze(["security", "--offline=true", "--threshold=20", names[0]])
        #expect(verdict.exitCode == 0, "\(verdict)")
    }

    @Test func `every shipped policy with a schedule can be scheduled`() async throws {
        let bench = try Bench()
        let policies = ProjectFile.paths(below: "Policies").filter { $0.hasSuffix(".yaml") }
        var count = 0
        for path in policies where try ProjectFile.read(path).text.contains("\nschedule:") {
            let file = ProjectFile.root + "/" + path
            for kind in ["--systemd", "--cron"] {
                let outcome = try await Self.print(bench, [kind, "--policy", file])
                #expect(outcome.exitCode == 0, "\(path): \(outcome)")
            }
            count += 1
        }
        #expect(count >= 3)
    }

    /// Names with everything that a quotation can get wrong.
    private static let nasty = ["plain", "two words", "50%n off", "it's", "a \"b\" $HOME $$", "back\\slash", "été"]

    @Test(arguments: nasty) func `cron gives the shell the paths as they are`(name: String) async throws {
        let bench = try Bench()
        let directory = bench.rewarm.directory.path(name)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let program = directory + "/rewarm %"
        try Data("#!/bin/sh\nprintf '%s\\n' \"$@\"\n".utf8).write(to: URL(fileURLWithPath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program)
        let file = directory + "/web.yaml"
        try Data(Self.policy("{every: day, randomized-delay: 0s}").utf8).write(to: URL(fileURLWithPath: file))
        let outcome = try await Self.print(bench, ["--cron", "--policy", file, "--command", program])
        let line = try Self.crontabLine(outcome.output)
        // What cron does: the first unescaped % ends the command, escaped ones lose their backslash.
        let command = line.split(separator: " ", maxSplits: 5)[5]
        #expect(command.replacing("\\%", with: "").contains("%") == false, "\(line)")
        let result = try await Subprocess.run(
            "/bin/sh",
            ["-c", String(command.replacing("\\%", with: "%"))],
            environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]
        )
        #expect(result.outputText == "snapshot\n--policy\n\(file)\n--quiet\n", "\(line)\n\(result)")
    }

    @Test(arguments: nasty) func `systemd finds the program under its name, or it is refused`(name: String) async throws
    {
        let bench = try Bench()
        let directory = bench.rewarm.directory.path(name)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let program = directory + "/rewarm"
        try FileManager.default.createSymbolicLink(atPath: program, withDestinationPath: RewarmCommand.path)
        let file = directory + "/web.yaml"
        try Data((Self.policy() + "name: '\(name.replacing("'", with: "''"))'\n").utf8)
            .write(to: URL(fileURLWithPath: file))
        let options = ["--systemd", "--policy", file, "--command", program, "--output", bench.rewarm.directory.path]
        let outcome = try await Self.print(bench, options)
        guard !name.contains(where: { "'\"\\".contains($0) }) else {
            #expect(outcome.exitCode == 2 && outcome.errors.contains("systemd starts no program"), "\(outcome)")
            return
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        let names = outcome.output.split(separator: "\n").map(String.init)
        let verdict = try await Self.systemdAnalyze(["verify"] + names.prefix(2))
        #expect(verdict.exitCode == 0 && verdict.errorText.isEmpty, "\(verdict)\n\(names)")
    }

    @Test func `a random delay of cron is below its bound`() async throws {
        let bench = try Bench()
        let file = try bench.rewarm.directory.write(
            Self.policy("{every: day, randomized-delay: 90s}"),
            to: "web.yaml"
        )
        let line = try Self.crontabLine(try await Self.print(bench, ["--cron", "--policy", file]).output)
        let match = try #require(line.firstMatch(of: /\* sleep (\$\(.*\)); \//), "\(line)")
        let expression = String(match.output.1).replacing("\\%", with: "%")
        let script = "for i in 1 2 3 4 5 6 7 8 9 10; do echo \(expression); done"
        let result = try await Subprocess.run("/bin/sh", ["-c", script])
        let numbers = result.outputText.split(separator: "\n").compactMap { Int($0) }
        #expect(numbers.count == 10 && numbers.allSatisfy { (0..<90).contains($0) }, "\(result)")
        #expect(Set(numbers).count > 1, "\(numbers)")
    }

    @Test func `what lies where the service cannot see it is told`() async throws {
        let bench = try Bench()
        let file = try bench.rewarm.directory.write(Self.policy(), to: "web.yaml")
        let outcome = try await Self.print(bench, ["--systemd", "--policy", file])
        #expect(outcome.errors.contains("will not see \(file)"), "\(outcome)")
        #expect(outcome.output.contains("ReadWritePaths=-/var/backups/rewarm\n"))
        #expect(outcome.output.contains("ProtectHome=yes\n"))
        let home = try bench.rewarm.directory.write(
            Self.policy("{every: day}", "metrics: {textfile: \("/home")/a/b.prom}\n"),
            to: "home.yaml"
        )
        let units = try await Self.print(bench, ["--systemd", "--policy", home]).output
        #expect(units.contains("ReadWritePaths=-/var/backups/rewarm -\("/home")/a\n"))
        #expect(units.contains("ProtectHome=read-only\n"))
    }

    @Test func `a repository that the policy does not name is told to the run`() async throws {
        let bench = try Bench()
        let text = "source: {url: 'redis://127.0.0.1:6379'}\nschedule: {every: day}\n"
        let file = try bench.rewarm.directory.write(text, to: "web.yaml")
        let standard = try await Self.print(bench, ["--systemd", "--policy", file]).output
        #expect(standard.contains("Environment=XDG_DATA_HOME=\(bench.rewarm.directory.path("data"))\n"), "\(standard)")
        let named = try await Self.print(bench, ["--cron", "--policy", file, "--repository", "backups"]).output
        #expect(named.contains(" --repository \(bench.rewarm.directory.path("backups")) --quiet\n"), "\(named)")
    }

    @Test func `a policy without schedule or source, and a senseless call, are usage errors`() async throws {
        let bench = try Bench()
        let none = try bench.rewarm.directory.write("source: {url: 'redis://127.0.0.1:1'}\n", to: "none.yaml")
        let noSource = try bench.rewarm.directory.write("schedule: {every: day}\n", to: "no-source.yaml")
        for options in [
            ["--cron", "--policy", none], ["--systemd", "--policy", noSource], ["--policy", none],
            ["--cron", "--systemd", "--policy", none], ["--cron", "--policy", none, "--command", "rewarm"],
            ["--cron", "--policy", none, "--on-failure", "x.service"], ["--cron"],
        ] {
            let outcome = try await Self.print(bench, options)
            #expect(outcome.exitCode == 2, "\(options): \(outcome)")
            #expect(outcome.output.isEmpty, "\(outcome)")
        }
    }

    @Test func `another unit for failures replaces the template`() async throws {
        let bench = try Bench()
        let file = try bench.rewarm.directory.write(Self.policy(), to: "web.yaml")
        let options = ["--systemd", "--policy", file, "--on-failure", "page@%n.service", "--json"]
        let outcome = try await Self.print(bench, options)
        #expect(outcome.items.map { $0["file"].text } == ["rewarm-web.service", "rewarm-web.timer"])
        #expect(outcome.items.first?["text"].text?.contains("OnFailure=page@%n.service\n") == true)
        #expect(outcome.summary["fileCount"].integer == 2)
    }
}
