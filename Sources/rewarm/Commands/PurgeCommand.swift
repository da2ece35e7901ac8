import ArgumentParser
import Operations
import SnapshotModel

struct PurgeCommand: Verb {
    static let verb = "purge"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Free the space of deleted snapshots after the grace time.",
        usage: "rewarm purge [<options>]",
        discussion: HelpText.discussion(
            "Snapshots that are held, or that somebody reads at the moment, stay. Left-over temporary files of runs "
                + "that are gone are removed, too. There is no way back from a purge.",
            examples: [
                "rewarm purge --dry-run",
                "rewarm purge",
                "rewarm purge --grace 0s",
            ],
            exitCodes: HelpText.writing + [.partial]
        )
    )

    @Option(help: ArgumentHelp("How long a snapshot stays after its deletion.", valueName: "duration"))
    var grace = DurationArgument(.seconds(86_400))

    @Flag(name: .customLong("dry-run"), help: "Only print what would be purged.")
    var isDryRun = false

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let operation = PurgeOperation(graceMilliseconds: grace.duration.milliseconds)
        let report = isDryRun ? try await operation.plan(context) : try await operation.run(context)
        for item in report.items {
            let text = PurgeRendering.text(item, isDryRun: isDryRun)
            if console.isJSON {
                try console.item(PurgeRendering.json(item, isDryRun: isDryRun), text: text)
            } else {
                console.done(String(text.dropLast()))
            }
        }
        let count = Figures.counted(UInt64(report.freedSnapshotCount), "snapshot")
        console.done("\(count), \(Figures.bytes(report.freedByteCount)) " + (isDryRun ? "would be freed" : "freed"))
        return VerbResult(
            report.isBlocked && !isDryRun ? .partial : .ok,
            [
                "isDryRun": .bool(isDryRun),
                "purgedSnapshotCount": .count(report.freedSnapshotCount),
                "freedByteCount": .unsigned(report.freedByteCount),
                "orphanCount": .count(report.orphanCount),
                "removedTemporaryFileCount": .count(report.removedUploadCount),
            ]
        )
    }
}
