import ArgumentParser
import Operations
import SnapshotModel

struct HoldRemoveCommand: Verb {
    static let verb = "hold remove"
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a hold back.",
        usage: "rewarm hold remove <snapshot> (<hold> | --all) [<options>]",
        discussion: HelpText.discussion(
            "One hold by its id (hold list shows it), or all holds of the snapshot with --all.",
            examples: [
                "rewarm hold remove 20261121T07 20261121T081500Z-9c01ab",
                "rewarm hold remove 20261121T07 --all",
            ],
            exitCodes: HelpText.writing
        )
    )

    @OptionGroup var snapshot: SnapshotOptions

    @Argument(help: ArgumentHelp("The hold's id.", valueName: "hold"))
    var hold: String?

    @Flag(help: "Remove all holds of the snapshot.")
    var all = false

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if (hold == nil) != all { throw ValidationError("name the hold, or give --all") }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let removal = try await HoldOperation(query: snapshot.query).remove(holdID: hold, context)
        let count = Figures.counted(UInt64(removal.holdIDs.count), "hold")
        console.done("\(count) of snapshot \(removal.snapshot) removed")
        return VerbResult(
            .ok,
            [
                "snapshot": .string(removal.snapshot.text),
                "removedHoldCount": .count(removal.holdIDs.count),
                "holdIDs": .array(removal.holdIDs.map { .string($0) }),
            ]
        )
    }
}
