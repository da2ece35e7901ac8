package import Policy

/// Runs the hooks of an event, one after the other.
///
/// A hook is the operator's own program and may do anything: fail, hang, print for ever, ignore its input, leave
/// children behind. None of that is an error of the run: every hook ends within its time-out and a grace time, and how
/// it ended is a value.
package struct HookRunner: Sendable {
    /// The end of a hook's output that is kept, in bytes: enough for a message about what went wrong.
    package static let keptOutputByteCount = 16 << 10
    /// How long a hook that is over its time may take to end itself after SIGTERM.
    package static let standardGrace = Duration.seconds(5)

    private let hooks: PolicyHooks
    private let environment: ChildEnvironment
    private let grace: Duration

    package init(
        _ hooks: PolicyHooks,
        environment: ChildEnvironment = .current,
        grace: Duration = Self.standardGrace
    ) {
        self.hooks = hooks
        self.environment = environment
        self.grace = grace
    }

    /// Runs the hooks of an event in their order; one that fails does not keep the next from running.
    ///
    /// A run that is cancelled ends the hooks before it and starts no more of them. Those after it tell somebody how it
    /// went, so they run all the same; their time-outs still bound them.
    package func run(_ event: HookEvent, _ report: HookReport) async -> [HookOutcome] {
        var outcomes: [HookOutcome] = []
        for (index, hook) in event.hooks(of: hooks).enumerated() {
            outcomes.append(await run(hook, number: index + 1, event, report))
        }
        return outcomes
    }

    private func run(_ hook: PolicyHook, number: Int, _ event: HookEvent, _ report: HookReport) async -> HookOutcome {
        let process = ChildProcess(
            arguments: hook.arguments,
            environment: environment.adding(report.variables(event)),
            input: Array((report.json + "\n").utf8),
            keptOutputByteCount: Self.keptOutputByteCount,
            timeLimit: hook.timeout,
            grace: grace
        )
        let start = ContinuousClock.now
        let end = await process.run(endsWhenCancelled: event == .before)
        return HookOutcome(
            event: event,
            number: number,
            name: hook.title,
            ending: end.ending,
            output: String(decoding: end.output, as: UTF8.self),
            omittedOutputByteCount: end.omittedOutputByteCount,
            durationMilliseconds: (ContinuousClock.now - start).milliseconds
        )
    }
}

extension OperationContext {
    /// Tells how hooks ended: what failed as a warning, the rest as details.
    package func tell(_ outcomes: [HookOutcome]) {
        for outcome in outcomes { notify(outcome.notice) }
    }
}
