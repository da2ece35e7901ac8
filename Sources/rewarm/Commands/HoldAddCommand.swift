import ArgumentParser
import Operations
import SnapshotModel

struct HoldAddCommand: Verb {
    static let verb = "hold add"
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Protect a snapshot.",
        usage: "rewarm hold add <snapshot> --reason <text> [<options>]",
        discussion: HelpText.discussion(
            "A held snapshot is not deleted, expired or purged until the hold ends or is removed.",
            examples: [
                "rewarm hold add 20261121T07 --reason 'incident 4711' --until 2027-01-31",
                "rewarm hold add latest --reason 'before the migration'",
            ],
            exitCodes: HelpText.writing
        )
    )

    @OptionGroup var snapshot: SnapshotOptions

    @Option(help: ArgumentHelp("Why, for those who find the hold later.", valueName: "text"))
    var reason: String

    @Option(help: ArgumentHelp("When the hold ends by itself, RFC 3339 or a date.", valueName: "time"))
    var until: InstantArgument?

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let hold = try await HoldOperation(query: snapshot.query).add(
            reason: reason,
            until: until?.instant,
            context
        )
        let end = until.map { "until \($0.instant)" } ?? "without an end"
        console.done("hold \(hold.id) on snapshot \(hold.snapshot) \(end)")
        return VerbResult(.ok, ["snapshot": .string(hold.snapshot.text), "holdID": .string(hold.id)])
    }
}
