/// The long part of a command's help: what it does, examples, exit codes.
enum HelpText {
    static func discussion(_ text: String, examples: [String], exitCodes: [ExitStatus] = []) -> String {
        let lines = examples.map { "  " + $0 }.joined(separator: "\n")
        return text + "\n\nEXAMPLES:\n" + lines + "\n\n" + ExitStatus.help(exitCodes)
    }

    /// The codes of a command that reads a snapshot of a repository.
    static let reading: [ExitStatus] = [.repositoryAbsent, .locked, .integrity]
    /// The codes of a command that writes to a repository.
    static let writing: [ExitStatus] = [.repositoryAbsent, .locked]
}
