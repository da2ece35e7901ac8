import ArchiveFormat
import ArgumentParser
import Capture
import Operations
import Transport

struct SnapshotCommand: Verb {
    static let verb = "snapshot"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Take a snapshot of a node, check what was written, and publish it.",
        usage: "rewarm snapshot --source <url> [<options>]",
        discussion: HelpText.discussion(
            "By replication the snapshot is a point in time; by scan it is a window, and says so. What was written is "
                + "read back and checked before the snapshot counts.",
            examples: [
                "rewarm snapshot --source redis://cache-1:6379",
                "rewarm snapshot --source rediss://backup@c1 --source-password-file pw --codec zstd:3",
                "rewarm snapshot --source redis://c1 --source-name web --method scan --tag v=42",
            ],
            exitCodes: HelpText.writing + [.integrity, .unreachable]
        )
    )

    @OptionGroup(title: "Source") var source: SourceOptions

    @Option(
        name: .customLong("source-name"),
        help: ArgumentHelp("The source's name, its identity over failovers. Default: host:port.", valueName: "name")
    )
    var sourceName: String?

    @Option(help: ArgumentHelp("auto, replication or scan.", valueName: "method"))
    var method = SnapshotRequest.Method.auto

    @Option(
        help: ArgumentHelp(
            "Of a replication: diskless streams at once; disk has the source save to its own disk first, so that "
                + "the length is known and a slow reader holds no process of it.",
            valueName: "way"
        )
    )
    var transfer = ReplicaOptions.Transfer.diskless

    @Option(
        name: .customLong("scan-rate"),
        help: ArgumentHelp("Read at most so many keys per second in a scan.", valueName: "keys")
    )
    var scanRate: Int?

    @OptionGroup(title: "Archive") var archive: ArchiveOptions
    @OptionGroup(title: "Repository") var repository: WritableRepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if let scanRate, scanRate < 1 { throw ValidationError("--scan-rate must be at least 1 key per second") }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let request = SnapshotRequest(
            connection: try source.connectionOptions(console),
            sourceName: sourceName,
            method: method,
            transfer: transfer,
            scan: ScanOptions(keysPerSecond: scanRate),
            codec: archive.codec.codec,
            tags: archive.tagValues
        )
        let report = try await SnapshotOperation(request).run(context)
        return SnapshotReportRendering.finish(report, console)
    }
}

extension SnapshotRequest.Method: ExpressibleByArgument {}

extension ReplicaOptions.Transfer: ExpressibleByArgument {}
