import ArgumentParser
import Operations
import Policy
import Retention

struct ExpireCommand: Verb {
    static let verb = "expire"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Plan which snapshots a policy keeps; with --apply, delete the others.",
        usage: "rewarm expire --policy <file> [<options>]",
        discussion: HelpText.discussion(
            "Every snapshot gets a decision and all its reasons. Deleting is soft: 'rewarm undelete' takes it back until "
                + "the policy's grace time is over; then the same command frees the space. A brake deletes nothing "
                + "in any group, names the way past it, and ends with exit code 4. A policy with 'apply: true' is "
                + "carried out without the flag.",
            examples: [
                "rewarm expire --policy web.yaml",
                "rewarm expire --policy web.yaml --apply --quiet",
                "rewarm expire --policy web.yaml --explain 20261121T07",
                "rewarm expire --policy web.yaml --at 2027-01-01",
                "rewarm expire --policy web.yaml --what-if snapshots.json",
            ],
            exitCodes: HelpText.writing + [.partial, .brake]
        )
    )

    @OptionGroup(title: "Policy") var policy: PolicyArgument

    @Flag(help: "Delete what the plan deletes, and free what is past its grace time.")
    var apply = false

    @Flag(name: .customLong("dry-run"), help: "Only plan, also if the policy says 'apply: true'.")
    var isDryRun = false

    @Option(help: ArgumentHelp("Only the decision about this snapshot, with its reasons.", valueName: "id"))
    var explain: String?

    @Option(help: ArgumentHelp("Plan as if it were this RFC 3339 time or date.", valueName: "time"))
    var at: InstantArgument?

    @Option(
        name: .customLong("what-if"),
        help: ArgumentHelp(
            "Plan over the snapshots of a JSON list (- for standard input) instead of a repository. Brakes are shown "
                + "and do not end with exit code 4.",
            valueName: "file"
        )
    )
    var whatIf: String?

    @OptionGroup(title: "Past a brake, once") var brakes: BrakeOptions
    @OptionGroup(title: "Repository") var repository: RepositoryOptions

    @Option(
        name: .customLong("lock-timeout"),
        help: ArgumentHelp(
            "Wait so long for a lock that somebody else holds. Default: the policy's.",
            valueName: "duration"
        )
    )
    var lockTimeout: DurationArgument?

    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if apply, isDryRun || explain != nil || at != nil || whatIf != nil {
            throw ValidationError("--apply excludes --dry-run, --explain, --at and --what-if, which only plan")
        }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let policy = try policy.read(console)
        let request = try ExpireRequest(policy, overrides: brakes.overrides, at: at?.instant)
        let report = try await run(request, policy, console)
        let rendering = ExpireRendering(report, request, isWhatIf: whatIf != nil)
        if let explain {
            try rendering.explain(explain, on: console)
        } else if !(console.isQuiet && report.isApplied) || console.isJSON {
            try rendering.print(on: console)
        }
        // A list is tried without consequences: its brakes are part of the plan.
        return VerbResult(failure: whatIf == nil ? report.failure : nil, rendering.summary)
    }

    private func run(_ request: ExpireRequest, _ policy: PolicyFile, _ console: Console) async throws -> ExpireReport {
        let operation = ExpireOperation(request)
        let context = context(
            try repository.location(policy: policy.repository),
            console,
            lockTimeout: lockTimeout?.duration ?? policy.lockTimeout
        )
        if let whatIf { return try operation.whatIf(try InputFile.read(whatIf), context) }
        let onlyPlans = isDryRun || explain != nil || at != nil
        let applies = apply || (request.isAppliedByPolicy && !onlyPlans)
        return applies ? try await operation.apply(context) : try await operation.plan(context)
    }
}

/// The ways past the brakes of retention.
struct BrakeOptions: ParsableArguments, Sendable {
    @Flag(name: .customLong("allow-mass-delete"), help: "Delete more of a group than 'max-delete' allows.")
    var allowMassDelete = false

    @Flag(name: .customLong("accept-policy-change"), help: "Follow rules that were changed since the last run.")
    var acceptPolicyChange = false

    @Flag(name: .customLong("reset-clock"), help: "The clock is right now and was wrong at an earlier run.")
    var resetClock = false

    var overrides: RetentionOverrides {
        RetentionOverrides(
            allowMassDelete: allowMassDelete,
            acceptPolicyChange: acceptPolicyChange,
            resetClock: resetClock
        )
    }
}
