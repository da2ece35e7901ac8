import ArgumentParser
import Operations

/// Which repository; every command but those about the program itself has these.
struct RepositoryOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The repository. Default: $REWARM_REPOSITORY, else below the XDG data home.",
            valueName: "directory"
        )
    )
    var repository: String?

    /// The repository as it is; a named one is never created.
    func location(policy: String? = nil) throws(OperationError) -> RepositoryLocation {
        try .resolve(option: repository, policy: policy, createRequested: false, directories: .current)
    }
}

/// Which repository, for commands that may found one.
struct WritableRepositoryOptions: ParsableArguments, Sendable {
    @OptionGroup var repository: RepositoryOptions

    @Flag(help: "Make the named repository if it is not there.")
    var create = false

    func location() throws(OperationError) -> RepositoryLocation {
        try .resolve(option: repository.repository, createRequested: create, directories: .current)
    }
}

/// How long to wait for somebody else's lock.
struct LockOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("lock-timeout"),
        help: ArgumentHelp("Wait so long for a lock that somebody else holds.", valueName: "duration")
    )
    var timeout = DurationArgument(.zero)
}
