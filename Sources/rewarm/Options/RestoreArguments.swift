import ArgumentParser
import Restore

extension ExistingMode: ExpressibleByArgument {}

/// What of a snapshot goes into a target, and how; options of `restore`.
struct RestoreArguments: ParsableArguments, Sendable {
    @OptionGroup var replication: ReplicationArguments

    @OptionGroup var selection: SelectionArguments

    @Option(
        name: .customLong("ttl-jitter"),
        // So that a negative number is told as one, and not as a missing value.
        parsing: .unconditional,
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

    @Flag(
        name: .customLong("only-missing"),
        help: "Read the target's key names first and send only what it does not have; keys that exist stay."
    )
    var onlyMissing = false

    @Option(
        name: .customLong("flags-hash"),
        help: ArgumentHelp(
            "Of a Memcached snapshot in a Redis or Valkey: keep the items' client flags in this hash, by their keys.",
            valueName: "key"
        )
    )
    var flagsHash: String?

    @Flag(name: .customLong("flush-target"), help: "Empty the target before the first write.")
    var flushTarget = false

    @Flag(help: "Refuse with exit code 14, before the first write, a snapshot that the target cannot hold in full.")
    var strict = false

    @OptionGroup var pace: PaceArguments

    @Option(parsing: .unconditional, help: ArgumentHelp("Write over so many connections.", valueName: "number"))
    var connections: Int?

    func validate() throws {
        try pace.validate()
        if let contradiction = options.contradiction { throw ValidationError(contradiction) }
    }

    var options: RestoreOptions {
        var options = RestoreOptions()
        replication.apply(to: &options)
        selection.apply(to: &options)
        options.deadlineJitterPercent = deadlineJitter
        options.existing = existing
        options.onlyMissing = onlyMissing
        options.flagsHash = flagsHash
        options.flushTarget = flushTarget
        options.isStrict = strict
        pace.apply(to: &options)
        options.connectionCount = connections
        options.sampleSeed = .random(in: .min ... .max)
        return options
    }
}
