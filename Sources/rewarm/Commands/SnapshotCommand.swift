import ArgumentParser
import Operations
import Policy

struct SnapshotCommand: Verb {
    static let verb = "snapshot"
    static let freedMemory = FreedMemory.returned
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Take a snapshot of a node, check what was written, and publish it.",
        usage: """
            rewarm snapshot --source <url> [<options>]
            rewarm snapshot --policy <file> [<options>]
            """,
        discussion: HelpText.discussion(
            "By replication the snapshot is a point in time; by scan it is a window, and says so. What was written is "
                + "read back and checked before the snapshot counts. Of a cluster one node's slots are taken: if these are "
                + "not all of them, it ends with exit code 3. With a policy its guards and hooks are followed as well, and "
                + "after a good snapshot its retention, if it says 'apply: true'; options go before what the policy says. "
                + "If it says 'sentinel: true', one key that soon expires is written to the node first, and must be found "
                + "in what was captured.",
            examples: [
                "rewarm snapshot --source redis://cache-1:6379",
                "rewarm snapshot --source rediss://backup@c1 --source-password-file pw --codec zstd:3",
                "rewarm snapshot --source redis://c1 --source-name web --method scan --tag v=42",
                "rewarm snapshot --policy /etc/rewarm/web.yaml --quiet",
            ],
            exitCodes: HelpText.writing + [.partial, .brake, .denied, .integrity, .guarded, .unreachable]
        )
    )

    @Option(help: ArgumentHelp("Follow a policy file.", valueName: "file"))
    var policy: String?

    @OptionGroup var overrides: PolicyOverrideOptions

    @Flag(help: "Make the named repository if it is not there.")
    var create = false

    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if policy == nil, overrides.source.source == nil {
            throw ValidationError("Name the source: --source <url>, or --policy <file> with a source in it")
        }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let file = try policy.map { try PolicyFile.read($0, console) } ?? PolicyFile()
        let effective = try overrides.applied(to: file)
        let location = try RepositoryLocation.resolve(
            option: overrides.repository.repository,
            policy: file.repository,
            createRequested: create,
            directories: .current
        )
        let context = context(location, console, lockTimeout: effective.lockTimeout)
        let makeRequest = { @Sendable () throws -> SnapshotRequest in
            SnapshotRequest(effective, connection: try overrides.source.connectionOptions(effective, console))
        }
        guard policy != nil else {
            return SnapshotReportRendering.finish(try await SnapshotOperation(try makeRequest()).run(context), console)
        }
        let operation = PolicySnapshotOperation(
            effective,
            hooks: HookRunner(effective.hooks),
            describe: { PolicyRunRendering($0).hookReport(repository: location.path) },
            makeRequest: makeRequest
        )
        return PolicyRunRendering(await operation.run(context)).finish(console)
    }
}
