package import Retention

/// `check:`, what `rewarm check` asks for.
package struct PolicyChecks: PolicySection {
    /// Of the newest good snapshot.
    package var maximumAge = CivilDuration(26, .hours)
    /// nil: not asked for.
    package var verifiedWithin: CivilDuration?
    /// nil: not asked for.
    package var drilledWithin: CivilDuration?
    /// Percent of the newest good snapshot's stored size; 0: not asked for.
    package var freeSpacePercent = 100

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init("max-age", \.maximumAge, .civil, example: "26h", "The newest good snapshot is at most so old"),
        .init("verified-within", \.verifiedWithin, .civil, example: "8d", "A snapshot was verified so recently"),
        .init("drilled-within", \.drilledWithin, .civil, example: "35d", "A drill passed so recently"),
        .init(
            "free-space",
            \.freeSpacePercent,
            .percent(0...100_000),
            example: "150%",
            "So much space is free for the next snapshot, of the newest one's stored size; 0% asks for none"
        ),
    ]

    package var contradictions: [PolicyContradiction] {
        maximumAge.isZero
            ? [.init("max-age", value: maximumAge.description, "is no time at all", hint: "write for example 26h")] : []
    }
}
