import ArgumentParser
import Operations
import Policy

struct PolicyShowCommand: Verb {
    static let verb = "policy show"
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print every effective value of a policy and where it comes from.",
        usage: "rewarm policy show <file> [<options>]",
        discussion: HelpText.discussion(
            "An option goes before the environment, the environment before the policy, the policy before the default. "
                + "The options are those of 'rewarm snapshot'; file names are shown as they will be used. Passwords "
                + "are not shown.",
            examples: [
                "rewarm policy show web.yaml",
                "rewarm policy show web.yaml --repository /mnt/backup",
                "rewarm policy show web.yaml --json",
            ],
            exitCodes: []
        )
    )

    @Argument(help: ArgumentHelp("A policy file.", valueName: "file"))
    var file: String

    @OptionGroup(title: "Instead of the policy's") var overrides: PolicyOverrideOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let policy = try PolicyReader.read(file: file)
        for warning in policy.warnings {
            console.notify(OperationNotice(.warning, "\(file):\(warning.place.line): \(warning.message)"))
        }
        var values = overrides.overrides(.current)
        if policy.repository == nil, let standard = UserDirectories.current.data {
            values.append(PolicyOverride("repository", text: standard, from: .standard))
        }
        let effective: EffectivePolicy
        do throws(PolicyProblem) {
            effective = try EffectivePolicy(policy, overrides: values)
        } catch {
            throw OperationError(.usage, error.message)
        }
        var table = TextTable([("KEY", .left), ("VALUE", .left), ("FROM", .left)])
        for value in effective.values {
            if console.isJSON { try console.item(PolicyRendering.json(value), text: "") }
            table.add(PolicyRendering.cells(value))
        }
        if !console.isJSON { try console.item([:], text: table.text) }
        return VerbResult(.ok, ["policy": .string(policy.name), "valueCount": .count(effective.values.count)])
    }
}
