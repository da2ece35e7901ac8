import ArgumentParser

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check a policy file, show what it amounts to, or print its JSON Schema.",
        subcommands: [PolicyCheckCommand.self, PolicyShowCommand.self, PolicySchemaCommand.self]
    )
}
