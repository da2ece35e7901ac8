import ArgumentParser
import Restore

extension GlobPattern: ExpressibleByArgument {
    init?(argument: String) {
        self.init(argument)
    }
}

/// Which keys are meant, by name and type; options of `restore`, `export` and `diff`.
struct KeyArguments: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Only keys that fit one of these; repeatable.", valueName: "glob"))
    var match: [GlobPattern] = []

    @Option(help: ArgumentHelp("No keys that fit one of these; repeatable.", valueName: "glob"))
    var exclude: [GlobPattern] = []

    @Option(
        name: .customLong("type"),
        help: ArgumentHelp(
            "Only values of these types: \(RestoreOptions.typeNames.joined(separator: ", ")); repeatable.",
            valueName: "type"
        )
    )
    var types: [String] = []
}
