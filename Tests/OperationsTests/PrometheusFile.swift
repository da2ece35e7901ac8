import Testing

/// A strict reader of Prometheus' text format, which shares nothing with the writer.
///
/// Every sample must follow its own HELP and TYPE lines, once; names, labels and values must have exactly their form.
struct PrometheusFile {
    struct Metric {
        let help: String
        let labels: [String: String]
        let value: Double
        let valueText: String
    }

    private(set) var metrics: [String: Metric] = [:]
    private(set) var names: [String] = []

    init(_ text: String) throws {
        try #require(text.hasSuffix("\n"))
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()[...]
        while let help = lines.popFirst() {
            let helpMatch = try #require(help.wholeMatch(of: /# HELP ([a-z_]+) (.+)/), "\(help)")
            let name = String(helpMatch.output.1)
            let type = lines.popFirst()
            try #require(type == "# TYPE \(name) gauge")
            let next = lines.popFirst()
            let sample = try #require(next)
            let pattern = /([a-z_]+)\{((?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)*)\} (-?[0-9]+(?:\.[0-9]+)?)/
            let match = try #require(sample.wholeMatch(of: pattern), "\(sample)")
            try #require(match.output.1 == name)
            try #require(metrics[name] == nil, "\(name) twice")
            metrics[name] = Metric(
                help: String(helpMatch.output.2),
                labels: Self.labels(match.output.2),
                value: try #require(Double(match.output.3)),
                valueText: String(match.output.3)
            )
            names.append(name)
        }
    }

    private static func labels(_ text: Substring) -> [String: String] {
        var labels: [String: String] = [:]
        for match in text.matches(of: /([a-z_]+)="((?:[^"\\]|\\["\\n])*)"/) {
            var value = ""
            var isEscaped = false
            for character in match.output.2 {
                switch (isEscaped, character) {
                case (false, "\\"): isEscaped = true
                case (true, "n"):
                    value += "\n"
                    isEscaped = false
                default:
                    value.append(character)
                    isEscaped = false
                }
            }
            labels[String(match.output.1)] = value
        }
        return labels
    }

    subscript(name: String) -> String? { metrics[name]?.valueText }
}
