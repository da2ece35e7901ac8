import ArgumentParser
import NIOCore
import Operations
import Policy

struct ReportCommand: Verb {
    static let verb = "report"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Write a page about the repository: what is kept and why, gaps, sizes, verifications, drills.",
        usage: "rewarm report [--policy <file>] [--output <file>] [<options>]",
        discussion: HelpText.discussion(
            "One self-contained HTML file, without scripts and without anything that is fetched. With --policy it "
                + "tells of that policy's snapshots, what each rule of retention keeps of them and what check finds; "
                + "without, of everything in the repository. The findings do not change the exit code: 'rewarm check' "
                + "is for that. With --json the same is printed as data, and a page is written only with --output.",
            examples: [
                "rewarm report --policy web.yaml --output report.html",
                "rewarm report > report.html",
                "rewarm report --policy web.yaml --json",
            ],
            exitCodes: HelpText.reading
        )
    )

    @Option(help: ArgumentHelp("The policy through which the repository is seen.", valueName: "file"))
    var policy: String?

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("The file to write; what is there is replaced. Default: standard output.", valueName: "file")
    )
    var file: String?

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let policy = try policy.map { try PolicyFile.read($0, console) }
        let location = try repository.location(policy: policy?.repository)
        if file == nil, !console.isJSON, console.output.isTerminal {
            let hint = "name a file with --output, or send standard output somewhere"
            throw OperationError(.usage, "a page of HTML is nothing for a terminal", hint: hint)
        }
        let report = try await ReportOperation(policy).run(context(location, console))
        let rendering = ReportRendering(report, repository: location.path)
        for item in rendering.items where console.isJSON { try console.item(item, text: "") }
        if let file {
            let output = try PlainFile(path: file)
            try output.write(ByteBuffer(string: rendering.html))
            try output.finish()
            console.done("wrote \(file)")
        } else if !console.isJSON {
            try console.item([:], text: rendering.html)
        }
        var summary = rendering.summary
        summary.add("file", .optional(file))
        return VerbResult(.ok, summary)
    }
}
