/// `hooks:`, commands around a snapshot.
package struct PolicyHooks: PolicySection {
    package var before: [PolicyHook] = []
    package var afterSuccess: [PolicyHook] = []
    package var afterFailure: [PolicyHook] = []
    package var always: [PolicyHook] = []

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "before",
            \.before,
            .list("hooks", of: .hook),
            example: "[/usr/local/bin/pause-jobs]",
            "Run before the source is connected to"
        ),
        .init(
            "after-success",
            \.afterSuccess,
            .list("hooks", of: .hook),
            example: "['curl -fsS https://example.com/ok']",
            "Run when the snapshot is published and good"
        ),
        .init(
            "after-failure",
            \.afterFailure,
            .list("hooks", of: .hook),
            example: "[{command: page-somebody, timeout: 1min}]",
            "Run when there is no good snapshot, also where the repository cannot be opened"
        ),
        .init(
            "always",
            \.always,
            .list("hooks", of: .hook),
            example: "[{command: [logger, 'rewarm ran']}]",
            "Run last, whatever happened"
        ),
    ]
}

/// One command of `hooks:`; it gets the run's JSON on standard input.
package struct PolicyHook: PolicySection {
    package enum Command: Hashable, Sendable {
        /// A line for `/bin/sh -c`.
        case shell(String)
        /// A program and its arguments, without a shell; never empty.
        case program([String])
    }

    package var command = Command.shell("")
    package var timeout = Duration.seconds(30)

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "command",
            \.command,
            .hookCommand,
            example: "/usr/local/bin/resume-jobs",
            "A line for the shell, or a program and its arguments as a list"
        ),
        .init(
            "timeout",
            \.timeout,
            .precise(.milliseconds(1) ... .seconds(86_400)),
            example: "30s",
            "How long it may run before it is ended"
        ),
    ]

    package var contradictions: [PolicyContradiction] {
        command == .shell("") ? [.init("", "has no command", hint: "write command: LINE, or only the line")] : []
    }
}

extension PolicyValue<PolicyHook> {
    /// A shell line, or a map with `command` and `timeout`.
    static let hook = PolicyValue(
        name: "shell line",
        schema: .string,
        read: { node, reading in
            var hook = PolicyHook()
            guard let command = PolicyValue<PolicyHook.Command>.shell.read(node, &reading) else { return nil }
            hook.command = command
            return hook
        },
        text: { PolicyValue<PolicyHook.Command>.hookCommand.text($0.command) }
    ).orMap

    private var orMap: Self {
        let long = PolicyValue<PolicyHook>.section("map of command and timeout")
        return .either(self, orMap: long) { hook in
            if case .shell = hook.command, hook.timeout == PolicyHook().timeout { return text(hook) }
            return long.text(hook)
        }
    }
}

extension PolicyValue<PolicyHook.Command> {
    fileprivate static let shell = scalar("shell line", .string, text: commandText) { scalar, _ throws(PolicyFault) in
        let line = scalar.text.split(whereSeparator: \.isNewline).joined(separator: "\n")
        if line.allSatisfy(\.isWhitespace) { throw PolicyFault("is empty") }
        if line.contains("\0") { throw PolicyFault("holds a zero byte", hint: "remove it") }
        return .shell(line)
    }

    static let hookCommand = PolicyValue(
        name: "shell line or list of arguments",
        schema: .any(of: [shell.schema, .list(of: .string)]),
        read: { node, reading in
            guard case .list = node.content else { return shell.read(node, &reading) }
            guard let arguments = PolicyValue<[String]>.list("arguments", of: .argument).read(node, &reading) else {
                return nil
            }
            guard let program = arguments.first else {
                reading.report(PolicyFault("names no program"), at: node.place)
                return nil
            }
            do throws(PolicyFault) {
                let path = program.contains("/") ? try PolicyPath.resolved(program, in: reading.directory) : program
                return .program([path] + arguments.dropFirst())
            } catch {
                reading.report(error, at: node.place, value: program)
                return nil
            }
        },
        text: commandText
    )

    private static let commandText: @Sendable (PolicyHook.Command) -> String = { command in
        switch command {
        case .shell(let line): PolicyText.quoted(line)
        case .program(let arguments): "[" + arguments.map(PolicyText.quoted).joined(separator: ", ") + "]"
        }
    }
}

extension PolicyValue<String> {
    /// An argument of a program, which may be anything but hold a zero byte.
    fileprivate static let argument = scalar("argument", .text, text: PolicyText.quoted) {
        scalar,
        _ throws(PolicyFault) in
        if scalar.text.contains("\0") { throw PolicyFault("holds a zero byte", hint: "remove it") }
        return scalar.text
    }
}
