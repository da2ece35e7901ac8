import ArgumentParser
import Operations
import SnapshotModel

struct UndeleteCommand: Verb {
    static let verb = "undelete"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Take soft deletions back.",
        usage: "rewarm undelete <snapshot> ... [<options>]",
        discussion: HelpText.discussion(
            "Works until 'purge' has freed the snapshot's space. 'rewarm list --all' shows what is deleted.",
            examples: ["rewarm undelete 20261101T070500Z-4f9c2a"],
            exitCodes: HelpText.writing
        )
    )

    @Argument(help: ArgumentHelp("Ids, or beginnings of ids.", valueName: "snapshot"))
    var snapshots: [String]

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let ids = try await DeleteOperation(snapshots: snapshots).undelete(context)
        for id in ids { console.done("snapshot \(id) is back") }
        return VerbResult(
            .ok,
            ["undeletedSnapshotCount": .count(ids.count), "snapshots": .array(ids.map { .string($0.text) })]
        )
    }
}
