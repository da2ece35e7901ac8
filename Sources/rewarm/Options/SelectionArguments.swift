import ArgumentParser
import Restore

extension DeadlineMode: ExpressibleByArgument {}

extension GlobPattern: ExpressibleByArgument {
    init?(argument: String) {
        self.init(argument)
    }
}

extension DatabaseMapping: ExpressibleByArgument {
    init?(argument: String) {
        self.init(argument)
    }
}

/// What of a snapshot is wanted, and with which deadlines; options of `restore` and `export`.
struct SelectionArguments: ParsableArguments, Sendable {
    @Option(
        name: .customLong("ttl"),
        help: ArgumentHelp(
            "deadline: keys expire when the source would have expired them. remaining: the life left at the snapshot's "
                + "instant starts again. persist: no expiry.",
            valueName: "mode"
        )
    )
    var deadlineMode = DeadlineMode.deadline

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

    @Option(
        name: .customLong("database"),
        help: ArgumentHelp(
            "Only this database of the snapshot, as database dst; repeatable.",
            valueName: "src[:dst]"
        )
    )
    var databases: [DatabaseMapping] = []

    @Flag(help: "Take what is intact of a damaged archive.")
    var salvage = false

    /// Puts what was chosen into the options of a restore or an export.
    func apply(to options: inout RestoreOptions) {
        options.deadlineMode = deadlineMode
        options.match = match
        options.exclude = exclude
        options.types = Set(types)
        options.databases = databases
        options.salvage = salvage
    }
}
