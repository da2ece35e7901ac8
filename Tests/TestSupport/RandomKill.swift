import Foundation

/// Kills processes at random moments of their usual life.
///
/// A process that ends by itself before its moment has come shortens what counts as usual: one slow first run (a disk
/// that was busy) must not make a whole loop miss.
package struct RandomKill: Sendable {
    /// How long such a process lives that nobody kills.
    package private(set) var lifetime: Duration
    /// Those that were still running when their moment came.
    package private(set) var killedCount = 0

    package init(lifetime: Duration) {
        self.lifetime = lifetime
    }

    /// Waits for the process or its random moment, whichever is first.
    package mutating func wait(
        for process: Subprocess,
        _ random: inout SeededGenerator
    ) async -> SubprocessResult {
        await wait(for: process, until: .random(in: 0...1, using: &random))
    }

    /// Waits for the process or the moment at which so much of its usual life is over, 0 to 1, whichever is first.
    package mutating func wait(for process: Subprocess, until share: Double) async -> SubprocessResult {
        let start = ContinuousClock.now
        let moment = lifetime * share
        let killer = Task {
            try await Task.sleep(for: moment)
            process.send(signal: SIGKILL)
        }
        defer { killer.cancel() }
        let result = await process.wait(atMost: .seconds(120))
        if result.termination == .signalled(SIGKILL) {
            killedCount += 1
        } else {
            lifetime = min(lifetime, start.duration(to: .now))
        }
        return result
    }
}
