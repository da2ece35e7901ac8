import Foundation
import Synchronization

/// Waits for a child process on a thread of its own and tells whoever asks.
final class ExitWatch: Sendable {
    private struct State {
        var termination: SubprocessResult.Termination?
        var waiting: [CheckedContinuation<SubprocessResult.Termination, Never>] = []
    }

    private let state = Mutex(State())

    init(_ processID: pid_t) {
        let thread = Thread { [self] in
            // The process stays a zombie until the state is locked: no signal can meet a stranger with its number.
            var information = siginfo_t()
            while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            Reaper.shared.remove(processID)
            let waiting = state.withLock { state in
                var status: Int32 = 0
                while waitpid(processID, &status, 0) < 0, errno == EINTR {}
                let signal = status & 0x7F
                let termination: SubprocessResult.Termination =
                    signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
                state.termination = termination
                defer { state.waiting = [] }
                return state.waiting.map { ($0, termination) }
            }
            for (continuation, termination) in waiting { continuation.resume(returning: termination) }
        }
        thread.stackSize = 256 * 1024
        thread.start()
    }

    var termination: SubprocessResult.Termination? {
        state.withLock { $0.termination }
    }

    /// Runs `body` only if the process has not been collected yet.
    func whileRunning(_ body: () -> Void) {
        state.withLock { state in
            if state.termination == nil { body() }
        }
    }

    func wait() async -> SubprocessResult.Termination {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.termination == nil { state.waiting.append(continuation) }
                return state.termination
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
