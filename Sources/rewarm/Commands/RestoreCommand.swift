import ArgumentParser
import Operations
import Restore
import SnapshotModel

struct RestoreCommand: Verb {
    static let verb = "restore"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Rehydrate a target from a snapshot.",
        usage: "rewarm restore <snapshot> --target <url> [<options>]",
        discussion: HelpText.discussion(
            "A target that holds keys is refused unless --existing or --flush-target say otherwise. Every record of the "
                + "snapshot is accounted for, and afterwards the target's own counts and a sample of keys are compared. A "
                + "restore that was interrupted is continued with --resume: what was acknowledged is not sent again, and "
                + "nothing that is there is overwritten.",
            examples: [
                "rewarm restore latest --target redis://cache-2:6379",
                "rewarm restore latest --source-name web --target rediss://c2:6380 --ttl remaining",
                "rewarm restore latest --target redis://cache-2:6379 --rate 20MiB/s --max-latency 5",
                "rewarm restore 20261121T07 --target redis://c2 --match 'web:*' --dry-run",
                "rewarm restore 20261121T07 --target redis://c2 --resume",
                "rewarm restore latest --source-name sessions --target memcached://mc-2:11211",
            ],
            exitCodes: HelpText.reading + [.denied, .partial, .unsafeTarget, .unreachable]
        )
    )

    @OptionGroup var snapshot: SnapshotOptions
    @OptionGroup(title: "Target") var target: TargetOptions
    @OptionGroup(title: "What and how") var arguments: RestoreArguments
    @OptionGroup(title: "Interruptions") var interruptions: InterruptionOptions

    @Flag(name: .customLong("dry-run"), help: "Only print the plan; nothing is written.")
    var isDryRun = false

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console)
        var options = arguments.options
        interruptions.apply(to: &options)
        let request = RestoreRequest(
            query: snapshot.query,
            target: try target.connectionOptions(console),
            options: options
        )
        let operation = RestoreOperation(request)
        guard !isDryRun else {
            let plan = try await operation.plan(context)
            try console.item(PlanJSON(plan).object, text: PlanRendering(plan).text)
            return VerbResult(
                failure: plan.refusal,
                ["snapshot": .string(plan.snapshot.text), "isDryRun": .bool(true)]
            )
        }
        let report = try await operation.run(context) { plan in
            if console.isJSON {
                try console.item(PlanJSON(plan).object, text: "")
            } else {
                console.done(String(PlanRendering(plan).report.dropLast()))
            }
        }
        console.done(RestoreRendering.text(report))
        return VerbResult(failure: report.failure, RestoreRendering.summary(report))
    }
}
