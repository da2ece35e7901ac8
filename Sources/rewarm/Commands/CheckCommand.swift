import ArgumentParser
import Operations
import Policy

struct CheckCommand: Verb {
    static let verb = "check"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Tell monitoring whether the snapshots of a policy are young, large and verified enough.",
        usage: "rewarm check --policy <file> [<options>]",
        discussion: HelpText.discussion(
            "Looked at are the age of the newest good snapshot, its size, the last verification, the last drill, and "
                + "the space for the next snapshot, as the policy's 'check' and 'guards' ask for it. The worst "
                + "problem is the first line, each other one a line more; all of them, and a repository that cannot "
                + "be read, are exit code 16. With --nagios the exit code is the plugin's: 0 OK, 1 WARNING, "
                + "2 CRITICAL, 3 UNKNOWN.",
            examples: [
                "rewarm check --policy web.yaml",
                "rewarm check --policy web.yaml --quiet",
                "rewarm check --policy web.yaml --json",
                "rewarm check --policy web.yaml --nagios",
            ],
            exitCodes: [.guarded]
        )
    )

    @OptionGroup(title: "Policy") var policy: PolicyArgument

    @Flag(help: "Print one line for Nagios, Icinga and their like, and end with their exit codes.")
    var nagios = false

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if nagios, output.json { throw ValidationError("--nagios and --json exclude each other") }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        guard nagios else { return try await check(policy.read(console), console) }
        do {
            let policy = try PolicyReader.read(file: policy.policy)
            var context = context(try repository.location(policy: policy.repository), console)
            // One line is all that a plugin may print.
            context.notify = { _ in }
            let report = try await CheckOperation(policy).run(context)
            let line = PluginLine(CheckRendering(report, now: context.now()))
            return try finish(line, console)
        } catch  where !Task.isCancelled {
            return try finish(PluginLine(unknown: OperationError(describing: error).message), console)
        }
    }

    private func finish(_ line: PluginLine, _ console: Console) throws -> VerbResult {
        try console.item([:], text: Printable.text(line.text) + "\n")
        return VerbResult(line.status.exitStatus)
    }

    private func check(_ policy: PolicyFile, _ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(policy: policy.repository), console)
        let report = try await CheckOperation(policy).run(context)
        let rendering = CheckRendering(report, now: context.now())
        for finding in report.findings where console.isJSON {
            try console.item(rendering.json(finding), text: "")
        }
        if report.findings.isEmpty { console.done(Printable.text(rendering.goodNews)) }
        return VerbResult(failure: rendering.failure(allInOne: !console.isJSON), rendering.summary)
    }
}
