import ArgumentParser
import Operations
import SnapshotModel

struct AcceptCommand: Verb {
    static let verb = "accept"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Accept a suspicious snapshot as good.",
        usage: "rewarm accept <snapshot> [<options>]",
        discussion: HelpText.discussion(
            "A guard may doubt a snapshot, for instance since it is much smaller than the one before. 'latest' passes "
                + "it over until somebody accepts it.",
            examples: ["rewarm accept 20261121T07 --reason 'the cache was flushed on purpose'"],
            exitCodes: HelpText.writing
        )
    )

    @Argument(help: ArgumentHelp("An id, or the beginning of one.", valueName: "snapshot"))
    var snapshot: String

    @Option(help: ArgumentHelp("Why, for those who ask later.", valueName: "text"))
    var reason = "accepted by hand"

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if snapshot == "latest" {
            throw ValidationError("'latest' is never a suspicious snapshot: name it by its id")
        }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let id = try await AcceptOperation(snapshot: snapshot).run(reason: reason, context)
        console.done("snapshot \(id) is accepted")
        return VerbResult(.ok, ["snapshot": .string(id.text)])
    }
}
