import Foundation

/// The built `rewarm`, run as a user runs it: a process with an environment of its own.
package struct RewarmCommand: Sendable {
    /// REWARM_BINARY, else the program beside the test bundle in the build directory.
    package static let path: String = {
        if let given = ProcessInfo.processInfo.environment["REWARM_BINARY"] { return given }
        var directory = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        if let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            directory = URL(fileURLWithPath: own).deletingLastPathComponent()
        }
        return directory.appendingPathComponent("rewarm").path
    }()

    /// No run of a test takes so long; one that does hangs.
    private static let patience = Duration.seconds(120)

    /// Where the command keeps what it keeps: repository, state and data, all below one fresh directory.
    package let directory: TemporaryDirectory
    package let repository: String
    /// The whole environment of the command.
    package var environment: [String: String]

    package init(inMemory: Bool = false) throws {
        directory = try TemporaryDirectory(inMemory: inMemory)
        repository = directory.path("repository")
        environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HOME": directory.path,
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            "XDG_STATE_HOME": directory.path("state"),
            "XDG_DATA_HOME": directory.path("data"),
            "TMPDIR": directory.path,
        ]
    }

    /// Runs the command with exactly these arguments.
    ///
    /// `confinement` takes something away from it, `input` is what it reads.
    package func run(
        _ arguments: [String],
        environment more: [String: String] = [:],
        confinement: Confinement = .none,
        input: [UInt8] = []
    ) async throws -> Outcome {
        let words = confinement.words + [Self.path] + arguments
        let process = try Subprocess(
            words[0],
            Array(words.dropFirst()),
            environment: environment.merging(more) { $1 },
            workingDirectory: directory.path,
            input: input
        )
        return Outcome(await process.wait(atMost: Self.patience))
    }

    package func run(_ arguments: String...) async throws -> Outcome {
        try await run(arguments)
    }

    /// Starts the command and returns at once.
    package func start(_ arguments: [String], environment more: [String: String] = [:]) throws -> Subprocess {
        try Subprocess(
            Self.path,
            arguments,
            environment: environment.merging(more) { $1 },
            workingDirectory: directory.path
        )
    }

    /// What a run left, with the lines of `--json` read.
    package struct Outcome: Sendable, CustomStringConvertible {
        package let result: SubprocessResult
        /// The objects that `--json` printed, one per line.
        package let lines: [JSONTree]

        package init(_ result: SubprocessResult) {
            self.result = result
            lines = result.outputText.split(separator: "\n").compactMap { line in
                line.hasPrefix("{") ? try? JSONDecoder().decode(JSONTree.self, from: Data(line.utf8)) : nil
            }
        }

        package var exitCode: Int32 { result.exitCode }
        package var output: String { result.outputText }
        package var errors: String { result.errorText }
        /// The object of type "summary": the last line.
        package var summary: JSONTree { lines.last { $0["type"].text == "summary" } ?? .null }
        /// The objects of type "item".
        package var items: [JSONTree] { lines.filter { $0["type"].text == "item" } }
        package var description: String { result.description }
    }
}
