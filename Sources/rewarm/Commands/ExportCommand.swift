import ArgumentParser
import NIOCore
import Operations
import Restore

struct ExportCommand: Verb {
    static let verb = "export"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Make an RDB file of a snapshot.",
        usage: "rewarm export <snapshot> --rdb <file> [<options>]",
        discussion: HelpText.discussion(
            "redis-server and valkey-server load the file at their start, and services such as ElastiCache are seeded "
                + "with it. It takes its name when it is whole and durable, and then replaces a file of that name. Keys "
                + "keep their deadlines, also those that have passed: who loads the file decides. With --ttl remaining "
                + "lives start again at the export. What another --rdb-version than the snapshot's own cannot hold stays "
                + "out, is counted by type, and makes the exit code 3.",
            examples: [
                "rewarm export latest --rdb /var/lib/redis/dump.rdb",
                "rewarm export latest --rdb - | ssh cache-2 'cat > /var/lib/redis/dump.rdb'",
                "rewarm export 20261121T07 --rdb seed.rdb --rdb-version 9 --exclude 'tmp:*'",
            ],
            exitCodes: HelpText.reading + [.partial]
        )
    )

    @OptionGroup var snapshot: SnapshotOptions

    @Option(help: ArgumentHelp("The file to write, - for standard output.", valueName: "file"))
    var rdb: String

    @Option(
        name: .customLong("rdb-version"),
        help: ArgumentHelp("The version of the file's format. Default: the snapshot's own.", valueName: "number")
    )
    var rdbVersion: Int?

    @OptionGroup(title: "What and how") var selection: SelectionArguments
    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    private var options: RestoreOptions {
        var options = RestoreOptions()
        selection.apply(to: &options)
        return options
    }

    func validate() throws {
        if let contradiction = options.contradiction { throw ValidationError(contradiction) }
        if rdb.isEmpty || rdb.hasSuffix("/") { throw ValidationError("--rdb names no file") }
        if output.json, rdb == "-" { throw ValidationError("--json and --rdb - both want standard output") }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console)
        let operation = ExportOperation(
            ExportRequest(query: snapshot.query, options: options, rdbVersion: rdbVersion)
        )
        guard rdb != "-" else {
            let report = try await operation.run(context) { try console.raw($0.readableBytesView) }
            return VerbResult(failure: report.failure, [:])
        }
        let report = try await operation.run(path: rdb, context)
        console.done(ExportRendering.text(report, path: rdb))
        return VerbResult(failure: report.failure, ExportRendering.summary(report, path: rdb))
    }
}
