import ArgumentParser
import Catalog
import Operations
import SnapshotModel

struct CatalogCheckCommand: Verb {
    static let verb = "catalog check"
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compare the catalog with what the repository says.",
        usage: "rewarm catalog check [<options>]",
        discussion: HelpText.discussion(
            "Every row is compared with manifests and facts, and every part must be there in its full size; 'verify' "
                + "reads the parts. Differences are listed and are exit code 13.",
            examples: ["rewarm catalog check", "rewarm catalog check --json"],
            exitCodes: HelpText.writing + [.integrity]
        )
    )

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let check = try await CatalogOperation().check(context)
        for difference in check.differences {
            let text = difference.description
            try console.item(["difference": .string(text)], text: Printable.text(text) + "\n")
        }
        if check.differences.isEmpty {
            console.done("the catalog agrees with \(Figures.counted(UInt64(check.snapshotCount), "snapshot"))")
        } else {
            let next = check.isMendedByRebuild ? "'rewarm catalog rebuild' mends them" : "some are damage of the store"
            console.notify(OperationNotice(.notice, "differences were found; " + next))
        }
        return VerbResult(
            check.differences.isEmpty ? .ok : .integrity,
            [
                "snapshotCount": .count(check.snapshotCount),
                "differenceCount": .count(check.differences.count),
                "isMendedByRebuild": .bool(check.isMendedByRebuild),
            ]
        )
    }
}
