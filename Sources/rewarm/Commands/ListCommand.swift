import ArgumentParser
import Catalog
import Operations
import SnapshotModel

struct ListCommand: Verb {
    static let verb = "list"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "List the snapshots of a repository, newest first.",
        usage: "rewarm list [<options>]",
        discussion: HelpText.discussion(
            "Deleted snapshots are left out unless --all is given. STATE names what keeps a snapshot (held), what makes "
                + "it unfit for 'latest' (partial, suspicious, corrupt, deleted), and whether it was verified. "
                + "--interrupted lists your restores on this host instead that did not come to their end: each is "
                + "continued by 'rewarm restore SNAPSHOT --target URL --resume', or forgotten by removing its journal.",
            examples: [
                "rewarm list",
                "rewarm list --source-name cache-1 --before 2026-11-01",
                "rewarm list --failed",
                "rewarm list --interrupted",
                "rewarm list --json | jq -r 'select(.type == \"item\") | .id'",
            ],
            exitCodes: [.repositoryAbsent]
        )
    )

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Narrowing") var narrowing: NarrowingOptions

    @Flag(help: "Also list deleted snapshots.")
    var all = false

    @Flag(help: "List the attempts that left no snapshot instead, with their reasons.")
    var failed = false

    @Flag(help: "List the restores that were interrupted instead, with their journals.")
    var interrupted = false

    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if interrupted, all || failed || !narrowing.isEmpty {
            throw ValidationError(
                "--interrupted lists restores of this host, which belong to no repository: leave out the other options"
            )
        }
        if failed, all || !narrowing.tags.isEmpty {
            throw ValidationError(
                "--failed lists attempts, which have no tags and are not deleted: leave out --all and --tag"
            )
        }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console)
        if interrupted { return try listInterrupted(context, console) }
        return failed ? try await listFailed(context, console) : try await listSnapshots(context, console)
    }

    private func listFailed(_ context: OperationContext, _ console: Console) async throws -> VerbResult {
        let runs = try await FailedRunListOperation(query: narrowing.query()).run(context)
        if console.isJSON {
            for run in runs { try console.item(RunRendering.json(run), text: "") }
        } else if runs.isEmpty {
            console.done("no failed attempts")
        } else {
            try console.item([:], text: RunRendering.table(runs))
        }
        return VerbResult(.ok, ["failedRunCount": .count(runs.count)])
    }

    private func listInterrupted(_ context: OperationContext, _ console: Console) throws -> VerbResult {
        let restores = try InterruptedRestoreListOperation().run(context)
        if console.isJSON {
            for restore in restores { try console.item(InterruptedRendering.json(restore), text: "") }
        } else if restores.isEmpty {
            console.done("no interrupted restores")
        } else {
            try console.item([:], text: InterruptedRendering.table(restores))
        }
        return VerbResult(.ok, ["interruptedRestoreCount": .count(restores.count)])
    }

    private func listSnapshots(_ context: OperationContext, _ console: Console) async throws -> VerbResult {
        let entries = try await ListOperation(query: narrowing.query(), includesDeleted: all).run(context)
        if console.isJSON {
            for entry in entries { try console.item(SnapshotRendering.json(entry, now: context.now()), text: "") }
        } else if entries.isEmpty {
            console.done("no snapshots")
        } else {
            try console.item([:], text: SnapshotRendering.table(entries, now: context.now()))
        }
        let stored = entries.reduce(UInt64(0)) { $0 + $1.storedByteCount }
        return VerbResult(.ok, ["snapshotCount": .count(entries.count), "storedByteCount": .unsigned(stored)])
    }
}
