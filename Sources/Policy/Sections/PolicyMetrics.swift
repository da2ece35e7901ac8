/// `metrics:`, where figures for monitoring are written.
package struct PolicyMetrics: PolicySection {
    /// nil: none are written.
    package var textfile: String?

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "textfile",
            \.textfile,
            .file,
            example: "/var/lib/node_exporter/rewarm-web.prom",
            "A file in the text format of Prometheus; node_exporter reads only names that end in .prom"
        )
    ]
}
