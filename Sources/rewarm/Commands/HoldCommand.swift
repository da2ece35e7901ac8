import ArgumentParser

struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Protect snapshots from every command that deletes.",
        subcommands: [HoldAddCommand.self, HoldRemoveCommand.self, HoldListCommand.self]
    )
}
