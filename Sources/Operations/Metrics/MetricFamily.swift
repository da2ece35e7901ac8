/// One metric in the text format of Prometheus: its help, its type and its one sample.
///
/// Source: prometheus.io/docs/instrumenting/exposition_formats (text-based format) and prometheus.io/docs/practices/naming:
/// base units, seconds and bytes, as the suffix of the name.
struct MetricFamily: Hashable, Sendable {
    /// `rewarm_…`; letters, digits and underscores.
    let name: String
    let help: String
    let sample: Sample

    /// A value, or the line of an earlier file that is kept.
    enum Sample: Hashable, Sendable {
        case value(String)
        case line(String)
    }

    init(_ name: String, _ help: String, _ sample: Sample) {
        (self.name, self.help, self.sample) = (name, help, sample)
    }

    /// Three lines with their line feeds.
    func text(_ labels: MetricLabels) -> String {
        let line: String =
            switch sample {
            case .value(let value): name + labels.text + " " + value
            case .line(let line): line
            }
        return "# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) gauge\n\(line)\n"
    }

    /// In a help text a backslash and a line feed are escaped.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }
}

/// The labels that all metrics of a file have.
struct MetricLabels: Hashable, Sendable {
    let policy: String
    let sourceName: String

    /// `{policy="web",source="cache-1:6379"}`.
    var text: String { "{policy=\"\(Self.escaped(policy))\",source=\"\(Self.escaped(sourceName))\"}" }

    /// In the value of a label a backslash, a quotation mark and a line feed are escaped.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

/// Values of samples.
enum MetricValue {
    /// Seconds with milliseconds, without digits that say nothing: `1763708700.25`.
    static func seconds(milliseconds: Int64) -> MetricFamily.Sample {
        let (magnitude, sign) = (milliseconds.magnitude, milliseconds < 0 ? "-" : "")
        var fraction = String(magnitude % 1000 + 1000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return .value(sign + String(magnitude / 1000) + (fraction.isEmpty ? "" : "." + fraction))
    }

    static func count(_ count: some BinaryInteger) -> MetricFamily.Sample { .value(String(count)) }

    static func bool(_ value: Bool) -> MetricFamily.Sample { .value(value ? "1" : "0") }
}
