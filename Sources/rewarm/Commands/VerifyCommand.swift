import ArgumentParser
import Operations

struct VerifyCommand: Verb {
    static let verb = "verify"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Read every byte of snapshots again and check it.",
        usage: "rewarm verify (<snapshot> ... | --all) [<options>]",
        discussion: HelpText.discussion(
            "Checksums, digests, the decoding of every record, and the index against the content. The result is "
                + "remembered beside the snapshot; of a damaged archive the lost blocks and records are listed, and "
                + "'latest' passes it over. Snapshots that were verified longest ago come first.",
            examples: [
                "rewarm verify latest --source-name cache-1",
                "rewarm verify --all --max-duration 30m",
                "rewarm verify 20261121T07 20261120T07 --json",
            ],
            exitCodes: HelpText.reading
        )
    )

    @Argument(help: ArgumentHelp("Ids, beginnings of ids, or 'latest'.", valueName: "snapshot"))
    var snapshots: [String] = []

    @Flag(help: "Verify all snapshots that are not deleted.")
    var all = false

    @Option(
        name: .customLong("max-duration"),
        help: ArgumentHelp("Begin no further snapshot after this time.", valueName: "duration")
    )
    var maximumDuration: DurationArgument?

    @OptionGroup(title: "Narrowing") var narrowing: NarrowingOptions
    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if snapshots.isEmpty != all { throw ValidationError("name snapshots, or give --all") }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console)
        let operation = VerifyOperation(
            queries: snapshots.map { narrowing.query($0) },
            narrowing: narrowing.query(),
            verifiesAll: all,
            maximumDurationMilliseconds: maximumDuration?.duration.milliseconds
        )
        let report = try await operation.run(context) { result in
            let text = VerificationRendering.text(result)
            if console.isJSON || !result.isIntact {
                try console.item(VerificationRendering.json(result), text: text + "\n")
            } else {
                console.done(text)
            }
        }
        console.done(VerificationRendering.closing(report))
        let status: ExitStatus = !report.damaged.isEmpty ? .integrity : report.unread.isEmpty ? .ok : .failure
        return VerbResult(status, VerificationRendering.summary(report))
    }
}
