import ArgumentParser
import Operations
import Policy

/// The policy that a command follows.
struct PolicyArgument: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("The policy file.", valueName: "file"))
    var policy: String

    func read(_ console: Console) throws -> PolicyFile {
        try PolicyFile.read(policy, console)
    }
}

extension PolicyFile {
    /// Reads a policy; what is unwise in it is told as a warning.
    static func read(_ file: String, _ console: Console) throws -> Self {
        let policy = try PolicyReader.read(file: file)
        for warning in policy.warnings {
            console.notify(OperationNotice(.warning, "\(file):\(warning.place.line): \(warning.message)"))
        }
        return policy
    }
}
