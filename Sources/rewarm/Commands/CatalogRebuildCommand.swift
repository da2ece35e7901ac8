import ArgumentParser
import Catalog
import Operations
import SnapshotModel

struct CatalogRebuildCommand: Verb {
    static let verb = "catalog rebuild"
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Make the catalog anew from manifests and facts alone.",
        usage: "rewarm catalog rebuild [<options>]",
        discussion: HelpText.discussion(
            "The new catalog takes the place of the old one when it is whole. Nothing else is changed.",
            examples: ["rewarm catalog rebuild", "rewarm catalog rebuild --repository /mnt/backup/rewarm"],
            exitCodes: HelpText.writing + [.partial]
        )
    )

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Locks") var locks: LockOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console, lockTimeout: locks.timeout.duration)
        let rebuild = try await CatalogOperation().rebuild(context)
        let snapshots = Figures.counted(UInt64(rebuild.snapshotCount), "snapshot")
        let facts = Figures.counted(UInt64(rebuild.factCount), "fact")
        console.done("the catalog was rebuilt: \(snapshots), \(facts)")
        return VerbResult(
            rebuild.notices.isEmpty ? .ok : .partial,
            [
                "snapshotCount": .count(rebuild.snapshotCount),
                "factCount": .count(rebuild.factCount),
                "runCount": .count(rebuild.runCount),
                "unreadableManifestCount": .count(rebuild.notices.count),
            ]
        )
    }
}
