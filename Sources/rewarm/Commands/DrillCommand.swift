import ArgumentParser
import Catalog
import Operations
import Policy
import Retention
import SnapshotModel

struct DrillCommand: Verb {
    static let verb = "drill"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Prove that a snapshot restores: into a scratch server, every key compared, recovery measured.",
        usage: """
            rewarm drill --policy <file> [<options>]
            rewarm drill [<snapshot>] [<options>]
            """,
        discussion: HelpText.discussion(
            "A server is started in a temporary directory, on a socket and with nothing kept, and is stopped and removed "
                + "afterwards. All deadlines are shifted by one constant, so that nothing expires in between. Then each "
                + "key of the archive is read from the node by the commands of its type, and its value, deadline, hash "
                + "fields' deadlines, consumer groups and access data are compared, and the functions. The result is put "
                + "on record in the repository, and written as JSON and as a page. A difference, like a damaged "
                + "archive, is exit code 13; without a server, or enough memory for one, nothing is known and the exit "
                + "code is 17.",
            examples: [
                "rewarm drill --policy /etc/rewarm/web.yaml",
                "rewarm drill latest --source-name web --max-rto 5min --max-rpo 26h",
                "rewarm drill 20261121T07 --server /opt/valkey/bin/valkey-server --report-directory reports",
                "rewarm drill --policy web.yaml --target redis://scratch-1 --flush-target --sample 100000 --json",
            ],
            exitCodes: HelpText.reading + [.denied, .unsafeTarget, .drillObjective, .inconclusive]
        )
    )

    @Argument(help: ArgumentHelp("An id, the beginning of one, or 'latest' (the default).", valueName: "snapshot"))
    var snapshot: String?

    @Option(help: ArgumentHelp("Drill the newest snapshot of this policy file, as it says.", valueName: "file"))
    var policy: String?

    @Option(
        name: .customLong("source-name"),
        help: ArgumentHelp("Only snapshots of the source of this name.", valueName: "name")
    )
    var sourceName: String?

    @OptionGroup(title: "What is asked of it") var arguments: DrillArguments

    @Option(
        help: ArgumentHelp(
            "Restore into this node, which must be empty, instead of a scratch server.",
            valueName: "url"
        )
    )
    var target: NodeURLArgument?

    @Flag(name: .customLong("flush-target"), help: "Empty the target before the first write.")
    var flushTarget = false

    @OptionGroup(title: "Target") var access: TargetAccessOptions
    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if target != nil, arguments.server != nil { throw ValidationError("--server and --target exclude each other") }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let file = try policy.map { try PolicyFile.read($0, console) }
        let outcome = try await DrillOperation(try request(file, console)).run(
            context(
                try repository.location(policy: file?.repository),
                console,
                lockTimeout: file?.lockTimeout ?? .zero
            )
        )
        console.done(DrillOutcomeRendering.text(outcome))
        return VerbResult(failure: outcome.failure, DrillOutcomeRendering.summary(outcome))
    }

    private func request(_ file: PolicyFile?, _ console: Console) throws -> DrillRequest {
        var request = DrillRequest(selection(file), in: try place(file, console))
        request.policy = file?.name
        request.sampleCount = arguments.sample ?? file?.drill.sample
        request.sampleSeed = arguments.sampleSeed ?? .random(in: .min ... .max)
        request.objectives = objectives(file?.drill)
        request.reportDirectory = arguments.reportDirectory
        request.timeZone = file?.retention.flatMap { CivilZone(identifier: $0.timeZone) } ?? .utc
        return request
    }

    private func selection(_ file: PolicyFile?) -> DrillRequest.Selection {
        if let file, snapshot == nil || snapshot == "latest", sourceName == nil {
            return .newest(PolicyScope(policy: file.name, sourceName: file.sourceName))
        }
        return .query(SnapshotQuery(snapshot ?? "latest", sourceName: sourceName))
    }

    private func place(_ file: PolicyFile?, _ console: Console) throws -> DrillRequest.Place {
        if let target {
            return .target(try access.connectionOptions(to: target, console), flush: flushTarget)
        }
        if arguments.server == nil, let url = file?.drill.target {
            return .target(try access.connectionOptions(to: url, console), flush: flushTarget)
        }
        if flushTarget { throw OperationError(.usage, "--flush-target goes with --target") }
        return .scratch(program: arguments.server ?? file?.drill.server)
    }

    private func objectives(_ drill: PolicyDrill?) -> DrillRecord.Objectives {
        let age = drill?.maximumDataAge.map { age in
            // A month is as long as it was before now.
            let now = UnixMilliseconds.now
            var clock = CivilClock(.utc)
            return now.milliseconds(since: clock.subtract(age, from: now))
        }
        return DrillRecord.Objectives(
            maximumRecoveryMilliseconds: (arguments.maximumRecoveryTime?.duration ?? drill?.maximumRecoveryTime)?
                .milliseconds,
            maximumDataAgeMilliseconds: arguments.maximumDataAge?.duration.milliseconds ?? age,
            deadlineToleranceMilliseconds: (arguments.deadlineTolerance?.duration ?? drill?.deadlineTolerance)?
                .milliseconds ?? DrillRequest.standardToleranceMilliseconds
        )
    }
}
