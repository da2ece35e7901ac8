import ArgumentParser
import Restore

extension DeadlineMode: ExpressibleByArgument {}

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

    @OptionGroup var keys: KeyArguments

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
        options.match = keys.match
        options.exclude = keys.exclude
        options.types = Set(keys.types)
        options.databases = databases
        options.salvage = salvage
    }
}
