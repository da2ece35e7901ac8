import ArgumentParser
import Operations
import SnapshotModel

/// What is asked of a drill, and where its report goes; options go before what a policy says.
struct DrillArguments: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The scratch server's program. Default: the one of the snapshot's engine in PATH.",
            valueName: "program"
        )
    )
    var server: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Compare a random sample of so many keys instead of all.", valueName: "keys")
    )
    var sample: Int?

    @Option(
        name: .customLong("sample-seed"),
        help: ArgumentHelp("Draw the same sample as an earlier drill.", valueName: "number")
    )
    var sampleSeed: UInt64?

    @Option(
        name: .customLong("max-rto"),
        help: ArgumentHelp("The longest time that recovery may take.", valueName: "duration")
    )
    var maximumRecoveryTime: DurationArgument?

    @Option(name: .customLong("max-rpo"), help: ArgumentHelp("The oldest that the data may be.", valueName: "duration"))
    var maximumDataAge: DurationArgument?

    @Option(
        name: .customLong("ttl-tolerance"),
        help: ArgumentHelp("How far a restored deadline may be off. Default: 5ms.", valueName: "duration")
    )
    var deadlineTolerance: DurationArgument?

    @Option(
        name: .customLong("report-directory"),
        help: ArgumentHelp("Where the reports go. Default: below the XDG state home.", valueName: "directory")
    )
    var reportDirectory: String?
}
