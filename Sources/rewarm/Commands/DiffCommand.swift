import ArgumentParser
import Comparison
import Operations
import Restore
import SnapshotModel

struct DiffCommand: Verb {
    static let verb = "diff"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Compare a snapshot with another or with a live node, key by key.",
        usage: "rewarm diff <snapshot> (<other> | --target <url>) [<options>]",
        discussion: HelpText.discussion(
            "Told are keys that are missing from the other side, extra there, changed (by value, however the server keeps "
                + "it), or with another deadline, by database and key. Keys that have expired meanwhile are counted, not "
                + "told. A live node is read without changing its keys' last use where it knows CLIENT NO-TOUCH, and what "
                + "differs is looked at once more before it is told. Differences are no failure: the exit code is 0 "
                + "unless --exit-code asks for 5.",
            examples: [
                "rewarm diff 20261120T07 latest",
                "rewarm diff latest --target redis://cache-2:6379 --exit-code",
                "rewarm diff latest --source-name sessions --target memcached://cache-2",
                "rewarm diff latest --target redis://c2 --match 'session:*' --summary --json",
            ],
            exitCodes: HelpText.reading + [.partial, .differences, .denied, .unreachable]
        )
    )

    @OptionGroup var snapshot: SnapshotOptions

    @Argument(help: ArgumentHelp("The snapshot to compare with; an id, the beginning of one, or 'latest'."))
    var other: String?

    @Option(
        help: ArgumentHelp(
            "The live node to compare with: redis://[user@]host:port, rediss:// (TLS), redis+unix:///path, the same with "
                + "valkey or memcached.",
            valueName: "url"
        )
    )
    var target: NodeURLArgument?

    @OptionGroup(title: "What and how") var arguments: DiffArguments
    @OptionGroup(title: "Target") var access: TargetAccessOptions
    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        guard (other == nil) != (target == nil) else {
            throw ValidationError("name another snapshot, or a node with --target")
        }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let request = DiffRequest(
            query: snapshot.query,
            other: try otherSide(console),
            options: arguments.options(isLive: target != nil)
        )
        var listing = DiffListing(limit: arguments.isSummary ? 0 : arguments.limit)
        let report = try await DiffOperation(request).run(context(try repository.location(), console)) { item in
            try listing.add(item, console)
        }
        try listing.end(console)
        console.done(DiffRendering.text(report, hiddenCount: listing.hiddenCount))
        return VerbResult(status(of: report), DiffRendering.summary(report, hiddenCount: listing.hiddenCount))
    }

    private func otherSide(_ console: Console) throws -> DiffRequest.Other {
        if let other { return .snapshot(snapshot.narrowing.query(other)) }
        guard let target else { throw OperationError(.usage, "nothing to compare with") }
        return .node(try access.connectionOptions(to: target, console))
    }

    private func status(of report: DiffReport) -> ExitStatus {
        if arguments.exitCode, report.hasDifferences { return .differences }
        return report.tally.undecidedCount > 0 ? .partial : .ok
    }
}
