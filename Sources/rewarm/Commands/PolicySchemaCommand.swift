import ArgumentParser
import Operations
import Policy

struct PolicySchemaCommand: Verb {
    static let verb = "policy schema"
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of policy files, for editors.",
        usage: "rewarm policy schema [<options>]",
        discussion: HelpText.discussion(
            "Draft 2020-12. An editor with a YAML language server reads it where a policy begins with the line\n"
                + "# yaml-language-server: $schema=policy.schema.json\n"
                + "What goes together with what is not in it; 'rewarm policy check' tells that.",
            examples: ["rewarm policy schema", "rewarm policy schema > policy.schema.json"]
        )
    )

    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let text = try PolicySchema.text()
        try console.item(["jsonSchema": .string(text)], text: text)
        return VerbResult()
    }
}
