import ArgumentParser
import Restore

extension ExistingMode: ExpressibleByArgument {}
extension RestoreMethod: ExpressibleByArgument {}

extension ListenAddress: ExpressibleByArgument {
    init?(argument: String) {
        self.init(argument)
    }
}

/// What of a snapshot goes into a target, and how; options of `restore`.
struct RestoreArguments: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "commands: one write per key, into any target. replication: the target is told to replicate from here and "
                + "detached again, which is faster; only a single node that is empty or to be flushed.",
            valueName: "method"
        )
    )
    var method = RestoreMethod.commands

    @Option(
        help: ArgumentHelp(
            "With --method replication: where the target comes for its dataset. Default: the address that the target "
                + "is reached from, and a free port.",
            valueName: "host[:port]"
        )
    )
    var listen: ListenAddress?

    @OptionGroup var selection: SelectionArguments

    @Option(
        name: .customLong("ttl-jitter"),
        help: ArgumentHelp(
            "Shorten each remaining life by a random share of at most so many percent, so that what was loaded together "
                + "does not expire together.",
            valueName: "percent"
        )
    )
    var deadlineJitter = 0

    @Option(
        help: ArgumentHelp(
            "Keys that the target has: refuse a target with keys, skip them, or replace them.",
            valueName: "mode"
        )
    )
    var existing = ExistingMode.refuse

    @Flag(name: .customLong("flush-target"), help: "Empty the target before the first write.")
    var flushTarget = false

    @Option(help: ArgumentHelp("At most so many keys per second.", valueName: "keys"))
    var rate: Int?

    @Option(help: ArgumentHelp("Write over so many connections.", valueName: "number"))
    var connections: Int?

    func validate() throws {
        if let contradiction = options.contradiction { throw ValidationError(contradiction) }
    }

    var options: RestoreOptions {
        var options = RestoreOptions()
        options.method = method
        options.listen = listen
        selection.apply(to: &options)
        options.deadlineJitterPercent = deadlineJitter
        options.existing = existing
        options.flushTarget = flushTarget
        options.keysPerSecond = rate
        options.connectionCount = connections
        options.sampleSeed = .random(in: .min ... .max)
        return options
    }
}
