import ArgumentParser

/// Prints the manual page; `Scripts/install` writes it where `man` finds it.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-manual",
        abstract: "Print the manual page in roff: rewarm generate-manual > rewarm.1",
        shouldDisplay: false
    )

    func run() throws {
        print(ManualPage(root: Rewarm.self).text, terminator: "")
    }
}
