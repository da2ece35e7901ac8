import ArgumentParser
import Restore

/// What becomes of a restore that does not get through at once.
struct InterruptionOptions: ParsableArguments, Sendable {
    @Flag(
        help: ArgumentHelp(
            "Continue an interrupted restore of the same snapshot to the same target; without one, begin at the start."
        )
    )
    var resume = false

    @Option(
        name: .customLong("retry-for"),
        help: ArgumentHelp("How long a lost connection is tried again; 0s for not at all.", valueName: "duration")
    )
    var retryFor = DurationArgument(.seconds(60))

    func apply(to options: inout RestoreOptions) {
        options.resumes = resume
        options.retryFor = retryFor.duration
    }
}
