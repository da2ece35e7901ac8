import ArgumentParser
import Comparison
import Operations
import Restore

/// What `diff` compares, how exactly, and how much of it is printed.
struct DiffArguments: ParsableArguments, Sendable {
    /// The answers of a live node are a little late; a restore keeps deadlines to the millisecond.
    private static let liveTolerance = DurationArgument(.seconds(1))

    @Option(
        name: .customLong("ttl-tolerance"),
        help: ArgumentHelp(
            "Deadlines apart by at most this count as equal. Default: 1s with a live node, 0 between snapshots.",
            valueName: "duration"
        )
    )
    var tolerance: DurationArgument?

    @OptionGroup var keys: KeyArguments

    @Option(
        name: .customLong("database"),
        help: ArgumentHelp(
            "Only this database of the snapshot, against database dst of the other side; repeatable.",
            valueName: "src[:dst]"
        )
    )
    var databases: [DatabaseMapping] = []

    @Flag(
        name: .customLong("cas"),
        help: "Also compare the CAS of Memcached's items: only where the server keeps what a restore tells it."
    )
    var comparesCAS = false

    @Option(help: ArgumentHelp("Print at most so many differences; all are counted.", valueName: "number"))
    var limit: UInt64?

    @Flag(name: .customLong("summary"), help: "Print the counts alone.")
    var isSummary = false

    @Flag(name: .customLong("exit-code"), help: "Exit with 5 if there are differences.")
    var exitCode = false

    func validate() throws {
        if let contradiction = options(isLive: false).contradiction { throw ValidationError(contradiction) }
        if let tolerance, tolerance.duration < .zero { throw ValidationError("--ttl-tolerance must not be negative") }
    }

    func options(isLive: Bool) -> ComparisonOptions {
        var options = ComparisonOptions()
        options.match = keys.match
        options.exclude = keys.exclude
        options.types = Set(keys.types)
        options.databases = databases
        options.comparesCAS = comparesCAS
        let tolerance = tolerance ?? (isLive ? Self.liveTolerance : DurationArgument(.zero))
        options.deadlineTolerance = tolerance.duration.milliseconds
        return options
    }
}
