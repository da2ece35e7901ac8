import ArgumentParser

/// What is printed, and how; every command has these.
struct OutputOptions: ParsableArguments, Sendable {
    @Flag(name: .long, help: "Print one JSON object per line on standard output; the summary is the last.")
    var json = false

    @Flag(name: [.short, .long], help: "Print nothing on success but the data that was asked for.")
    var quiet = false

    @Flag(name: [.short, .long], help: "Also print details.")
    var verbose = false

    @Option(
        name: .customLong("progress-interval"),
        help: ArgumentHelp(
            "Print a line of progress this often, also where there is no terminal.",
            valueName: "duration"
        )
    )
    var progressInterval: DurationArgument?

    func validate() throws {
        if quiet, verbose { throw ValidationError("--quiet and --verbose exclude each other") }
        if let interval = progressInterval, interval.duration < .milliseconds(10) {
            throw ValidationError("--progress-interval must be at least 10ms")
        }
    }

    func makeConsole() -> Console {
        Console(json: json, quiet: quiet, verbose: verbose, progressInterval: progressInterval?.duration)
    }
}
