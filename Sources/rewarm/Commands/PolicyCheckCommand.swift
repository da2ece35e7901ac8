import ArgumentParser
import Operations
import Policy
import SnapshotModel

struct PolicyCheckCommand: Verb {
    static let verb = "policy check"
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Tell everything that is wrong with policy files.",
        usage: "rewarm policy check <file> ... [<options>]",
        discussion: HelpText.discussion(
            "Each problem is a line FILE:LINE:COLUMN: what is wrong; what would be right. Warnings are advice: the "
                + "policy works. With any other problem the exit code is 2. Nothing is connected to, and nothing is written.",
            examples: [
                "rewarm policy check web.yaml",
                "rewarm policy check --quiet /etc/rewarm/*.yaml",
                "rewarm policy check web.yaml --json",
            ],
            exitCodes: []
        )
    )

    @Argument(help: ArgumentHelp("A policy file; repeatable.", valueName: "file"))
    var files: [String]

    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        var errorCount = 0
        var warningCount = 0
        var badFileCount = 0
        for file in files {
            let problems = try problems(of: file)
            let errors = problems.count { $0.severity == .error }
            errorCount += errors
            badFileCount += errors > 0 ? 1 : 0
            warningCount += problems.count - errors
            for problem in problems where problem.severity == .error || console.isJSON || !console.isQuiet {
                let text = Printable.text("\(file):\(problem)") + "\n"
                try console.item(PolicyRendering.json(problem, file: file), text: text)
            }
            console.done(Printable.text(PolicyRendering.verdict(file, problems)))
        }
        let summary: JSONObject = [
            "fileCount": .count(files.count),
            "errorCount": .count(errorCount),
            "warningCount": .count(warningCount),
        ]
        let failure =
            errorCount == 0
            ? nil
            : OperationError(
                .usage,
                Figures.counted(UInt64(errorCount), "problem") + " in \(badFileCount) of \(files.count) policy files"
            )
        return VerbResult(failure: failure, summary)
    }

    /// Errors and warnings alike; throws if the file cannot be read.
    private func problems(of file: String) throws -> [PolicyProblem] {
        do {
            return PolicyAdvice(try PolicyReader.read(file: file)).warnings
        } catch let error as InvalidPolicy {
            return error.problems
        }
    }
}
