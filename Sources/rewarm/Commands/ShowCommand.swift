import ArgumentParser
import Operations
import SnapshotModel

struct ShowCommand: Verb {
    static let verb = "show"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Show everything that is known about one snapshot.",
        usage: "rewarm show <snapshot> [<options>]",
        discussion: HelpText.discussion(
            "Source, consistency, keys per database and type, lives left, sizes, verifications, holds, and what a "
                + "snapshot of this engine never contains.",
            examples: [
                "rewarm show latest",
                "rewarm show 20261121T07 --json",
                "rewarm show latest --source-name cache-1 --before 2026-11-01T00:00:00Z",
            ],
            exitCodes: HelpText.reading
        )
    )

    @OptionGroup var snapshot: SnapshotOptions
    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console)
        let details = try await ShowOperation(query: snapshot.query).run(context)
        try console.item(
            DetailsJSON(details, now: context.now()).object,
            text: DetailsText(details, now: context.now()).text
        )
        return VerbResult(.ok, ["snapshot": .string(details.manifest.id.text)])
    }
}
