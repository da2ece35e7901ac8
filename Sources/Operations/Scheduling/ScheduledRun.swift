package import Policy
import Transport

/// A snapshot by a policy as a scheduler starts it.
package struct ScheduledRun: Sendable {
    /// The command, absolute.
    package let program: String
    /// The policy file, absolute.
    package let policyFile: String
    package let policy: PolicyFile
    package let schedule: PolicySchedule
    /// The repository's directory, absolute.
    package let repository: String
    /// Whether the command must be told of it: the policy does not name it.
    package let namesRepository: Bool
    /// As whom it runs.
    package let userName: String

    /// Throws `usage` for a policy without a schedule or a source, and for a path that no scheduler can be told.
    package init(
        program: String,
        policyFile: String,
        policy: PolicyFile,
        repository: String,
        namesRepository: Bool,
        userName: String
    ) throws(OperationError) {
        guard let schedule = policy.schedule else {
            throw OperationError(
                .usage,
                "the policy '\(policyFile)' has no schedule",
                hint: "add for example schedule: {every: day, at: \"03:30\"}"
            )
        }
        guard policy.source.url != nil else {
            throw OperationError(
                .usage,
                "the policy '\(policyFile)' has no source to take snapshots of",
                hint: "add for example source: {url: \"redis://127.0.0.1:6379\"}"
            )
        }
        self.program = program
        self.policyFile = policyFile
        self.policy = policy
        self.schedule = schedule
        self.repository = repository
        self.namesRepository = namesRepository
        self.userName = userName
        for path in paths where path.unicodeScalars.contains(where: { $0.value < 0x20 }) {
            throw OperationError(.usage, "a path has a control character in it, which no scheduler can be told")
        }
    }

    /// The command line, quiet: what it prints then is what somebody must read.
    package var words: [String] {
        let location = namesRepository ? ["--repository", repository] : []
        return [program, "snapshot", "--policy", policyFile] + location + ["--quiet"]
    }

    /// What it reads and writes, as far as it is known beforehand; hooks may use more.
    var paths: [String] {
        let source = policy.source
        let files = [
            source.passwordFile, source.tls.authorityFile, source.tls.certificateFile, source.tls.keyFile,
            policy.metrics.textfile,
        ]
        return [program, policyFile, repository] + files.compactMap(\.self)
    }

    package var hasHooks: Bool {
        let hooks = policy.hooks
        return !(hooks.before + hooks.afterSuccess + hooks.afterFailure + hooks.always).isEmpty
    }

    /// The paths that a service with a temporary directory of its own does not see.
    package var hiddenPaths: [String] {
        paths.filter { path in ["/tmp/", "/var/tmp/"].contains { path.hasPrefix($0) } }
    }
}
