import ArgumentParser

struct CatalogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog",
        abstract: "Rebuild or check the catalog, which is a cache of what the repository says.",
        subcommands: [CatalogRebuildCommand.self, CatalogCheckCommand.self]
    )
}
