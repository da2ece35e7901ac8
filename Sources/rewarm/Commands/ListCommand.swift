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
                + "it unfit for 'latest' (partial, suspicious, corrupt, deleted), and whether it was verified.",
            examples: [
                "rewarm list",
                "rewarm list --source-name cache-1 --before 2026-11-01",
                "rewarm list --json | jq -r 'select(.type == \"item\") | .id'",
            ],
            exitCodes: [.repositoryAbsent, .denied]
        )
    )

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Narrowing") var narrowing: NarrowingOptions

    @Flag(help: "Also list deleted snapshots.")
    var all = false

    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console)
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
