import ArgumentParser
import Restore

/// How gently a target is written to; options of `restore`.
struct PaceArguments: ParsableArguments, Sendable {
    @Option(
        name: .customLong("rate"),
        help: ArgumentHelp(
            "At most so many keys per second (5000) or bytes per second (20MiB/s); may be given once for each.",
            valueName: "rate"
        )
    )
    var rates: [RateArgument] = []

    @Option(
        name: .customLong("max-latency"),
        parsing: .unconditional,
        help: ArgumentHelp(
            "Slow down while the target takes longer than so many milliseconds to answer a PING, or while output "
                + "buffers of its replicas fill up.",
            valueName: "ms"
        )
    )
    var largestLatency: Int?

    func validate() throws {
        guard rates.count > keyRates.prefix(1).count + byteRates.prefix(1).count else { return }
        throw ValidationError("--rate is given more than once for the same unit")
    }

    /// Puts what was chosen into the options of a restore.
    func apply(to options: inout RestoreOptions) {
        options.keysPerSecond = keyRates.first
        options.bytesPerSecond = byteRates.first
        options.latencyLimit = largestLatency.map { .milliseconds($0) }
    }

    private var keyRates: [Int] {
        rates.compactMap { if case .keys(let count) = $0 { count } else { nil } }
    }

    private var byteRates: [Int] {
        rates.compactMap { if case .bytes(let count) = $0 { count } else { nil } }
    }
}
