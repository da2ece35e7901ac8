import ArgumentParser
import Operations

struct ImportCommand: Verb {
    static let verb = "import"
    static let freedMemory = FreedMemory.returned
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Make a snapshot of an RDB file.",
        usage: "rewarm import <file> [<options>]",
        discussion: HelpText.discussion(
            "The file is read once and checked like a snapshot of a node. Its instant is the file's own creation time, "
                + "or --taken-at.",
            examples: [
                "rewarm import /var/lib/redis/dump.rdb --source-name sessions",
                "rewarm import old.rdb --taken-at 2026-11-01T03:00:00Z --tag from=elasticache",
                "ssh cache-1 cat /var/lib/redis/dump.rdb | rewarm import - --source-name cache-1",
            ],
            exitCodes: HelpText.writing + [.integrity]
        )
    )

    @Argument(help: ArgumentHelp("The RDB file, - for standard input.", valueName: "file"))
    var file: String

    @Option(
        name: .customLong("source-name"),
        help: ArgumentHelp("The source's name. Default: the file's name.", valueName: "name")
    )
    var sourceName: String?

    @Option(
        name: .customLong("taken-at"),
        help: ArgumentHelp("When the data was taken, RFC 3339 or a date.", valueName: "time")
    )
    var takenAt: InstantArgument?

    @OptionGroup(title: "Archive") var archive: ArchiveOptions
    @OptionGroup(title: "Repository") var repository: WritableRepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let request = ImportRequest(
            path: file == "-" ? nil : file,
            sourceName: sourceName,
            takenAt: takenAt?.instant,
            codec: archive.codec.codec,
            tags: archive.tagValues
        )
        let report = try await ImportOperation(request).run(context)
        return SnapshotReportRendering.finish(report, console)
    }
}
