import ArgumentParser
import Operations

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The root of the commands.
struct Rewarm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rewarm",
        abstract: "Back up and restore in-memory key-value stores.",
        discussion: """
            rewarm streams a node's keyspace into compressed, checksummed archives and rehydrates a cold node from \
            them, each key with the life it has left.

            EXAMPLES:
              rewarm snapshot --source redis://cache-1:6379
              rewarm list
              rewarm restore latest --target redis://cache-2:6379

            The repository is a directory: --repository, else $REWARM_REPOSITORY, else one below the XDG data home. \
            Passwords come from $REWARM_SOURCE_PASSWORD and $REWARM_TARGET_PASSWORD, or from files.

            \(ExitStatus.help(ExitStatus.allCases))
            """,
        version: "rewarm " + ToolVersion.current,
        subcommands: [
            SnapshotCommand.self, RestoreCommand.self, DrillCommand.self, ImportCommand.self, ExportCommand.self,
            ListCommand.self, ShowCommand.self, KeysCommand.self, GetCommand.self, DiffCommand.self,
            VerifyCommand.self, CheckCommand.self, HoldCommand.self, DeleteCommand.self, UndeleteCommand.self,
            PurgeCommand.self, ExpireCommand.self, AcceptCommand.self, ReportCommand.self, CatalogCommand.self,
            PolicyCommand.self, ScheduleCommand.self, ManualCommand.self,
        ]
    )
}

/// The start of the process: the main thread waits for signals, everything else runs in a task.
@main
enum Program {
    static func main() {
        occupyStandardDescriptors()
        let signals = SignalWatch.shared
        FreedMemory.returned.apply()
        // Without `@concurrent` the task would belong to the main actor, whose thread is busy waiting.
        Task { @concurrent in exit(await run(Array(CommandLine.arguments.dropFirst()))) }
        signals.waitForSignals()
    }

    /// Puts something on descriptors 0, 1 and 2 where the caller left them closed: an archive that got one of these
    /// numbers would be what messages are written into.
    ///
    /// What takes their place can be neither read nor written, as a closed descriptor cannot.
    private static func occupyStandardDescriptors() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
        }
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try Rewarm.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return ExitStatus.ok.rawValue
        } catch {
            return UsageFailure(error, arguments: arguments).report()
        }
    }
}
