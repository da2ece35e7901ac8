import ArgumentParser
import Operations

/// What the parser throws: help that was asked for, an exit code that a command chose, or a wrong command line.
struct UsageFailure {
    let error: any Error
    let arguments: [String]

    init(_ error: any Error, arguments: [String]) {
        self.error = error
        self.arguments = arguments
    }

    /// Prints what there is to print and returns the exit code; the parser's own 64 becomes 2.
    func report() -> Int32 {
        let code = Rewarm.exitCode(for: error)
        let message = Printable.withoutPasswords(Rewarm.fullMessage(for: error))
        guard !code.isSuccess, code == .validationFailure else {
            if !message.isEmpty { print(message) }
            return code.rawValue
        }
        if arguments.first == CheckCommand.verb, arguments.contains("--nagios") { return reportToPlugin() }
        let console = Console(json: arguments.contains("--json"), quiet: true, verbose: false, progressInterval: nil)
        if console.isJSON {
            let text = Printable.withoutPasswords(Rewarm.message(for: error))
            console.error(OperationError(.usage, text), status: .usage)
            console.summary(["command": .string(verb), "exitCode": .integer(Int64(ExitStatus.usage.rawValue))])
        } else {
            console.errors.write(Printable.text(message, keepingLineFeeds: true) + "\n")
        }
        console.flush()
        return ExitStatus.usage.rawValue
    }

    /// A monitoring system takes 2 for CRITICAL.
    private func reportToPlugin() -> Int32 {
        let line = PluginLine(unknown: Printable.withoutPasswords(Rewarm.message(for: error)))
        print(Printable.text(line.text))
        return line.status.rawValue
    }

    /// The words before the first option, as far as they name a command.
    private var verb: String {
        var names: [String] = []
        var command: any ParsableCommand.Type = Rewarm.self
        for argument in arguments {
            let next = command.configuration.subcommands.first { $0._commandName == argument }
            guard let next else { break }
            names.append(argument)
            command = next
        }
        return names.joined(separator: " ")
    }
}
