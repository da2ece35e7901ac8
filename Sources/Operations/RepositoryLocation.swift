/// Where the repository is to be found, and what may be done if it is not there.
package struct RepositoryLocation: Hashable, Sendable {
    /// Who named the directory: a directory that somebody named must carry its marker file.
    package enum Origin: Hashable, Sendable {
        /// `--repository`.
        case option
        /// The environment variable `REWARM_REPOSITORY`.
        case environment
        /// The policy file.
        case policy
        /// Nobody: the directory below the user's XDG data home, which is created silently.
        case standard
    }

    /// The directory as it was named; relative paths start at the working directory.
    package let path: String
    package let origin: Origin
    /// Whether `--create` was given.
    package let createRequested: Bool

    package init(path: String, origin: Origin, createRequested: Bool = false) {
        self.path = path
        self.origin = origin
        self.createRequested = createRequested
    }

    /// Whether an absent repository may be made: the standard one always, a named one only when asked to.
    package var mayCreate: Bool { createRequested || origin == .standard }

    /// The option if there is one, else the environment's, else the policy's, else the standard directory.
    ///
    /// An empty text counts as not given. Throws `usage` if there is not even a home directory.
    package static func resolve(
        option: String?,
        policy: String? = nil,
        createRequested: Bool,
        directories: UserDirectories
    ) throws(OperationError) -> Self {
        let named: [(String?, Origin)] = [
            (option, .option),
            (directories.environment("REWARM_REPOSITORY"), .environment),
            (policy, .policy),
        ]
        for case (.some(let path), let origin) in named where !path.isEmpty {
            return Self(path: path, origin: origin, createRequested: createRequested)
        }
        guard let data = directories.data else {
            throw OperationError(
                .usage,
                "no repository was named and neither XDG_DATA_HOME nor HOME is set",
                hint: "name one with --repository DIRECTORY or REWARM_REPOSITORY"
            )
        }
        return Self(path: data, origin: .standard, createRequested: createRequested)
    }
}
