import ArgumentParser

struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Print what makes systemd or cron take the snapshots of a policy.",
        subcommands: [SchedulePrintCommand.self]
    )
}
