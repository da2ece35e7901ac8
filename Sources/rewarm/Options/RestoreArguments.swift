import ArgumentParser
import Restore

extension DeadlineMode: ExpressibleByArgument {}
extension ExistingMode: ExpressibleByArgument {}

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

/// What of a snapshot goes into a target, and how; options of `restore`.
struct RestoreArguments: ParsableArguments, Sendable {
    @Option(
        name: .customLong("ttl"),
        help: ArgumentHelp(
            "deadline: keys expire when the source would have expired them. remaining: the life left at the snapshot's "
                + "instant starts again. persist: no expiry.",
            valueName: "mode"
        )
    )
    var deadlineMode = DeadlineMode.deadline

    @Option(
        help: ArgumentHelp(
            "Keys that the target has: refuse a target with keys, skip them, or replace them.",
            valueName: "mode"
        )
    )
    var existing = ExistingMode.refuse

    @Flag(name: .customLong("flush-target"), help: "Empty the target before the first write.")
    var flushTarget = false

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
            "Only this database of the snapshot, into the target's database dst; repeatable.",
            valueName: "src[:dst]"
        )
    )
    var databases: [DatabaseMapping] = []

    @Option(help: ArgumentHelp("At most so many keys per second.", valueName: "keys"))
    var rate: Int?

    @Option(help: ArgumentHelp("Write over so many connections.", valueName: "number"))
    var connections: Int?

    @Flag(help: "Restore what is intact of a damaged archive.")
    var salvage = false

    func validate() throws {
        if let contradiction = options.contradiction { throw ValidationError(contradiction) }
    }

    var options: RestoreOptions {
        var options = RestoreOptions()
        options.deadlineMode = deadlineMode
        options.existing = existing
        options.flushTarget = flushTarget
        options.match = match
        options.exclude = exclude
        options.types = Set(types)
        options.databases = databases
        options.keysPerSecond = rate
        options.connectionCount = connections
        options.salvage = salvage
        options.sampleSeed = .random(in: .min ... .max)
        return options
    }
}
