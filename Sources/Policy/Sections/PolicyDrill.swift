package import Retention
package import Transport

/// `drill:`, how restores are rehearsed.
package struct PolicyDrill: PolicySection {
    /// The scratch server's program; nil for the one of the snapshot's engine in PATH.
    package var server: String?
    /// A node to restore into instead of a scratch server.
    package var target: NodeURL?
    /// How many keys are compared; nil for all.
    package var sample: Int?
    /// The longest time that recovery may take.
    package var maximumRecoveryTime: Duration?
    /// The oldest that the data may be.
    package var maximumDataAge: CivilDuration?
    /// How far a restored deadline may be off.
    package var deadlineTolerance = Duration.milliseconds(5)

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "server",
            \.server,
            .program,
            example: "/usr/bin/redis-server",
            standard: "the one of the snapshot's engine in PATH",
            "The program of the scratch server"
        ),
        .init(
            "target",
            \.target,
            .node,
            example: "redis://scratch-1:6379",
            "A node to restore into instead of a scratch server; it must be empty"
        ),
        .init(
            "sample",
            \.sample,
            .whole(1...1_000_000_000),
            example: "10000",
            standard: "all keys",
            "Compare so many keys only"
        ),
        .init(
            "max-rto",
            \.maximumRecoveryTime,
            .precise(.milliseconds(1) ... .seconds(31 * 86_400)),
            example: "5min",
            "The longest time that recovery may take"
        ),
        .init("max-rpo", \.maximumDataAge, .civil, example: "26h", "The oldest that the data may be"),
        .init(
            "ttl-tolerance",
            \.deadlineTolerance,
            .precise(.zero ... .seconds(60)),
            example: "5ms",
            "How far a restored key's deadline may be off"
        ),
    ]

    package var contradictions: [PolicyContradiction] {
        server != nil && target != nil
            ? [.init("target", "and drill.server exclude each other", hint: "remove one of both")] : []
    }
}
