package import Transport

/// `capture:`, how the source is read.
package struct PolicyCapture: PolicySection {
    package enum Method: String, CaseIterable, Hashable, Sendable {
        /// Replication, and a scan where the source offers no replication; the crawl of Memcached.
        case auto
        case replication
        case scan
        /// The only way to read Memcached.
        case crawl
    }

    package var method = Method.auto
    package var transfer = ReplicaOptions.Transfer.diskless
    /// Keys per second; nil for as fast as it goes.
    package var scanRate: Int?

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "method",
            \.method,
            .choice,
            example: "scan",
            "A point in time by replication, a window by scan (Memcached: crawl), or what the node allows"
        ),
        .init(
            "transfer",
            \.transfer,
            .choice,
            example: "disk",
            "Of a replication: stream at once, or have the source save to its own disk first"
        ),
        .init(
            "scan-rate",
            \.scanRate,
            .whole(1...1_000_000_000),
            example: "5000",
            standard: "no limit",
            "Read at most so many keys per second in a scan or crawl"
        ),
    ]
}
