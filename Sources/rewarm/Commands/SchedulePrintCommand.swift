import ArgumentParser
import NIOCore
import ObjectStorage
import Operations
import Policy

struct SchedulePrintCommand: Verb {
    static let verb = "schedule print"
    static let configuration = CommandConfiguration(
        commandName: "print",
        abstract: "Print systemd units or a crontab line for a policy.",
        usage: "rewarm schedule print (--systemd | --cron) --policy <file> [<options>]",
        discussion: HelpText.discussion(
            "The times are those of the policy's 'schedule', in the zone of the machine. For systemd: a hardened "
                + "service, a timer that makes up for missed runs, and a template for whom to tell of failures. "
                + "Nothing is installed.",
            examples: [
                "rewarm schedule print --cron --policy web.yaml",
                "rewarm schedule print --systemd --policy web.yaml --output units",
                "rewarm schedule print --systemd --policy web.yaml --user rewarm",
            ],
            exitCodes: []
        )
    )

    @OptionGroup(title: "Policy") var policy: PolicyArgument

    @Flag(help: "A service, its timer, and a template for failures.")
    var systemd = false

    @Flag(help: "The line of a crontab.")
    var cron = false

    @Option(
        name: .customLong("command"),
        help: ArgumentHelp("The absolute path of rewarm. Default: that of this command.", valueName: "path")
    )
    var program: String?

    @Option(help: ArgumentHelp("The user to run as. Default: you.", valueName: "name"))
    var user: String?

    @Option(
        name: .customLong("on-failure"),
        help: ArgumentHelp("The unit to start when a run fails, instead of the template.", valueName: "unit")
    )
    var onFailure: String?

    @Option(name: [.short, .customLong("output")], help: ArgumentHelp("Write files there.", valueName: "directory"))
    var directory: String?

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if systemd == cron { throw ValidationError("give either --systemd or --cron") }
        if cron, onFailure != nil { throw ValidationError("--on-failure is for --systemd") }
        if let program, !program.hasPrefix("/") { throw ValidationError("--command must be an absolute path") }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let run = try scheduledRun(console)
        let files = try cron ? [CrontabEntry(run).file] : SystemdUnits(run, onFailure: onFailure).files
        if systemd, !run.hiddenPaths.isEmpty {
            let names = run.hiddenPaths.joined(separator: ", ")
            console.notify(OperationNotice(.warning, "the service has a /tmp of its own and will not see \(names)"))
        }
        for file in files {
            if let directory { try write(file, to: directory) }
            let json: JSONObject = ["file": .string(file.name), "text": .string(file.text)]
            let shown = directory.map { "\($0)/\(file.name)\n" } ?? title(file) + file.text
            try console.item(json, text: shown)
        }
        if systemd, directory != nil, let timer = files.first(where: { $0.name.hasSuffix(".timer") }) {
            let next = "copy them to /etc/systemd/system, then: systemctl daemon-reload"
            console.notify(OperationNotice(.notice, "\(next) && systemctl enable --now '\(timer.name)'"))
        }
        return VerbResult(.ok, ["fileCount": .count(files.count)])
    }

    private func scheduledRun(_ console: Console) throws -> ScheduledRun {
        let policyFile = AbsolutePath.of(policy.policy)
        let file = try policy.read(console)
        let location = try repository.location(policy: file.repository)
        return try ScheduledRun(
            program: try program ?? AbsolutePath.ofThisProgram(),
            policyFile: policyFile,
            policy: file,
            repository: AbsolutePath.of(location.path),
            namesRepository: location.origin == .option || location.origin == .environment,
            userName: user ?? SystemIdentity.userName
        )
    }

    /// Several files on one stream are told apart by their names.
    private func title(_ file: SchedulerFile) -> String { systemd ? "# /etc/systemd/system/\(file.name)\n" : "" }

    private func write(_ file: SchedulerFile, to directory: String) throws {
        let output = try PlainFile(path: "\(directory)/\(file.name)", isPublic: true)
        try output.write(ByteBuffer(string: file.text))
        try output.finish()
    }
}
