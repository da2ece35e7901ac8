import Catalog
import Operations

/// The exit codes of a monitoring plugin.
///
/// They are a protocol of their own, spoken only with `check --nagios`; there they stand in the place of `ExitStatus`.
/// Source: nagios-plugins.org/doc/guidelines.html, "Plugin Return Codes".
enum PluginStatus: Int32, Sendable {
    case good = 0
    case warning = 1
    case critical = 2
    case unknown = 3

    var word: String {
        switch self {
        case .good: "OK"
        case .warning: "WARNING"
        case .critical: "CRITICAL"
        case .unknown: "UNKNOWN"
        }
    }

    /// The process's exit code: the number alone counts.
    var exitStatus: ExitStatus { ExitStatus(rawValue: rawValue) ?? .failure }
}

/// The one line of a monitoring plugin: `OK - text | performance data`.
struct PluginLine: Sendable {
    let status: PluginStatus
    private let message: String
    /// `'label'=value[unit];[warning];[critical];[minimum]`, one per figure.
    private let figures: [String]

    init(_ rendering: CheckRendering) {
        let report = rendering.report
        status =
            switch report.severity {
            case nil: .good
            case .warning: .warning
            case .critical: .critical
            }
        let problems = rendering.messages.joined(separator: "; ")
        message = problems.isEmpty ? rendering.goodNews : report.policy + ": " + problems
        var figures: [String] = []
        if let age = report.ageMilliseconds { figures.append("age=\(age / 1000)s;;;0") }
        if let newest = report.newest {
            figures.append("keys=\(newest.keyCount);;;0")
            figures.append("raw=\(newest.rawByteCount)B;;;0")
            figures.append("stored=\(newest.storedByteCount)B;;;0")
        }
        if let free = report.freeByteCount { figures.append("free=\(free)B;;;0") }
        self.figures = figures
    }

    /// Nothing could be found out: the policy cannot be read, or the command line is wrong.
    init(unknown message: String) {
        (status, self.message, figures) = (.unknown, message, [])
    }

    /// A line feed would begin the long output, and a bar the figures.
    var text: String {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: "; ").replacing("|", with: "/")
        return "\(status.word) - \(line)" + (figures.isEmpty ? "" : " | " + figures.joined(separator: " "))
    }
}
