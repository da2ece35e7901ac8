import ArgumentParser
import Operations

/// What a command's work gives back when it did not throw.
struct VerbResult: Sendable {
    /// `partial` and `integrity` are results, too.
    var status: ExitStatus
    /// The command's own fields of the JSON summary.
    var summary: JSONObject
    /// Why the work is not what was asked for, where it came far enough to have a summary; decides on the status.
    var failure: OperationError?

    init(_ status: ExitStatus = .ok, _ summary: JSONObject = [:]) {
        self.status = status
        self.summary = summary
        failure = nil
    }

    /// `status` counts if there is no failure.
    init(failure: OperationError?, orElse status: ExitStatus = .ok, _ summary: JSONObject) {
        self.status = failure.map { ExitStatus($0.kind) } ?? status
        self.summary = summary
        self.failure = failure
    }
}

/// A command that does something: the work is its own, everything around it is the same for all.
protocol Verb: AsyncParsableCommand, Sendable {
    /// As a person types it after `rewarm`: "hold add".
    static var verb: String { get }
    /// Most commands read archives, if they touch any; those that write them say `.returned`.
    static var freedMemory: FreedMemory { get }
    var output: OutputOptions { get }

    func perform(_ console: Console) async throws -> VerbResult
}

extension Verb {
    static var freedMemory: FreedMemory { .reused }

    mutating func run() async throws {
        Self.freedMemory.apply()
        let status = await VerbRunner(verb: self).run()
        if status != .ok { throw ExitCode(status.rawValue) }
    }

    /// What the operations are given.
    func context(_ location: RepositoryLocation, _ console: Console, lockTimeout: Duration = .zero) -> OperationContext
    {
        OperationContext(
            repository: location,
            actor: SystemIdentity.actor,
            command: "rewarm " + Self.verb,
            lockPatienceMilliseconds: lockTimeout.milliseconds,
            progress: { console.progress?.update($0) },
            notify: { console.notify($0) }
        )
    }
}
