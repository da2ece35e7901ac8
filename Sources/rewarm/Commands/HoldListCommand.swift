import ArgumentParser
import Catalog
import Operations
import SnapshotModel

struct HoldListCommand: Verb {
    static let verb = "hold list"
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the holds of a repository.",
        usage: "rewarm hold list [<options>]",
        discussion: HelpText.discussion(
            "Holds that are over are left out unless --all is given.",
            examples: ["rewarm hold list", "rewarm hold list --all --json"],
            exitCodes: [.repositoryAbsent]
        )
    )

    @Flag(help: "Also list holds that are over.")
    var all = false

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console)
        let now = context.now()
        let held = try await HoldListOperation(includesEnded: all).run(context)
        var table = TextTable([
            ("SNAPSHOT", .left), ("HOLD", .left), ("UNTIL", .left), ("BY", .left), ("REASON", .left),
        ])
        for entry in held {
            for hold in entry.holds {
                let end = hold.until.map { $0.tableText + (hold.isActive(at: now) ? "" : " (over)") } ?? "-"
                table.add([entry.snapshot.text, hold.id, end, hold.statedBy, hold.reason])
                if console.isJSON {
                    var object: JSONObject = ["snapshot": .string(entry.snapshot.text)]
                    object.add(HoldRendering.json(hold, now: now))
                    try console.item(object, text: "")
                }
            }
        }
        let count = held.reduce(0) { $0 + $1.holds.count }
        if count == 0 {
            console.done("no holds")
        } else if !console.isJSON {
            try console.item([:], text: table.text)
        }
        return VerbResult(.ok, ["holdCount": .count(count), "snapshotCount": .count(held.count)])
    }
}
