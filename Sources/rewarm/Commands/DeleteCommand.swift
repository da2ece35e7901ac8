import ArgumentParser
import Operations
import SnapshotModel

struct DeleteCommand: Verb {
    static let verb = "delete"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Delete snapshots softly.",
        usage: "rewarm delete <snapshot> ... [<options>]",
        discussion: HelpText.discussion(
            "They are no longer listed, and 'latest' passes them over; 'undelete' takes it back until 'purge' has freed "
                + "their space. A held snapshot is refused. 'latest' is not accepted here: name what goes.",
            examples: [
                "rewarm delete 20261101T070500Z-4f9c2a --reason 'taken by mistake'",
                "rewarm delete 20261101T07 20261102T07",
            ],
            exitCodes: HelpText.writing
        )
    )

    @Argument(help: ArgumentHelp("Ids, or beginnings of ids.", valueName: "snapshot"))
    var snapshots: [String]

    @Option(help: ArgumentHelp("Why, for those who ask later.", valueName: "text"))
    var reason = "deleted by hand"

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if snapshots.contains("latest") {
            throw ValidationError("'latest' may be another one by now: name the snapshot by its id")
        }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let ids = try await DeleteOperation(snapshots: snapshots).delete(reason: reason, context)
        for id in ids { console.done("snapshot \(id) is deleted; 'rewarm undelete \(id)' takes that back") }
        return VerbResult(
            .ok,
            ["deletedSnapshotCount": .count(ids.count), "snapshots": .array(ids.map { .string($0.text) })]
        )
    }
}
